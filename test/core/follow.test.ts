import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { follow } from "../../src/core/look/follow.ts";
import { merge } from "../../src/core/look/logs.ts";
import { eventually } from "../support/eventually.ts";
import { intercept } from "../support/intercept.ts";
import { fc } from "../support/random.ts";

async function withFile(body: (path: string) => Promise<void>): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), "chore-follow-"));
	try {
		await body(join(folder, "log"));
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

test("the last lines are those of tail(1), for any content", async () => {
	await withFile(async (path) => {
		const content = fc.oneof(
			fc.string({ unit: fc.constantFrom("a", "\n", "é"), maxLength: 60 }),
			fc.tuple(fc.nat(70_000), fc.nat(9)).map(([length, lines]) => `${"x".repeat(length)}\n`.repeat(lines)),
		);
		await fc.assert(
			fc.asyncProperty(content, fc.nat(6), async (text, lines) => {
				writeFileSync(path, text);
				let got = "";
				for await (const { bytes } of follow(path, { lines })) got += Buffer.from(bytes).toString("latin1");
				assert.equal(got, execFileSync("tail", ["-n", String(lines), path], { encoding: "latin1", maxBuffer: 1e8 }));
			}),
			{ numRuns: 40 },
		);
	});
});

test("the last bytes are those of tail -c, also of a sparse file of 2 GiB", async () => {
	await withFile(async (path) => {
		const read = async (tailBytes: number) => {
			const pieces: [number, string][] = [];
			for await (const { bytes, offset } of follow(path, { tailBytes })) pieces.push([offset, Buffer.from(bytes).toString()]);
			return pieces;
		};
		writeFileSync(path, "0123456789");
		assert.deepEqual(await read(4), [[6, "6789"]]);
		assert.deepEqual(await read(100), [[0, "0123456789"]]);
		truncateSync(path, 2 ** 31);
		appendFileSync(path, "end");
		assert.deepEqual(await read(3), [[2 ** 31, "end"]]);
	});
});

test("a file that is made later, grows, is truncated and replaced is followed to its end", async () => {
	await withFile(async (path) => {
		let end = (): void => {};
		const until = new Promise<void>((resolve) => {
			end = resolve;
		});
		let got = "";
		const following = (async () => {
			for await (const { bytes } of follow(path, { until })) got += Buffer.from(bytes).toString();
		})();
		const see = (text: string): Promise<true> => eventually(`${text} is seen`, () => got.includes(text) && (true as const));
		writeFileSync(path, "first\n");
		await see("first");
		appendFileSync(path, "second\n");
		await see("second");
		truncateSync(path);
		await eventually("the truncation is seen", async () => {
			appendFileSync(path, "t");
			await new Promise((resume) => setTimeout(resume, 20));
			return got.includes("t".repeat(3));
		});
		renameSync(path, `${path}.1`);
		appendFileSync(`${path}.1`, "last of the old\n");
		writeFileSync(path, "first of the new\n");
		await see("first of the new");
		assert.match(got, /last of the old\n.*first of the new/s);
		appendFileSync(path, "end");
		end();
		await following;
		assert.match(got, /end$/);
	});
});

/** Does something before each look at the path of a file that is followed. */
function atEachLook(act: () => void): Disposable {
	let isActing = false;
	return intercept("openSync", (open) => (...given) => {
		if (!isActing) {
			isActing = true;
			act();
			isActing = false;
		}
		return open(...given);
	});
}

test("no byte is lost of a file that is replaced at each look, nor of the last one at the end", async () => {
	await withFile(async (path) => {
		let end = (): void => {};
		const until = new Promise<void>((resolve) => {
			end = resolve;
		});
		let looks = 0;
		let written = "";
		const write = (file: string, text: string): void => {
			appendFileSync(file, text);
			written += text;
		};
		using _ = atEachLook(() => {
			looks += 1;
			if (looks > 20) return;
			write(path, `last of ${looks}\n`);
			renameSync(path, `${path}.${looks}`);
			write(path, `first of ${looks + 1}\n`);
			if (looks === 20) end();
		});
		write(path, "first of 1\n");
		let got = "";
		for await (const { bytes } of follow(path, { until })) got += Buffer.from(bytes).toString();
		assert.equal(`first of 1\nlast of 1\n${got}`, written, "all but what was there before the first look");
		assert.ok(looks > 20);
	});
});

test("an aborted iteration ends without an error", async () => {
	await withFile(async (path) => {
		writeFileSync(path, "x");
		const over = new AbortController();
		let count = 0;
		for await (const _ of follow(path, { until: new Promise(() => {}), signal: over.signal })) {
			count++;
			over.abort();
		}
		assert.equal(count, 1);
	});
});

test("what a busy stream gives is not kept as long as the other stream is silent", async () => {
	setFlagsFromString("--expose-gc");
	const gc = runInNewContext("gc") as () => void;
	let end = (): void => {};
	const silence = new Promise<void>((resolve) => {
		end = resolve;
	});
	async function* busy(): AsyncGenerator<number, void, void> {
		for (let piece = 0; piece < 100_000; piece++) yield piece;
	}
	// biome-ignore lint/correctness/useYield: a stream in which nothing comes
	async function* silent(): AsyncGenerator<number, void, void> {
		await silence;
	}
	const used = (): number => {
		gc();
		return process.memoryUsage().heapUsed;
	};
	let before = 0;
	let grown = 0;
	for await (const piece of merge([busy(), silent()], end)) {
		if (piece === 1000) before = used();
		if (piece === 99_999) grown = used() - before;
		if (piece === 99_999) break;
	}
	assert.ok(grown < 5_000_000, `${grown} bytes are kept`);
});
