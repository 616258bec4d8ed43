/** Where a benchmark takes place: a state folder of its own, of which nothing is left afterwards, neither file nor job. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as library from "../../src/index.ts";
import { textOf, until } from "./timing.ts";

export type PlatformName = "posix" | "systemd";

/** What users have: the bundles, not the compiled sources. */
const DIST = new URL("../../../dist/", import.meta.url);
const COMMAND = fileURLToPath(new URL("cli.cjs", DIST));

/** Loads the library as it is published. */
export function loadLibrary(): Promise<typeof library> {
	return import(new URL("index.js", DIST).href);
}

/** The words of a command of chore's. */
export function command(...words: readonly string[]): readonly string[] {
	return [process.execPath, COMMAND, ...words];
}

export class Scene implements AsyncDisposable {
	readonly platform: PlatformName;
	readonly folder: string;
	/** The state folder. */
	readonly home: string;
	readonly #rounds: number | undefined;
	readonly #open: library.Chore[] = [];
	#sessions = 0;

	/** @param rounds the number that the user asked for; undefined: that of each benchmark */
	constructor(platform: PlatformName, rounds: number | undefined) {
		this.platform = platform;
		this.#rounds = rounds;
		this.folder = mkdtempSync(join(place(), "chore-bench-"));
		this.home = join(this.folder, "state");
		mkdirSync(this.home, { mode: 0o700 });
	}

	rounds(usual: number): number {
		return this.#rounds ?? usual;
	}

	/** The name of a session that has no jobs yet. */
	newSession(): string {
		return `bench-${++this.#sessions}`;
	}

	/** A library handle on a session. */
	async open(session: string): Promise<library.Chore> {
		const { openChore } = await loadLibrary();
		const chore = await openChore({ home: this.home, session, platform: this.platform });
		this.#open.push(chore);
		return chore;
	}

	/** For chore and its peers alike; without any settings of the user's. */
	environment(session: string): NodeJS.ProcessEnv {
		const [CHORE_HOME, CHORE_SESSION, CHORE_PLATFORM] = [this.home, session, this.platform];
		return { ...process.env, CHORE_HOME, CHORE_SESSION, CHORE_PLATFORM, XDG_CONFIG_HOME: this.folder, XDG_CACHE_HOME: this.folder };
	}

	sessionFolder(session: string): string {
		return join(this.home, session);
	}

	/** The folder of a job's first run. */
	runFolder(session: string, id: string): string {
		return join(this.sessionFolder(session), "jobs", id, "runs", "1");
	}

	/** Starts this many jobs that only sleep. */
	async live(chore: library.Chore, count: number): Promise<readonly library.Job[]> {
		const jobs: library.Job[] = [];
		for (let index = 0; index < count; index++) jobs.push(await chore.run({ command: ["sleep", "100000"] }));
		for (const { id, output } of jobs) {
			const started = join(dirname(output.paths[0] ?? ""), "started");
			await until(`job ${id} has started`, () => textOf(started).trim() !== "");
		}
		return jobs;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const session of readdirSync(this.home).filter((name) => name.startsWith("bench-"))) await this.#clear(session);
		for (const chore of this.#open) await chore.close();
		rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
	}

	async #clear(session: string): Promise<void> {
		const marks = ["active", "schedules"].map((name) => join(this.sessionFolder(session), name)).filter(existsSync);
		const ids = [...new Set(marks.flatMap((folder) => readdirSync(folder)))];
		if (ids.length === 0) return;
		const chore = await this.open(session);
		await Promise.all(ids.map((id) => chore.remove(id, { force: true, graceMs: 0 }).catch(noJob)));
	}
}

/**
 * In memory, unless TMPDIR says where. ext4 does not reuse the inode of a deleted file for minutes, and searches all such
 * inodes for each new file: a row would measure what was deleted before it.
 */
function place(): string {
	return process.env["TMPDIR"] === undefined && existsSync(MEMORY) ? MEMORY : tmpdir();
}

const MEMORY = "/dev/shm";

/** One whose creator was interrupted. */
function noJob(error: unknown): void {
	if (!(error instanceof Error && "code" in error && error.code === "JOB_NOT_FOUND")) throw error;
}
