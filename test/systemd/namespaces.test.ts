/** Whether the manager's jobs find what their caller does. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { isOnHost, othersAt } from "../../platform/systemd/namespaces.ts";
import { eventually } from "../support/eventually.ts";

const skip = spawnSync("unshare", ["-Ur", "true"]).status === 0 ? false : "no namespaces can be made here";

test("files and network of another process are told apart from our own", { skip }, async () => {
	assert.deepEqual(othersAt(process.pid), []);
	assert.deepEqual(othersAt(process.ppid), []);
	for (const [flags, others] of [
		["-Urm", ["other files"]],
		["-Urn", ["another network"]],
		["-Urmn", ["other files", "another network"]],
	] as const) {
		const other = spawn("unshare", [flags, "sleep", "1000"], { stdio: "ignore" });
		try {
			await eventually(`unshare ${flags}`, () => othersAt(Number(other.pid)).join(), others.join());
		} finally {
			other.kill("SIGKILL");
		}
	}
});

test("nothing is known to differ at a process that is gone", { skip }, () => {
	const { pid } = spawnSync("true");
	assert.deepEqual(othersAt(pid), []);
});

test("the manager is the host's in a container that has the host's processes", () => {
	const folder = mkdtempSync(`${tmpdir()}/namespaces-`);
	try {
		const [mark, first, other] = ["mark", "first", "other"].map((name) => `${folder}/${name}`) as [string, string, string];
		writeFileSync(mark, "");
		symlinkSync("pid:[4026531836]", first);
		symlinkSync("pid:[4026532345]", other);
		assert.equal(isOnHost(mark, first), true);
		assert.equal(isOnHost(mark, other), false, "a container with processes of its own");
		assert.equal(isOnHost(`${folder}/none`, first), false, "no container");
		assert.equal(isOnHost(mark, `${folder}/none`), false, "not Linux");
	} finally {
		rmSync(folder, { recursive: true });
	}
});
