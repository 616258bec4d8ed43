import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lastLines } from "../../src/core/look/last-lines.ts";
import { eventually } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";
import { intercept } from "../support/intercept.ts";
import { fc } from "../support/random.ts";

/** The last lines of a file with this content. A function writes the content itself. */
async function linesOf(content: string | ((path: string) => void), count: number): Promise<readonly string[]> {
	const folder = mkdtempSync(join(tmpdir(), "chore-lines-"));
	const path = join(folder, "output");
	try {
		if (typeof content === "string") writeFileSync(path, content);
		else content(path);
		return await lastLines(path, count);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

test("the last lines are shown for any content, with or without a newline at the end", async () => {
	const line = fc.oneof(
		fc.string({ unit: fc.constantFrom("a", "é", " "), maxLength: 20 }),
		fc.nat(150_000).map((length) => "x".repeat(length)),
	);
	await fc.assert(
		fc.asyncProperty(fc.array(line, { maxLength: 9 }), fc.integer({ min: 1, max: 6 }), fc.boolean(), async (lines, count, isEnded) => {
			const last = isEnded ? lines : [...lines, "end"];
			const content = last.map((text, index) => (isEnded || index < last.length - 1 ? `${text}\n` : text)).join("");
			assert.deepEqual(
				await linesOf(content, count),
				last.slice(-count).map((text) => text.slice(0, 2000)),
			);
		}),
	);
});

test("ten long lines are shown as ten lines, the newest among them", async () => {
	const lines = Array.from({ length: 10 }, (_, index) => `${index} ${"é".repeat(3000)}`);
	assert.deepEqual(
		await linesOf(`${lines.join("\n")}\n`, 10),
		lines.map((line) => line.slice(0, 2000)),
	);
});

test("of a line with carriage returns the part that a terminal shows is shown", async () => {
	const bar = Array.from({ length: 5000 }, (_, percent) => `${percent} of 5000 ${".".repeat(50)}`).join("\r");
	const bars = `${bar}\rdone`;
	assert.deepEqual(await linesOf(`dos\r\n${bars}\n${bar}\r`, 9), ["dos", "done", `4999 of 5000 ${".".repeat(50)}`]);
	assert.deepEqual(await linesOf("\r\n\r", 9), ["", ""]);
});

test("no file and an empty one have no lines", async () => {
	assert.deepEqual([await linesOf(() => {}, 5), await linesOf("", 5), await linesOf("\n", 5)], [[], [], [""]]);
});

test("status shows the newest lines of split output, those of the file written to last at the end", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const line = "seq 1 900 | paste -s -d ' '; echo cut >&2; until [ -s \"$0/seen\" ]; do sleep 0.01; done; printf 'a\\nb 1 %%\\rb 2 %%'";
	const job = await home.chore.run({ command: ["/bin/sh", "-c", line, home.path], output: "split" });
	const lines = async (count?: number) => (await home.chore.status(job.id, { lines: count })).lastLines.map((text) => text.slice(0, 9));
	await eventually("it has written to both", async () => (await lines()).length, 2);
	writeFileSync(`${home.path}/seen`, "go");
	await home.chore.wait(job.id);
	assert.deepEqual(
		[await lines(3), await lines()],
		[
			["1 2 3 4 5", "a", "b 2 %"],
			["cut", "1 2 3 4 5", "a", "b 2 %"],
		],
	);
});

test("of an output of 2 GiB without a newline the end is shown, and little of it is read", async () => {
	let bytes = 0;
	let largest = 0;
	using _counting = intercept("readSync", (original) => {
		const counted = (...given: unknown[]): number => {
			const length = (original as (...given: unknown[]) => number)(...given);
			bytes += length;
			largest = Math.max(largest, length);
			return length;
		};
		return counted as typeof original;
	});
	const long = (end: string) => (path: string) => {
		writeFileSync(path, "");
		truncateSync(path, 2 ** 31 - end.length);
		writeFileSync(path, end, { flag: "a" });
	};
	assert.deepEqual(await linesOf(long("\r99 %\r"), 10), ["99 %"]);
	const [plain = "", ...more] = await linesOf(long("the end"), 10);
	assert.deepEqual([plain.length, plain.slice(-8), more], [2000, "\0the end", []]);
	assert.ok(bytes < 2 ** 28 && largest <= 2 ** 20, `${bytes} bytes in all, ${largest} at once`);
});

test("no character is cut in two, at either end of a long line", async () => {
	const emoji = "\u{1f600}";
	assert.deepEqual(await linesOf((path) => writeFileSync(path, `a${emoji.repeat(1500)}`), 1), [`a${emoji.repeat(999)}`]);
	const [line = ""] = await linesOf((path) => {
		writeFileSync(path, "");
		truncateSync(path, 2 ** 27);
		writeFileSync(path, `${emoji.repeat(1500)}b`, { flag: "a" });
	}, 1);
	assert.equal(line, `${emoji.repeat(999)}b`);
});
