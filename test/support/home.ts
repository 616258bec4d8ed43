/** A state folder of a test's own, and a handle on it. Nothing outlives the test. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { PlatformModule } from "../../platform/contract.ts";
import { Chore } from "../../src/core/chore.ts";
import type { ChoreOptions } from "../../src/core/options.ts";
import { endJobs } from "./clean-up.ts";

/** Longer than it takes to close a handle whose jobs are gone. */
const CLOSING_MS = 60_000;

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
		const chore = new Chore([{ name, scope: "user", load: async () => module }], "test", { home: path, ...options, ...more });
		opened.push(chore);
		return chore;
	};
	const chore = open();
	return {
		path,
		chore,
		open,
		async [Symbol.asyncDispose]() {
			const left = await endJobs(path);
			const closing = Promise.all(opened.map((one) => one.close()));
			const isClosed = await Promise.race([closing.then(() => true), delay(CLOSING_MS, false, { ref: false })]);
			await rm(path, { recursive: true, force: true, maxRetries: 3 });
			assert.deepEqual([left, isClosed], [[], true], "what the test left, and whether its handles could be closed");
		},
	};
}
