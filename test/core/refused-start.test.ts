/** A start that the platform refuses leaves nothing and reports the reason, also when cleaning up fails. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import type { PlatformModule } from "../../platform/contract.ts";
import { ChoreError } from "../../platform/errors.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";
import { intercept } from "../support/intercept.ts";

/** The fake platform on a disk without room for its own files, once it is told so. */
function fullDisk(): { readonly module: PlatformModule; fill(): void } {
	let isFull = false;
	const open: PlatformModule["open"] = async (context) => {
		const platform = await fakePlatform.open(context);
		const { start } = platform;
		platform.start = async (...given) => {
			if (!isFull) return start.apply(platform, given);
			throw new ChoreError("PLATFORM_FAILED", "cannot start", { cause: Object.assign(new Error("full"), { code: "ENOSPC" }) });
		};
		return platform;
	};
	return {
		module: { ...fakePlatform, open },
		fill: () => {
			isFull = true;
		},
	};
}

/** Folders in the trash can never be removed, as when a process keeps making files in them. */
function neverEmpty(): Disposable {
	return intercept("rmSync", (original) => (path, options) => {
		if (String(path).includes("/trash/") && existsSync(path)) throw Object.assign(new Error("not empty"), { code: "ENOTEMPTY" });
		original(path, options);
	});
}

test("a first and a later start on a full disk report that, also if their files cannot be deleted", async () => {
	const { module, fill } = fullDisk();
	await using home = await makeHome("fake", module);
	const { id } = await home.chore.run({ command: ["true"] });
	const before = await home.chore.wait(id);
	fill();
	using _ = neverEmpty();
	await assert.rejects(home.chore.run({ command: ["true"] }), { code: "STATE_FULL" });
	await assert.rejects(home.chore.rerun(id), { code: "STATE_FULL" });
	assert.deepEqual(await home.chore.list({ all: true }), [before]);
	assert.deepEqual(readdirSync(`${home.path}/default/jobs/${id}/runs`), ["1"]);
	assert.deepEqual(readdirSync(`${home.path}/default/active`), []);
});
