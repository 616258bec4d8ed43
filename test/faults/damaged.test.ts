/**
 * Files of the state that are damaged, empty, cut short or of a later version: that job is shown as unreadable with its
 * file, all others work, nothing is deleted, and `rm -f` forgets it.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import * as posix from "../../platform/posix/index.ts";
import { hasEnded, type Job } from "../../src/core/job.ts";
import { assertNoBug, Cli, PATIENCE } from "../support/cli.ts";
import { eventually, HANGS_MS, isEmpty } from "../support/eventually.ts";
import { type Home, makeHome } from "../support/home.ts";
import { fc } from "../support/random.ts";
import { rounds } from "../support/rounds.ts";

/** In how many ways each file is damaged. */
const WAYS = rounds(20);

/** A session with a job of each kind; the one to be damaged, and the others. */
interface Scene {
	readonly home: Home;
	readonly folder: string;
	readonly victim: Job;
	readonly others: ReadonlyMap<string, string>;
}

async function makeScene(home: Home, kind: "settled" | "unsettled" | "running"): Promise<Scene> {
	const { chore } = home;
	const folder = `${home.path}/default`;
	const run = async (name: string, line: string): Promise<Job> => chore.run({ command: ["/bin/sh", "-c", line], name });
	const ended = await run("ended", "exit 3");
	await chore.wait(ended.id);
	const active = await run("active", "exec sleep 60");
	let victim = await run("victim", kind === "running" ? "exec sleep 60" : "exit 7");
	if (kind === "settled") await chore.wait(victim.id);
	if (kind === "unsettled")
		await eventually("it has ended", () => readFileSync(`${folder}/jobs/${victim.id}/runs/1/exit`, "utf8").includes("chore-exit"));
	else victim = await chore.get(victim.id);
	await eventually("the others are as they will be", async () => (await chore.get(active.id)).state, "running");
	// The shell of a run removes the FIFO after it has written the record: the files are copied when it has.
	const over = [ended, ...(kind === "running" ? [] : [victim])].map(({ id }) => `${folder}/jobs/${id}/runs/1/alive`);
	await eventually("the shells of the ended runs are gone", () => over.filter((fifo) => existsSync(fifo)), isEmpty);
	return {
		home,
		folder,
		victim,
		others: new Map([
			[ended.id, "failed"],
			[active.id, "running"],
		]),
	};
}

/** The other jobs are as they were, the victim has its place in the list, and each verb gives an answer or a clear error. */
async function assertHarmless({ home, folder, victim, others }: Scene, damage: string, mayRemove: boolean): Promise<Job> {
	await using chore = home.open();
	const jobs = await chore.list({ all: true });
	assert.deepEqual(jobs.map(({ id }) => id).sort(), [victim.id, ...others.keys()].sort(), damage);
	for (const [id, state] of others) assert.equal(jobs.find((job) => job.id === id)?.state, state, damage);
	const listed = jobs.find(({ id }) => id === victim.id);
	assert.ok(listed, damage);
	JSON.stringify(listed);
	for (const verb of [
		() => chore.list(),
		() => chore.get(victim.id),
		() => chore.get("victim"),
		() => chore.status(victim.id),
		() => chore.wait(victim.id, { timeoutMs: 0 }),
		...(mayRemove
			? [() => chore.remove(victim.id).then(() => assert.ok(hasEnded(listed), `${damage}: removed while ${listed.state}`))]
			: []),
	]) {
		try {
			await verb();
		} catch (error) {
			if (!isChoreError(error)) throw new Error(`${damage}: ${String(verb)}`, { cause: error });
		}
		if (!mayRemove || existsSync(`${folder}/jobs/${victim.id}`)) continue;
		execFileSync("cp", ["-a", `${home.path}/saved/${victim.id}`, `${folder}/jobs/`]);
	}
	return listed;
}

