/** A state folder of a test's own, and a handle on it. Nothing outlives the test. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import type { PlatformModule } from "../../platform/contract.ts";
import { Chore } from "../../src/core/chore.ts";
import type { ChoreOptions } from "../../src/core/options.ts";

export interface Home extends AsyncDisposable {
	readonly path: string;
	readonly chore: Chore;
	/** Another handle on the same jobs. */
	open(options?: ChoreOptions): Chore;
}

/** A fresh home whose jobs run on that platform; in the system's folder for temporary files unless the prefix is absolute. */
export async function makeHome(name: string, module: PlatformModule, options: ChoreOptions = {}, prefix = "chore test é-"): Promise<Home> {
	const path = await mkdtemp(resolve(tmpdir(), prefix));
	const opened: Chore[] = [];
	const open = (more: ChoreOptions = {}): Chore => {
		const chore = new Chore([[name, async () => module]], "test", { home: path, ...options, ...more });
		opened.push(chore);
		return chore;
	};
	const chore = open();
	return {
		path,
		chore,
		open,
		async [Symbol.asyncDispose]() {
			await stopAll(chore);
			for (const one of opened) await one.close();
			await rm(path, { recursive: true, force: true });
		},
	};
}

/** Stops whatever a test left running. */
export async function stopAll(chore: Chore): Promise<void> {
	for (const job of await chore.list()) {
		if (job.endedAt === null && job.state !== "lost" && job.state !== "unknown") await chore.remove(job.id, { force: true, graceMs: 0 });
	}
}
