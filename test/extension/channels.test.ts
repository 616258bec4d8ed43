/** Channels of logs: what they show of much, of little, and of jobs that are removed meanwhile. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import type { JobList } from "../../extension/jobs/job-list.ts";
import { ChoreError, type Job, type LogPiece } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import "./editor.ts";

const { channels, EventEmitter, settings } = await import("./vscode.ts");
const { LogLinks, whereWords } = await import("../../extension/logs/log-links.ts");
const { LogChannels } = await import("../../extension/logs/channels.ts");

/** A list of one job whose log is these pieces, and over with the last; where it is held, the second comes after that. */
function listOf(pieces: readonly Uint8Array[], fromByte = 0, held?: Promise<void>) {
	const job = {
		...{ id: "01936f0e-8d2a-7c31-9b55-0e6a1c9e2f40", name: "build", run: 1, state: "succeeded", attempt: 1, exitCode: 0 },
		...{ createdAt: "2026-11-21T09:00:00.000Z", startedAt: null, endedAt: null, schedule: null, output: { paths: ["/state/wörk/output"] } },
	} as unknown as Job;
	const removed = new EventEmitter<string>();
	const changed = new EventEmitter<void>();
	async function* logs(): AsyncGenerator<LogPiece> {
		let offset = fromByte;
		for (const bytes of pieces) {
			yield { bytes, offset, stream: "output" };
			offset += bytes.length;
			await held;
		}
	}
	const chore = { logs, wait: async () => job };
	const use = <T>(_: Job, act: (library: typeof chore) => Promise<T>): Promise<T> => act(chore);
	const list = { get: () => job, use, onDidRemove: removed.event, onDidChange: changed.event };
	return { job, removed, changed, list: list as unknown as JobList };
}

/** The channel of a job once all of its log was read. */
async function shown(pieces: readonly Uint8Array[], fromByte?: number) {
	const { job, list, removed } = listOf(pieces, fromByte);
	const open = new LogChannels(list);
	open.show(job);
	const channel = channels.at(-1);
	assert.ok(channel);
	await eventually("the end is shown", () => channel.text.includes("[chore: build, succeeded"));
	return { channel, open, removed, job };
}

