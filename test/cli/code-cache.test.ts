/** The cache of V8's code: it makes commands faster, and every command works without it. */
import assert from "node:assert/strict";
import {
	chmodSync,
	chownSync,
	cpSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	truncateSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { CLI, Cli, PATIENCE, skipUnlessRoot } from "../support/cli.ts";

/** A command line with a cache of its own. */
class Caching {
	readonly cli: Cli;
	readonly base: string;

	constructor() {
		this.cli = new Cli();
		this.base = join(this.cli.folder, "caches");
	}

	/** Lists the jobs, of which there are none. Must succeed without any output. */
	async ps(env: Readonly<Record<string, string | undefined>> = {}): Promise<void> {
		const { status, stdout, stderr } = await this.cli.run(["ps", "-q"], { env: { XDG_CACHE_HOME: this.base, ...env } });
		assert.deepEqual([status, stdout, stderr], [0, "", ""]);
	}

	/** The files in the cache. If one is written again, its inode number changes. */
	files(base: string = this.base): ReadonlyMap<string, { readonly ino: number; readonly size: number; readonly mode: number }> {
		const names = readdirSync(base, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".code"));
		return new Map(names.map((name) => [join(base, name), statSync(join(base, name))] as const));
	}
}

test("the code of a command is kept for this user alone, and fits the next command", PATIENCE, async () => {
	const caching = new Caching();
	await using _ = caching.cli;
	mkdirSync(caching.base);
	await caching.ps();
	const first = caching.files();
	assert.ok(
		[...first.keys()].some((path) => path.endsWith("-cli-program.cjs.code")),
		[...first.keys()].join(),
	);
	for (const { mode } of first.values()) assert.equal(mode & 0o777, 0o600);
	await caching.ps();
	for (const [path, { ino }] of caching.files()) assert.equal(first.get(path)?.ino, ino, `${path} was written anew`);
});

test("code that is truncated, malformed, or in a file that another user can write to is not run, and is replaced", PATIENCE, async () => {
	const caching = new Caching();
	await using _ = caching.cli;
	mkdirSync(caching.base);
	await caching.ps();
	const [path = ""] = [...caching.files().keys()].filter((name) => name.endsWith("-cli-program.cjs.code"));
	const { size } = statSync(path);
	const spoil: Readonly<Record<string, () => void>> = {
		"cut off": () => truncateSync(path, size / 2),
		empty: () => truncateSync(path, 0),
		"something else": () => writeFileSync(path, "x".repeat(size)),
		"open to others": () => chmodSync(path, 0o666),
	};
	for (const [what, act] of Object.entries(spoil)) {
		const { ino } = statSync(path);
		act();
		await caching.ps();
		const now = statSync(path);
		assert.deepEqual([now.ino !== ino, now.mode & 0o777], [true, 0o600], what);
	}
});

test("no code is kept if the cache is turned off or cannot be written", PATIENCE, async () => {
	const caching = new Caching();
	await using _ = caching.cli;
	mkdirSync(caching.base);
	await caching.ps({ NODE_DISABLE_COMPILE_CACHE: "1" });
	assert.deepEqual(readdirSync(caching.base), []);
	rmSync(caching.base, { recursive: true });
	writeFileSync(caching.base, "no folder");
	await caching.ps();
	assert.equal(readFileSync(caching.base, "utf8"), "no folder");
});

test("root makes no cache in the home of another user", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
	const caching = new Caching();
	await using _ = caching.cli;
	const home = join(caching.cli.folder, "another-home");
	mkdirSync(home);
	chownSync(home, 65_534, 65_534);
	await caching.ps({ XDG_CACHE_HOME: undefined, HOME: home });
	assert.deepEqual(readdirSync(home), []);
});

test("code that is older than a month is removed when other code is written", PATIENCE, async () => {
	const caching = new Caching();
	await using _ = caching.cli;
	const code = join(caching.base, "chore", "code");
	mkdirSync(code, { recursive: true });
	for (const days of [31, 29]) {
		const path = join(code, `${days}-days-old`);
		writeFileSync(path, "");
		const at = Date.now() / 1000 - days * 86_400;
		utimesSync(path, at, at);
	}
	await caching.ps();
	const left = readdirSync(code);
	assert.deepEqual([left.includes("31-days-old"), left.includes("29-days-old")], [false, true]);
});

test("a program that was changed after it was built is run as it is now", PATIENCE, async () => {
	const caching = new Caching();
	await using _ = caching.cli;
	mkdirSync(caching.base);
	const copy = join(caching.cli.folder, "copy");
	cpSync(dirname(CLI), copy, { recursive: true });
	const help = async () =>
		(await caching.cli.spawn([process.execPath, join(copy, "cli.cjs"), "help"], { env: { XDG_CACHE_HOME: caching.base } }).ended).stdout;
	assert.match(await help(), /Nothing stays resident/);
	const program = join(copy, "cli-program.cjs");
	writeFileSync(program, readFileSync(program, "latin1").replace("Nothing stays resident", "NOTHING STAYS RESIDENT"), "latin1");
	assert.match(await help(), /NOTHING STAYS RESIDENT/);
});
