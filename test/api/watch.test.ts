/** Changes in the folder of the server are noticed, whatever the file system tells. */
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { FoldersWatch } from "../../src/api/identity/watch.ts";
import { PATIENCE } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { intercept } from "../support/intercept.ts";

for (const [title, isTold] of [
	["as the system tells them", true],
	["where the system tells nothing", false],
] as const) {
	test(`changes in folders are noticed ${title}`, PATIENCE, async () => {
		const folder = mkdtempSync(`${tmpdir()}/chore-watch-`);
		// As on a network file system: it can be watched, but nothing comes.
		using _ = isTold ? undefined : intercept("watch", () => (() => ({ on: () => {}, close: () => {} })) as never);
		let changes = 0;
		const below = `${folder}/clients`;
		using _watch = new FoldersWatch([folder, below], () => changes++);
		for (const [what, change] of [
			["a folder is made", () => mkdirSync(below)],
			["a file is made", () => writeFileSync(`${below}/one`, "")],
			["a file is written to", () => appendFileSync(`${below}/one`, "more")],
			["a file is replaced", () => renameSync(`${below}/one`, `${below}/two`)],
			["a file is removed", () => rmSync(`${below}/two`)],
			["a folder is removed", () => rmSync(below, { recursive: true })],
			["a folder is made again", () => mkdirSync(below)],
			["a file is made in that", () => writeFileSync(`${below}/three`, "")],
			["a file is written to in that", () => appendFileSync(`${below}/three`, "more")],
		] as const) {
			const before = changes;
			change();
			await eventually(what, () => changes > before);
		}
		rmSync(folder, { recursive: true });
		assert.ok(changes >= 9);
	});
}