describe("a channel", () => {
	afterEach(() => settings.delete("logTailSize"));

	test("shows the text without codes, then how the job ended", async () => {
		const { channel } = await shown([Buffer.from("a\u001b[3"), Buffer.from("1mb\u001b[0m \xe6", "latin1"), Buffer.from([0xbc, 0xa2])]);
		assert.match(channel.text, /^ab 漢\n\[chore: build, succeeded, made [\d: -]+\]\n$/);
		assert.equal(channel.name, "Chore: build (1c9e2f40)");
	});

	test("says of a job that waits for its first run that it has not run, and shows that run once it begins", async () => {
		const { job, list, changed } = listOf([Buffer.from("first\n")]);
		let now: Job = { ...job, run: 0, state: "scheduled" };
		const open = new LogChannels({ ...list, get: () => now } as unknown as JobList);
		open.show(now);
		const channel = channels.at(-1);
		assert.equal(channel?.text, "[chore: it has not run yet]\n");
		now = job;
		changed.fire();
		await eventually("its run is shown", () => /^first\n\[chore: build, succeeded/.test(channel?.text ?? ""));
		open.dispose();
	});

	test("says that the beginning is left out, and where all of it is", async () => {
		const { channel } = await shown([Buffer.from("end\n")], 1000);
		assert.match(channel.text, /^\[chore: the first 1000 bytes are not shown; all of it: \/state\/wörk\/output\]\nend\n/);
	});

	test("says that the beginning is left out also where the first piece is as long as what is shown at first", async () => {
		settings.set("logTailSize", 1);
		const { channel } = await shown([Buffer.from("1234567\n".repeat(128))], 1000);
		assert.match(channel.text, /^\[chore: the first 1000 bytes are not shown; .*\]\n(1234567\n){128}\[chore: build/);
	});

	test("stays small whatever a job prints at once, and keeps the end", async () => {
		settings.set("logTailSize", 256);
		const pieces = [...Array(200).keys()].map((count) => Buffer.from(`${count}:${"x".repeat(256 * 1024)}\n`));
		const { channel } = await shown(pieces);
		assert.ok(channel.text.length < 6_000_000, `${channel.text.length}`);
		assert.match(channel.text, /\n199:x+\n\[chore: build/);
		assert.match(channel.text, /not shown/);
	});

	test("shows how far a progress bar is while it goes on, and in the end its last state, on two lines in all", async () => {
		let goOn = (): void => {};
		const held = new Promise<void>((resolve) => {
			goOn = resolve;
		});
		const { job, list } = listOf([Buffer.from("\r1 %\r2 %"), Buffer.from("\r3 %\r4 %\n")], 0, held);
		new LogChannels(list).show(job);
		const channel = channels.at(-1);
		assert.ok(channel);
		await eventually("the first state is shown", () => channel.text === "2 %");
		goOn();
		await eventually("the end is shown", () => channel.text.includes("[chore: build, succeeded"));
		assert.match(channel.text, /^2 %\n4 %\n\[chore: build/);
	});

	test("says that its server is out of reach, and is read anew once that is there again", async () => {
		const { job, list, changed } = listOf([Buffer.from("all\n")]);
		let isOutOfReach = true;
		const use: JobList["use"] = (one, act) =>
			isOutOfReach ? Promise.reject(new ChoreError("SERVER_UNREACHABLE", "nothing listens at unix:/gone")) : list.use(one, act);
		const open = new LogChannels({
			...{ get: list.get, onDidRemove: list.onDidRemove, onDidChange: list.onDidChange, host: "build", use },
			get isOutOfReach() {
				return isOutOfReach;
			},
		} as unknown as JobList);
		open.show(job);
		const channel = channels.at(-1);
		await eventually("it is said", () => channel?.text === "[chore: nothing listens at unix:/gone]\n");
		changed.fire();
		isOutOfReach = false;
		changed.fire();
		await eventually("all of it is shown", () => /^all\n\[chore: build, succeeded/.test(channel?.text ?? ""));
		open.dispose();
	});

	test("names no file where the log is on another machine", async () => {
		const { job, list } = listOf([Buffer.from("end\n")], 1000);
		new LogChannels({ ...list, host: "https://me:secret@build:8443" } as unknown as JobList).show(job);
		const channel = channels.at(-1);
		const words = "[chore: the first 1000 bytes are not shown; chore logs 1c9e2f40 on build:8443 prints all of it]\nend\n";
		await eventually("where all of it is, is said", () => channel?.text.startsWith(words));
	});

	test("is closed with its job", async () => {
		const { channel, open, removed, job } = await shown([Buffer.from("text\n")]);
		assert.deepEqual(open.open, [job.id]);
		removed.fire(job.id);
		assert.deepEqual([open.open, channel.disposed], [[], true]);
		open.dispose();
	});
});

test("the paths that a channel names are links to files, on the machine where they are", () => {
	const paths = ["/state/wörk and play/stdout", "/state/wörk and play/stderr"];
	const text = `line\n[chore: the first 10 bytes are not shown; ${whereWords({ id: "1", output: { paths } } as unknown as Job, undefined)}]\n[chore: all of it: x]\n`;
	const document = { getText: () => text, positionAt: (offset: number) => offset };
	const links = new LogLinks().provideDocumentLinks(document as never);
	const shown = links.map(({ range }) => text.slice(Number(range.start), Number(range.end)));
	assert.deepEqual(shown, paths);
	assert.deepEqual(
		links.map(({ target }) => String(target)),
		paths.map((path) => `file://${encodeURI(path)}`),
	);
});
