/** What the extension host does with much. How long that takes is measured for the benchmark, and no reason to fail. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { suite, test } from "mocha";
import type { JobList } from "../../extension/jobs/job-list.ts";
import { JobTree } from "../../extension/views/tree.ts";
import type { Job } from "../../src/index.ts";
import { measures } from "./measures.ts";
import { EditorWindow, row } from "./window.ts";

suite("the extension host", () => {
	const window = new EditorWindow();

	test("has the newest 200 of 2,000 jobs drawn, and a row for more", async () => {
		const first = await window.chore.wait((await window.shell("true")).id);
		await window.untilRow("finished", first.name);
		// Rows of jobs that are not on disk: this is about drawing.
		const session = [...Array(1999).keys()].map((count) => ({ ...first, id: first.id.replace(/.{6}$/, String(100000 + count)) }));
		const { jobs } = window.parts;
		const all = [...jobs.all, ...session];
		const many = { all, failure: undefined, onDidChange: jobs.onDidChange, ready: async () => {} } as unknown as JobList;
		const tree = new JobTree(many, { shows: "finished", groupBy: () => "none", limit: () => 200 });
		let best = Number.POSITIVE_INFINITY;
		// Whatever else this machine does: at its best it is that fast.
		for (let round = 0; round < 10; round++) {
			const begun = performance.now();
			const children = await tree.getChildren();
			for (const child of children) tree.getTreeItem(child);
			best = Math.min(best, performance.now() - begun);
			assert.equal(children.length, 201);
			assert.deepEqual(children.at(-1), { kind: "more", hidden: 1800 });
		}
		tree.dispose();
		measures["2,000 jobs drawn"] = best;
	});

	test("reads 2,000 jobs of a session, and the one of them that changes", async () => {
		const first = await window.chore.wait((await window.shell("true", { name: "model" })).id);
		copies(first, 1999);
		const { jobs } = window.parts;
		try {
			let best = Number.POSITIVE_INFINITY;
			for (let round = 0; round < 3; round++) {
				const begun = performance.now();
				await jobs.refresh();
				await window.rows("finished");
				best = Math.min(best, performance.now() - begun);
			}
			assert.equal(jobs.all.length, 2000);
			measures["2,000 jobs read from disk and drawn"] = best;
			const { job, go } = await window.held("exit 0", { name: "changing" });
			await window.known(job, ({ state }) => state === "running");
			await go();
			await window.known(job, ({ state }) => state === "succeeded");
			const begun = performance.now();
			await jobs.look(job);
			await window.rows("finished");
			measures["one of 2,000 jobs changes, and is drawn"] = performance.now() - begun;
		} finally {
			for (const id of copiesOf(first)) rmSync(`${jobsOf(first)}/${id}`, { recursive: true });
			await jobs.refresh();
		}
	});

	test("stays awake while a job prints 50 MB into an open channel", async () => {
		const { job, go } = await window.held("yes 0123456789012345678901234567890123456789 | head -c 50000000", { name: "flood" });
		await window.command("showLog", row(job));
		const delay = monitorEventLoopDelay({ resolution: 5 });
		delay.enable();
		await go();
		await window.chore.wait(job.id);
		const text = await window.untilChannel(job, "[chore: flood, succeeded");
		delay.disable();
		measures["50 MB into an open channel: event loop delay, p99"] = delay.percentile(99) / 1e6;
		assert.ok(delay.count > 10, `others had ${delay.count} turns meanwhile`);
		assert.ok(text.length < 6_000_000, `${text.length}`);
	});
});

/** Copies of a finished job, as its files are: thousands of starts would take minutes, and prove nothing more. */
function copies(job: Job, count: number): void {
	const folder = jobsOf(job);
	const files = ["job.json", "start", "runs/1/run.json", "runs/1/started", "runs/1/exit", "runs/1/end.json", "runs/1/output"];
	const texts = files
		.filter((file) => existsSync(`${folder}/${job.id}/${file}`))
		.map((file) => [file, readFileSync(`${folder}/${job.id}/${file}`, "utf8")]);
	for (let number = 0; number < count; number++) {
		const id = job.id.replace(/.{6}$/, String(100_000 + number));
		mkdirSync(`${folder}/${id}/runs/1`, { recursive: true, mode: 0o700 });
		for (const [file, text = ""] of texts) writeFileSync(`${folder}/${id}/${file}`, text.replaceAll(job.id, id), { mode: 0o600 });
	}
}

function jobsOf({ output }: Job): string {
	return dirname(dirname(dirname(dirname(output.paths[0] ?? ""))));
}

function copiesOf(job: Job): string[] {
	return readdirSync(jobsOf(job)).filter((id) => id !== job.id && id.startsWith(job.id.slice(0, -6)) && /1\d{5}$/.test(id));
}
