/** Files that are opened for a run are closed when a later step fails: an open write end would make the run look alive. */
import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { onceDead } from "../../platform/shell/liveness.ts";
import { intercept } from "../support/intercept.ts";
import { layOut, openPlatform, start, stop, type TestRun } from "./support.ts";

/** The files of the run that this process has open. */
function openFiles({ folder }: TestRun): readonly string[] {
	const paths = readdirSync("/proc/self/fd").map((name) => {
		try {
			return readlinkSync(`/proc/self/fd/${name}`);
		} catch {
			return ""; // the descriptor that readdir(3) used
		}
	});
	return paths.filter((path) => path.startsWith(folder));
}

/** Makes a function of node:fs fail when `isIt` is true of the file. */
function failing(name: "openSync" | "readSync" | "writeSync", code: string, isIt: (path: string) => boolean): Disposable {
	return intercept(name, (original) => {
		const failing = (...given: unknown[]): unknown => {
			const [file] = given;
			if (isIt(typeof file === "number" ? readlinkSync(`/proc/self/fd/${file}`) : String(file)))
				throw Object.assign(new Error(`${code}: as the test wants it`), { code });
			return (original as (...given: unknown[]) => unknown)(...given);
		};
		return failing as typeof original;
	});
}

test("a start that runs out of descriptors leaves no open file and no job that looks alive", async () => {
	await using platform = await openPlatform();
	for (const step of ["1 alive", "2 alive", "1 /dev/null", "1 message"]) {
		const [number, end = ""] = step.split(" ");
		const run = layOut(platform, "exit 0");
		let count = 0;
		{
			using _limit = failing("openSync", "EMFILE", (path) => path.endsWith(end) && String(++count) === number);
			await assert.rejects(platform.start(run.spec, run.handle), { code: "PLATFORM_FAILED", message: /EMFILE/ }, step);
		}
		assert.deepEqual([openFiles(run), await platform.inspect([run.handle])], [[], [{ kind: "absent" }]], step);
	}
	const run = layOut(platform, "exit 0");
	using _full = failing("writeSync", "ENOSPC", (path) => path.endsWith("message"));
	await assert.rejects(platform.start(run.spec, run.handle), { code: "PLATFORM_FAILED", message: /ENOSPC/ });
	assert.deepEqual(openFiles(run), []);
});

test("a wait for a run that fails at its beginning leaves no open file", async () => {
	await using platform = await openPlatform();
	const run = await start(platform, "exec sleep 600");
	{
		using _fault = failing("readSync", "EIO", (path) => path.endsWith("alive"));
		assert.throws(() => onceDead(run.folder, () => {}), { code: "EIO" });
	}
	assert.deepEqual(openFiles(run), []);
	await stop(platform, run);
});
