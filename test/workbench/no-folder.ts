/** A window without a folder. */
import assert from "node:assert/strict";
import { suite, test } from "mocha";
import { Desk } from "./window.ts";

suite("without a folder", () => {
	const desk = new Desk();

	test("a command runs at home", async () => {
		const placeholders = desk.typeLine("pwd");
		await desk.command("run");
		const home = process.env["HOME"];
		assert.deepEqual(placeholders, [`A line of shell, run in ${home}`]);
		const [job] = desk.parts.source.jobs;
		assert.ok(job);
		await desk.chore.wait(job.id);
		assert.equal(await desk.logOf(job), `${home}\n`);
	});

	test("jobs of anywhere are shown", async () => {
		await desk.shell("exec sleep 1000", { directory: "/", name: "anywhere" });
		await desk.untilRow("running", "anywhere running");
	});
});
