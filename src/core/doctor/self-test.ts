/** Tests a platform with three jobs in a temporary state folder. Leaves nothing behind. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { ChoreError } from "../../../platform/errors.ts";
import type { Registry } from "../../../platform/registry.ts";
import type { Context } from "../context.ts";
import { kill } from "../control/kill.ts";
import { current } from "../control/reach.ts";
import { stop } from "../control/stop.ts";
import { waitForEnd } from "../control/wait.ts";
import { readNames } from "../disk/files.ts";
import { openSession } from "../disk/session.ts";
import { remove } from "../forget/remove.ts";
import { EVERYTHING } from "../forget/retention.ts";
import type { Job } from "../job.ts";
import { logs } from "../look/logs.ts";
import { jobIds } from "../look/resolve.ts";
import { openPlatforms } from "../platforms.ts";
import { run } from "../start/run.ts";
import { within } from "./within.ts";

/** The result of one test. */
export interface Check {
	readonly what: string;
	/** What went wrong, or null. */
	readonly problem: string | null;
}

/** What came of trying out the platform, in a state folder of its own. */
export interface SelfTest {
	readonly platform: string;
	/** The temporary state folder. */
	readonly where: string;
	readonly tookMs: number;
	readonly checks: readonly Check[];
}

/** The names of these folders begin with this. A session's name cannot. */
export const SCRATCH = ".doctor-";

/** How long each test may take, in milliseconds. A job that cannot be stopped ends by itself 30 s after its start. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 5;

/** @param root the state folder, in which the temporary one is made; if that fails, it is made in the system's folder for temporary files */
export async function selfTest(registry: Registry, platform: string, root: string | undefined): Promise<SelfTest> {
	const began = performance.now();
	const where = scratchFolder(root);
	const session = openSession(where, "default");
	await using platforms = openPlatforms(registry, where);
	const context: Context = {
		session,
		platforms,
		platform,
		scope: undefined,
		graceMs: 1000,
		maxJobs: 10,
		keep: EVERYTHING,
		unfinished: new Set(),
	};
	try {
		const checks = await Promise.all([
			check("a job prints, and exits with 7", () => exits(context)),
			check("a job is stopped", () => isStopped(context)),
			check("a job is ended by a signal", () => isSignalled(context)),
		]);
		const left = await check("nothing is left of them", () => isCleared(context));
		return { platform, where, tookMs: Math.round(performance.now() - began), checks: [...checks, left] };
	} finally {
		rmSync(where, { recursive: true, force: true });
	}
}

function scratchFolder(root: string | undefined): string {
	try {
		if (root !== undefined) return mkdtempSync(`${root}/${SCRATCH}`);
	} catch {} // does not exist yet, or is not writable, which checkDisk reports
	const elsewhere = tmpdir();
	try {
		return mkdtempSync(`${elsewhere}/chore${SCRATCH}`);
	} catch (cause) {
		const why = cause instanceof Error ? cause.message : String(cause);
		throw new ChoreError("STATE_UNUSABLE", `there is no folder for a self-test: ${why}`, {
			hint: "TMPDIR chooses another folder for temporary files",
			cause,
		});
	}
}

/** @param act resolves with what went wrong, or undefined */
async function check(what: string, act: () => Promise<string | undefined>): Promise<Check> {
	try {
		return { what, problem: (await within(PATIENCE_MS, "it", act())) ?? null };
	} catch (error) {
		return { what, problem: error instanceof Error ? error.message : String(error) };
	}
}

async function exits(context: Context): Promise<string | undefined> {
	const job = await begin(context, "exits", "echo chore; exit 7");
	const end = await waitForEnd(context, job.id, { timeoutMs: PATIENCE_MS });
	let output = "";
	for await (const { bytes } of logs(context, job.id)) output += Buffer.from(bytes).toString();
	if (output !== "chore\n") return `its output is ${JSON.stringify(output)}`;
	return differs(end, { state: "failed", result: "exit-code", exitCode: 7, signal: null });
}

async function isStopped(context: Context): Promise<string | undefined> {
	const job = await begin(context, "stopped", "exec sleep 30");
	return differs(await stop(context, job.id), { state: "stopped", result: "stopped" });
}

async function isSignalled(context: Context): Promise<string | undefined> {
	const job = await begin(context, "signalled", "exec sleep 30");
	// Wait for a process that the signal can reach.
	const deadlineMs = performance.now() + PATIENCE_MS;
	while (performance.now() < deadlineMs && (await current(context, job.id)).state === "starting") await delay(LOOK_EVERY_MS);
	await kill(context, job.id, "SIGKILL", "all");
	const end = await waitForEnd(context, job.id, { timeoutMs: PATIENCE_MS });
	return differs(end, { state: "failed", result: "signal", exitCode: null, signal: "SIGKILL" });
}

async function isCleared(context: Context): Promise<string | undefined> {
	const ids = jobIds(context.session);
	await Promise.all(ids.map((id) => remove(context, id, { force: true, graceMs: 0 })));
	const left = [context.session.jobs, context.session.active].flatMap(readNames);
	return left.length === 0 ? undefined : `there still is ${left.join(", ")}`;
}

function begin(context: Context, name: string, line: string): Promise<Job> {
	return run(context, { command: ["/bin/sh", "-c", line], name, directory: "/", cleanEnvironment: true });
}

/** How the end differs from the one that is expected; undefined if it does not. */
function differs(end: Job, wanted: Partial<Job>): string | undefined {
	const wrong = Object.entries(wanted).filter(([field, value]) => end[field as keyof Job] !== value);
	const words = wrong.map(([field, value]) => `${field} is ${JSON.stringify(end[field as keyof Job])}, not ${JSON.stringify(value)}`);
	return words.length === 0 ? undefined : [...words, ...(end.reason === null ? [] : [end.reason])].join("; ");
}
