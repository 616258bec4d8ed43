/** A start gives up at some time when other processes keep starting the same job. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlatformModule } from "../../platform/contract.ts";
import { PATIENCE } from "../support/cli.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";

/** A platform on which another process does something after every stop. */
function busyPlatform(): { readonly module: PlatformModule; afterStop: () => Promise<unknown> } {
	const busy = {
		afterStop: async (): Promise<unknown> => undefined,
		module: {
			...fakePlatform,
			open: async (context) => {
				const platform = await fakePlatform.open(context);
				const stop = platform.stop.bind(platform);
				platform.stop = async (...given) => {
					const outcome = await stop(...given);
					await busy.afterStop();
					return outcome;
				};
				return platform;
			},
		} satisfies PlatformModule,
	};
	return busy;
}

test("a restart gives up when another process starts the job again after every stop", PATIENCE, async () => {
	const busy = busyPlatform();
	await using home = await makeHome("fake", busy.module);
	const { id } = await home.chore.run({ command: ["sleep", "600"] });
	const other = home.open();
	busy.afterStop = () => other.rerun(id);
	await assert.rejects(home.chore.restart(id), { code: "JOB_ACTIVE" });
	busy.afterStop = async () => {};
	assert.ok((await home.chore.restart(id)).run > 3, "it has tried several times");
});

test("a start that replaces the holder of its name gives up when another process takes the name after every stop", PATIENCE, async () => {
	const busy = busyPlatform();
	await using home = await makeHome("fake", busy.module);
	const options = { command: ["sleep", "600"], name: "web" } as const;
	await home.chore.run(options);
	const other = home.open();
	busy.afterStop = () => other.run(options);
	await assert.rejects(home.chore.run({ ...options, ifRunning: "replace" }), { code: "NAME_IN_USE" });
	assert.ok((await home.chore.list({ all: true })).length > 3, "it has tried several times");
	busy.afterStop = async () => {};
	await home.chore.run({ ...options, ifRunning: "replace" });
});
