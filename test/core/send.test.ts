/** Input that is sent to a job before it runs waits for it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { PlatformModule } from "../../platform/contract.ts";
import { isChoreError } from "../../platform/errors.ts";
import { eventually } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";
import { intercept } from "../support/intercept.ts";

const PATIENCE = { timeout: 120_000 };

/** The fake platform, which starts nothing before it is told to. */
function held(): { readonly module: PlatformModule; letGo(): void } {
	let letGo = (): void => {};
	const told = new Promise<void>((resolve) => {
		letGo = resolve;
	});
	const open: PlatformModule["open"] = async (context) => {
		const platform = await fakePlatform.open(context);
		const { start } = platform;
		platform.start = async (...given) => {
			await told;
			return start.apply(platform, given);
		};
		return platform;
	};
	return { module: { ...fakePlatform, open }, letGo: () => letGo() };
}

test("text that is sent before the job begins, and the end of input, wait until it reads", PATIENCE, async () => {
	const { module, letGo } = held();
	await using home = await makeHome("fake", module);
	const started = home.chore.run({ command: ["cat"], stdin: "fifo" });
	const id = await eventually("it is written down", async () => (await home.open().list())[0]?.id);
	let tries = 0;
	using _ = intercept("openSync", (original) => (path, ...more) => {
		// Longer than any job takes to begin on a machine that does nothing else.
		if (String(path).endsWith("/stdin") && ++tries === 120) letGo();
		return original(path, ...more);
	});
	try {
		await home.open().send(id, "kept\n", { end: true });
	} finally {
		letGo();
		await started;
	}
	const end = await home.chore.wait(id);
	assert.deepEqual([end.state, readFileSync(end.output.paths[0] ?? "", "utf8")], ["succeeded", "kept\n"]);
	assert.ok(tries >= 120);
});

test("a send to a job that has closed its input is refused each time", PATIENCE, async () => {
	await using home = await makeHome("fake", fakePlatform);
	const flag = `${home.path}/flag`;
	const line = `if [ -e '${flag}' ]; then echo second; cat; else exec <&-; echo first; while ! [ -e '${flag}' ]; do sleep 0.05; done; exit 1; fi`;
	const { id } = await home.chore.run({
		command: ["/bin/sh", "-c", line],
		stdin: "fifo",
		restart: { policy: "on-failure", delayMs: 0, max: 1 },
	});
	const said = (): string => readFileSync(`${home.path}/default/jobs/${id}/runs/1/output`, "utf8");
	await eventually("the first has closed it", () => said(), "first\n");
	await assert.rejects(home.chore.send(id, "x"), { code: "NO_INPUT" });
	writeFileSync(flag, "");
	await eventually("the second reads", () => said(), "first\nsecond\n");
	await home.chore.send(id, "heard", { end: true });
	assert.equal((await home.chore.wait(id)).state, "succeeded");
	assert.equal(said(), "first\nsecond\nheard");
	assert.deepEqual(readdirSync(`${home.path}/default/active`), []);
});

test("a send to a job that does not read is given up after its limit, with the number of bytes sent", PATIENCE, async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["sleep", "60"], stdin: "fifo" });
	const much = Buffer.alloc(1 << 20);
	await assert.rejects(home.chore.send(id, much, { timeoutMs: 20 }), (error: unknown) => {
		assert.ok(isChoreError(error));
		assert.equal(error.code, "TIMED_OUT");
		assert.match(error.message, /^[1-9][0-9]* of 1048576 bytes were sent to sleep \([0-9a-f]{8}\), which has read nothing for 0.02 s$/);
		return true;
	});
});
