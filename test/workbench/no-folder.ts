/** A window without a folder. */
import assert from "node:assert/strict";
import { suite, test } from "mocha";
import { EditorWindow } from "./window.ts";

suite("without a folder", () => {
	const window = new EditorWindow();

	test("a command runs at home", async () => {
		const placeholders = window.typeLine("pwd");
		await window.command("run");
		const home = process.env["HOME"];
		assert.deepEqual(placeholders, [`A line of shell, run in ${home}`]);
		const [job] = window.parts.jobs.all;
		assert.ok(job);
		await window.chore.wait(job.id);
		assert.equal(await window.logOf(job), `${home}\n`);
	});

	test("jobs of anywhere are shown", async () => {
		await window.shell("exec sleep 1000", { directory: "/", name: "anywhere" });
		await window.untilRow("running", "anywhere running");
	});
});
