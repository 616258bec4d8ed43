/** The item of the status bar: what it counts, and when it is hidden. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JobList } from "../../extension/jobs/job-list.ts";
import type { Sidebar } from "../../extension/views/sidebar.ts";
import type { JobState } from "../../src/index.ts";
import "./editor.ts";

const { EventEmitter, statusBarItems } = await import("./vscode.ts");
const { StatusBar } = await import("../../extension/views/status-bar.ts");

/** The item for jobs in these states, with this number of failures that the user has not seen. */
function itemFor(states: readonly JobState[], unseen = 0) {
	const changed = new EventEmitter<void>();
	const list = { all: states.map((state) => ({ state })), onDidChange: changed.event };
	const sidebar = { unseen: Array(unseen).fill({}), onDidChangeUnseen: () => ({ dispose() {} }) };
	new StatusBar(list as unknown as JobList, sidebar as unknown as Sidebar);
	changed.fire();
	const item = statusBarItems.at(-1);
	assert.ok(item);
	return item;
}

describe("the item of the status bar", () => {
	test("counts active jobs, and failures that the user has not seen", () => {
		const item = itemFor(["running", "paused", "queued", "failed", "succeeded"], 1);
		assert.equal(item.text, "$(server-process) 3 $(warning) 1");
		assert.equal(item.tooltip, "Chore: 3 jobs run, 1 failed");
	});

	test("does not count a job in the state unknown", () => {
		assert.equal(itemFor(["running", "unknown", "unknown"]).tooltip, "Chore: 1 job runs");
		assert.equal(itemFor(["unknown"]).isShown, false);
	});
});