/** How a file may be damaged. */
const damages = (content: Buffer): fc.Arbitrary<readonly [what: string, bytes: Buffer]> =>
	fc.oneof(
		fc.nat(content.length - 1).map((length) => [`cut to ${length} bytes`, content.subarray(0, length)] as const),
		fc
			.constantFrom(
				"",
				"\n",
				"null",
				"0",
				"[]",
				"{}",
				"true",
				'"text"',
				"\0\0\0\0",
				'{"format":1}',
				'{"format":2}',
				'{"schema":1}',
				'{"schema":1,"state":"succeeded"}',
			)
			.map((text) => [`holding ${JSON.stringify(text)}`, Buffer.from(text)] as const),
		fc
			.constantFrom('{"format":4}', '{"format":99,"id":"x"}', '{"schema":2}', "chore-exit 2 what=ever .\n")
			.map((text) => [`of a later version: ${text}`, Buffer.from(text)] as const),
		fc.tuple(fc.nat(content.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => {
			const bytes = Buffer.from(content);
			bytes[at] = (bytes[at] ?? 0) ^ bits;
			return [`with byte ${at} changed by ${bits}`, bytes] as const;
		}),
		fc.uint8Array({ minLength: 1, maxLength: 600 }).map((bytes) => ["of random bytes", Buffer.from(bytes)] as const),
	);

for (const [kind, files] of [
	["settled", ["job.json", "runs/1/run.json", "runs/1/end.json", "runs/1/exit", "runs/1/started", "start"]],
	["unsettled", ["job.json", "runs/1/run.json", "runs/1/exit", "runs/1/started"]],
	["running", ["job.json", "runs/1/run.json", "runs/1/exit", "runs/1/started", "runs/1/pid"]],
] as const) {
	describe(`a job that is ${kind}`, () => {
		for (const file of files) {
			test(`${file} may be damaged in any way without harm to other jobs`, { timeout: HANGS_MS + WAYS * 1000 }, async (context) => {
				context.diagnostic(`${WAYS} rounds`);
				await using home = await makeHome("posix", posix);
				const scene = await makeScene(home, kind);
				const folder = `${scene.folder}/jobs/${scene.victim.id}`;
				execFileSync("cp", ["-a", `${scene.folder}/jobs/`, `${home.path}/saved`]);
				const path = `${folder}/${file}`;
				const sound = readFileSync(path);
				await fc.assert(
					fc.asyncProperty(damages(sound), async ([what, bytes]) => {
						writeFileSync(path, bytes);
						writeFileSync(`${scene.folder}/active/${scene.victim.id}`, "");
						const job = await assertHarmless(scene, `${file} ${what}`, kind !== "running");
						// Only the boot and the record itself can make a running job look ended.
						if (kind === "running")
							assert.ok(!hasEnded(job) || file.endsWith("exit") || file.endsWith("run.json"), `${what}: ${job.state}`);
						if (kind === "running") {
							// Its FIFO is held open by its shim: the folder stays where it is.
							rmSync(`${folder}/runs/1/end.json`, { force: true });
							writeFileSync(path, sound);
						} else {
							rmSync(folder, { recursive: true, force: true });
							execFileSync("cp", ["-a", `${home.path}/saved/${scene.victim.id}`, `${scene.folder}/jobs/`]);
						}
					}),
					{ numRuns: WAYS },
				);
				rmSync(`${home.path}/saved`, { recursive: true });
			});
		}
	});
}

test("a record that cannot be read is shown with its file, kept, and forgotten by rm -f alone", PATIENCE, async () => {
	await using cli = new Cli();
	await cli.begun("-n", "good", "sleep", "60");
	for (const [file, content, why] of [
		["job.json", "", /it is empty/],
		["job.json", "{", /it is damaged/],
		["job.json", '{"format":4,"id":"x"}', /a newer version of chore wrote it \(format 4\)/],
		["runs/1/run.json", '{"format":2,"run":1}', /a newer version of chore wrote it \(format 2\)/],
		["runs/1/run.json", "", /it is empty/],
		["runs/1/run.json", "[1,2", /it is damaged/],
		["runs/1/run.json", undefined, /it is missing/],
		["runs/1/exit", "chore-exit 1 attempt=1 how=exited status=0", /it is damaged/],
		["runs/1/exit", "", /it is damaged/],
		["runs/1/exit", "chore-exit 2 .\n", /a newer version of chore wrote it/],
	] as const) {
		const id = await cli.begin("-n", "bad", "-c", "exit 3");
		await cli.shell(`until grep -q chore-exit '${cli.runFolder(id)}/exit'; do :; done`);
		const path = `${cli.jobFolder(id)}/${file}`;
		if (content === undefined) rmSync(path);
		else writeFileSync(path, content);
		const jobs = await cli.list();
		const bad = jobs.find((job) => job.id === id);
		assert.deepEqual([jobs.length, bad?.state, bad?.exitCode, bad?.result], [2, "unknown", null, null], file);
		assert.ok(bad?.reason?.startsWith(`unreadable: ${path}: `), bad?.reason ?? "");
		assert.match(bad?.reason ?? "", why);
		// Of the first file by processes, of the others by the command's own entry.
		const ask = (...words: readonly string[]) => (file === "job.json" ? cli.run(words) : cli.call(...words));
		assert.match((await ask("ps", "-a")).stdout, new RegExp(` ${id.slice(-8)}  unreadable `));
		const status = await ask("status", id);
		assert.deepEqual([status.status, status.stdout.includes(`unreadable: ${path}: `)], [3, true], status.stdout);
		for (const words of [
			["stop", id],
			["wait", id],
			["rm", id],
			["kill", id],
		]) {
			const outcome = await ask(...words);
			assertNoBug(outcome);
			assert.ok(outcome.status === 1 || outcome.status === 125, `${words[0]}: ${outcome.status} ${outcome.stdout}`);
			assert.match(outcome.stderr, /^chore: /);
			assert.ok(outcome.stderr.includes(path) || words[0] === "rm", outcome.stderr);
		}
		assert.ok(existsSync(cli.jobFolder(id)), "nothing is deleted");
		if (content !== undefined) assert.equal(readFileSync(path, "utf8"), content);
		const forgotten = await ask("rm", "-f", id);
		assert.equal(forgotten.status, 0, forgotten.stderr);
		assert.deepEqual([(await cli.list()).length, existsSync(cli.jobFolder(id))], [1, false]);
	}
	assert.deepEqual(
		(await cli.list()).map(({ name, state }) => [name, state]),
		[["good", "running"]],
	);
});

test("a folder, a link or nothing where a file of a job should be harms no other job", PATIENCE, async () => {
	await using home = await makeHome("posix", posix);
	const scene = await makeScene(home, "unsettled");
	const folder = `${scene.folder}/jobs/${scene.victim.id}`;
	execFileSync("cp", ["-a", `${scene.folder}/jobs/`, `${home.path}/saved`]);
	for (const file of [
		"job.json",
		"start",
		"runs",
		"runs/1",
		"runs/1/run.json",
		"runs/1/exit",
		"runs/1/end.json",
		"runs/1/started",
		"runs/1/stop",
		"runs/1/output",
		"runs/1/alive",
	]) {
		for (const what of ["nothing", "a folder", "a file", "a dangling link", "a link to itself"]) {
			const path = `${folder}/${file}`;
			rmSync(path, { recursive: true, force: true });
			if (what === "a folder") mkdirSync(path);
			if (what === "a file") writeFileSync(path, "");
			if (what === "a dangling link") symlinkSync("/nowhere/at/all", path);
			if (what === "a link to itself") symlinkSync(path, path);
			writeFileSync(`${scene.folder}/active/${scene.victim.id}`, "");
			await assertHarmless(scene, `${what} at ${file}`, false);
			rmSync(folder, { recursive: true, force: true });
			execFileSync("cp", ["-a", `${home.path}/saved/${scene.victim.id}`, `${scene.folder}/jobs/`]);
		}
	}
	rmSync(`${home.path}/saved`, { recursive: true });
});

test("a name with a damaged link can be taken by a new job, and does not lead to another job", PATIENCE, async () => {
	await using cli = new Cli();
	const { id: bystander } = await cli.begun("-n", "bystander", "sleep", "60");
	for (const content of ["", "\n", "x", "..", "../../..", "/", ".", "0".repeat(36), "{}", "\0"]) {
		const id = await cli.begin("-n", "web", "true");
		await cli.chore("wait", id);
		for (const entry of readdirSync(`${cli.state}/default/names/web`)) {
			const path = `${cli.state}/default/names/web/${entry}`;
			rmSync(path);
			// These texts cannot be the target of a link, so a file takes its place.
			if (content === "" || content.includes("\0")) writeFileSync(path, content);
			else symlinkSync(content, path);
		}
		for (const words of [
			["status", "web"],
			["logs", "web"],
			["stop", "web"],
			["rm", "web"],
			["rm", "-f", "web"],
		])
			assertNoBug(await cli.call(...words));
		const again = await cli.chore("run", "-q", "--wait", "-n", "web", "true");
		assert.equal(again.status, 0, `${JSON.stringify(content)}: ${again.stderr}`);
		assert.equal((await cli.job(bystander)).state, "running");
		assert.equal((await cli.chore("rm", "web")).status, 0);
	}
	for (const folder of ["jobs", "names", "active", "trash"]) assert.ok(existsSync(`${cli.state}/default/${folder}`), folder);
});

test("a ledger that is damaged loses its broken lines and nothing else", PATIENCE, async () => {
	await using cli = new Cli();
	const ledger = `${cli.state}/default/ledger.jsonl`;
	const first = await cli.begin("-n", "first", "true");
	await cli.chore("wait", "first");
	appendFileSync(
		ledger,
		'not JSON\n{"at":5}\nnull\n[]\n\0\0\0\n{"event":"exited"}\n{"at":"x","event":"exited","id":7,"run":1,"name":"x"}\n{"at":"9999","event":"exited","id":"../../etc","run":1,"name":"x"}\nhalf a li',
	);
	const second = await cli.begin("-n", "second", "-c", "exit 2");
	await cli.chore("wait", "second");
	const ids = async (): Promise<readonly string[]> => (await cli.json<readonly Job[]>("ps")).map(({ id }) => id);
	assert.deepEqual((await ids()).includes(first), true);
	assert.deepEqual(
		[...(await cli.list())].map(({ id }) => id),
		[second, first],
	);
	writeFileSync(ledger, Buffer.alloc(200_000, 0xff));
	assert.equal((await cli.chore("ps")).status, 0);
	const third = await cli.begin("-n", "third", "true");
	await cli.chore("wait", "third");
	assert.ok((await cli.list()).some(({ id }) => id === third));
});

test("what does not belong into the state folder is left alone", PATIENCE, async () => {
	await using cli = new Cli();
	const id = await cli.begin("-n", "web", "true");
	await cli.chore("wait", "web");
	const strange = [
		"jobs/README",
		"jobs/.DS_Store",
		"names/.keep",
		"names/web/.x",
		"names/web/0",
		"names/web/01",
		"active/README",
		"active/.x",
		"notes.txt",
		`jobs/${id}/mine`,
		`jobs/${id}/runs/x`,
		`jobs/${id}/runs/0`,
	];
	for (const path of strange) writeFileSync(`${cli.state}/default/${path}`, "mine");
	for (const words of [
		["ps", "-a"],
		["status", "web"],
		["logs", "web"],
		["run", "--wait", "-n", "other", "true"],
		["stop", "--all"],
	])
		assertNoBug(await cli.run(words));
	assert.deepEqual(
		(await cli.list()).map(({ name, state }) => [name, state]),
		[
			["other", "succeeded"],
			["web", "succeeded"],
		],
	);
	for (const path of strange) if (!path.startsWith("active/")) assert.ok(existsSync(`${cli.state}/default/${path}`), path);
});
