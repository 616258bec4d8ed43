/** Another process removes a job between any two steps of a command: the command reports it as it was, or as gone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import { type Chore, openChore } from "../../src/index.ts";
import { Cli } from "../support/cli.ts";
import { interfere } from "../support/intercept.ts";
import { Other } from "../support/other.ts";

/** What may be asked of a running job, none of which ends it. */
const QUESTIONS: Readonly<Record<string, (chore: Chore, id: string) => Promise<unknown>>> = {
	status: (chore, id) => chore.status(id),
	kill: (chore, id) => chore.kill(id, { signal: "SIGCONT" }),
	pause: (chore, id) => chore.pause(id),
	resume: (chore, id) => chore.resume(id),
	runs: (chore, id) => chore.runs(id),
	"list all": (chore) => chore.list({ all: true }),
	glance: async (chore) => chore.glance(),
	stop: (chore, id) => chore.stop(id, { graceMs: 0 }),
};

for (const [verb, ask] of Object.entries(QUESTIONS)) {
	test(`${verb} of a job that is removed meanwhile`, { timeout: 600_000 }, async () => {
		await using cli = new Cli();
		await using chore = await openChore({ home: cli.state, platform: "posix" });
		using other = new Other(cli.folder, cli.environment);
		for (let step = 1; ; step++) {
			const { id } = await chore.run({ command: ["sleep", "600"], setEnvironment: { CHORE_TEST_FOLDER: cli.folder } });
			using interference = interfere(id, (reached) => {
				if (reached === step) other.run("rm", "-f", "--grace", "0", id);
			});
			let refusal: unknown;
			try {
				await ask(chore, id);
			} catch (error) {
				refusal = error;
			}
			const { steps } = interference;
			interference[Symbol.dispose]();
			if (refusal !== undefined) {
				assert.ok(isChoreError(refusal), `step ${step}: ${refusal}`);
				assert.match(refusal.code, /^JOB_(NOT_FOUND|NOT_ACTIVE)$/, `step ${step}: ${refusal.code} ${refusal.message}`);
			}
			if (steps < step) {
				await chore.remove(id, { force: true, graceMs: 0 });
				return;
			}
		}
	});
}
