/** Lays a schedule out beside a job, without anything that wakes it, and fires it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import type { Platform } from "../../platform/contract.ts";
import { markScheduled } from "../../src/core/disk/mark.ts";
import { installProgram } from "../../src/core/disk/programs.ts";
import { openSession, scheduleFolder } from "../../src/core/disk/session.ts";
import { isUnreadable, readStoredRun } from "../../src/core/disk/store.ts";
import type { Schedule } from "../../src/core/schedule/schedule.ts";
import { FIRE_TEXT } from "../../src/core/start/fire.ts";
import { planTemplate, writeTemplate } from "../../src/core/start/template.ts";

/** Keeps nothing back: each firing runs the job. */
const ALWAYS: Schedule = {
	triggers: [{ id: "t1", kind: "calendar", texts: ["minutely"], zone: null }],
	wake: "platform",
	when: null,
	overlap: "skip",
	missed: "once",
	jitterMs: 0,
	keepRuns: 100,
	notBeforeMs: null,
	notAfterMs: null,
};

export interface Fired {
	/** Fires, and returns what the program has begun; it may become the shell that watches over the run. */
	fire(): ChildProcess;
	/** Fires, and returns once the program has ended. */
	fired(): void;
	/** The folder `schedule`. */
	readonly folder: string;
}

/** @param shell what runs the program */
export async function scheduleBeside(
	{ path }: { readonly path: string },
	id: string,
	platform: Platform,
	shell: readonly string[] = ["/bin/sh"],
	changes: Partial<Schedule> = {},
): Promise<Fired> {
	const session = openSession(path, "default");
	const stored = readStoredRun(session, id);
	if (stored === undefined || isUnreadable(stored)) throw new Error("there is no such job");
	const folder = scheduleFolder(session, id);
	mkdirSync(folder, { mode: 0o700 });
	const program = installProgram(session.root, "fire", FIRE_TEXT);
	const made = { session, platform, job: stored.job, schedule: { ...ALWAYS, ...changes }, fire: program };
	writeTemplate(folder, made, await planTemplate(session, platform, stored.job));
	markScheduled(session, id);
	const [command = "", ...words] = [...shell, program, `${session.jobs}/${id}`];
	// As cron and systemd run it: the leader of a process group, with an environment of their own.
	const options = {
		stdio: "ignore",
		detached: true,
		env: { PATH: "/usr/bin:/bin", XDG_RUNTIME_DIR: process.env["XDG_RUNTIME_DIR"] },
	} as const;
	return {
		folder,
		fire: () => spawn(command, words, options),
		fired: () => {
			spawnSync(command, words, options);
		},
	};
}
