/** State folders that earlier versions of chore wrote can be read. Each folder of test/fixtures is one of one format. */
import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { NativeOptions, PlatformModule } from "../../platform/contract.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { type Home, makeHome } from "../support/home.ts";

for (const format of [1, 2]) {
	test(`format ${format} is read: a settled job, and one of another boot that is not settled`, async () => {
		await using home = await homeOfFormat(format, fakePlatform);
		const jobs = await home.chore.list({ all: true });
		assert.deepEqual(
			jobs.map(({ name, state, result, exitCode, signal, description }) => ({ name, state, result, exitCode, signal, description })),
			[
				{ name: "served", state: "failed", result: "signal", exitCode: null, signal: "SIGKILL", description: null },
				{ name: "built", state: "failed", result: "exit-code", exitCode: 2, signal: null, description: "a build" },
			],
		);
		// These records have neither.
		assert.deepEqual(
			jobs.map(({ tag, origin }) => [tag, origin]),
			[
				[null, null],
				[null, null],
			],
		);
		const built = await home.chore.get("built");
		assert.deepEqual(built.output.paths, [`${home.path}/default/jobs/${built.id}/runs/1/output`]);
		const text: string[] = [];
		for await (const { bytes, stream } of home.chore.logs("served")) text.push(`${stream}: ${Buffer.from(bytes)}`);
		assert.deepEqual(text.sort(), ["stderr: err\n", "stdout: out\n"]);
		const kinds: string[] = [];
		for await (const { event, name } of home.chore.events()) kinds.push(`${name} ${event}`);
		// Whether the other one is settled here depends on whether this machine was booted since it was made.
		const before = kinds.filter((kind) => kind !== "served exited");
		assert.deepEqual(before, ["built created", "built started", "built exited", "served created", "served started"]);
		assert.equal((await home.chore.remove("served")).name, "served");
	});
}

const NONE = { unitName: null, slice: null, properties: [] };

for (const [what, format, fields, native] of [
	["format 1: nothing", 1, NONE, {}],
	["format 1: a slice", 1, { ...NONE, slice: "batch" }, { slice: "batch" }],
	[
		"format 1: all that there was",
		1,
		{ unitName: "web", slice: "batch", properties: ["Nice=5", "UMask=7"] },
		{ unit: "web", slice: "batch", properties: ["Nice=5", "UMask=7"] },
	],
	["format 2: nothing", 2, { native: {} }, {}],
	["format 2: whatever the platform took", 2, { native: { partition: "long", list: ["a", "b"] } }, { partition: "long", list: ["a", "b"] }],
] as const) {
	test(`a rerun passes the platform's own options on again: ${what}`, async () => {
		const seen: NativeOptions[] = [];
		await using home = await homeOfFormat(format, seeing(seen));
		const { id } = await home.chore.get("built");
		const path = `${home.path}/default/jobs/${id}/job.json`;
		const text = JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...fields, program: "/bin/sh", directory: home.path });
		writeFileSync(path, text);
		const again = await home.chore.rerun(id);
		assert.equal(again.run, 2);
		assert.deepEqual(seen, [native, native], "first to be checked, then to be started with");
		assert.equal(readFileSync(path, "utf8"), text, "the record is never rewritten");
		assert.equal(JSON.parse(readFileSync(`${home.path}/default/jobs/${id}/runs/2/run.json`, "utf8")).format, 1);
		await home.chore.wait(id);
	});
}

async function homeOfFormat(format: number, module: PlatformModule): Promise<Home> {
	const home = await makeHome("posix", module);
	cpSync(`test/fixtures/format-${format}`, home.path, { recursive: true, verbatimSymlinks: true });
	return home;
}

/** The platform in memory, which takes any options of its own and notes down those that it gets. */
function seeing(seen: NativeOptions[]): PlatformModule {
	return {
		...fakePlatform,
		async open(context) {
			const platform = await fakePlatform.open(context);
			const start = platform.start.bind(platform);
			platform.check = ({ native }) => void seen.push(native);
			platform.start = (run, handle) => {
				seen.push(run.native);
				return start(run, handle);
			};
			return platform;
		},
	};
}
