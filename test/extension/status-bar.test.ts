/** The item of the status bar: what it counts, and when it is hidden. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JobList } from "../../extension/jobs/job-list.ts";
import type { Sidebar } from "../../extension/views/sidebar.ts";
import type { JobState } from "../../src/index.ts";
import "./editor.ts";

const { EventEmitter, statusBarItems } = await import("./vscode.ts");
const { StatusBar } = await import("../../extension/views/status-bar.ts");

/** The item for jobs in these states, with so many failures that the user has not seen, and so many jobs that wait for their schedule. */
function itemFor(states: readonly JobState[], { unseen = 0, scheduled = 0 } = {}) {
	const changed = new EventEmitter<void>();
	const waiting = Array(scheduled).fill({ state: "scheduled", schedule: {} });
	const list = { all: [...states.map((state) => ({ state, schedule: null })), ...waiting], onDidChange: changed.event };
	const sidebar = { unseen: Array(unseen).fill({}), onDidChangeUnseen: () => ({ dispose() {} }) };
	new StatusBar(list as unknown as JobList, sidebar as unknown as Sidebar);
	changed.fire();
	const item = statusBarItems.at(-1);
	assert.ok(item);
	return item;
}

describe("the item of the status bar", () => {
	test("counts active jobs, and failures that the user has not seen", () => {
		const item = itemFor(["running", "paused", "queued", "failed", "succeeded"], { unseen: 1 });
		assert.equal(item.text, "$(server-process) 3 $(warning) 1");
		assert.equal(item.tooltip, "Chore: 3 jobs run, 1 failed");
	});

	test("tells of scheduled jobs in words beside the others, and is not shown for them alone", () => {
		const item = itemFor(["running"], { scheduled: 2 });
		assert.deepEqual([item.text, item.tooltip], ["$(server-process) 1", "Chore: 1 job runs, 2 scheduled"]);
		assert.equal(itemFor([], { scheduled: 2 }).isShown, false);
	});

	test("does not count a job in the state unknown", () => {
		assert.equal(itemFor(["running", "unknown", "unknown"]).tooltip, "Chore: 1 job runs");
		assert.equal(itemFor(["unknown"]).isShown, false);
	});
});
