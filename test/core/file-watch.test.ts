/** A watch that is given up takes nothing with it into the end of the process. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { FileWatch } from "../../src/core/disk/file-watch.ts";
import { eventually } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";

/** Whether this process has an inotify watch of the file: proc_pid_fdinfo(5). */
function isWatched(path: string): boolean {
	const mark = `ino:${statSync(path).ino.toString(16)} `;
	return readdirSync("/proc/self/fdinfo").some((name) => {
		try {
			return readFileSync(`/proc/self/fdinfo/${name}`, "utf8").includes(mark);
		} catch {
			return false; // that of the folder just read
		}
	});
}

test("a watch that is closed as it calls back is gone at once", { skip: process.platform !== "linux" }, async () => {
	await using home = await makeHome("fake", fakePlatform);
	const path = `${home.path}/file`;
	writeFileSync(path, "");
	let wasWatched: boolean | undefined;
	const watch = new FileWatch(path, () => {
		watch[Symbol.dispose]();
		wasWatched = isWatched(path);
	});
	assert.ok(isWatched(path));
	writeFileSync(path, "changed");
	await eventually("it calls back", () => wasWatched !== undefined);
	assert.equal(wasWatched, false);
});
