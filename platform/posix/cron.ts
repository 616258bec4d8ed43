/** Reads and replaces the user's crontab by crontab(1), and tells whether a cron is there that would read it. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { ChoreError } from "../errors.ts";
import { type ProgramEnd, runProgram } from "../program.ts";
import { plainEnvironment } from "../shell/shim.ts";
import { whileLocked } from "./crontab-lock.ts";

const CRONTAB = "crontab";

/** crontab(1) is killed when it takes longer. */
const PATIENCE_MS = 30_000;

/** What it says where the user has no crontab yet. Anything else may mean that there is one, which must not be replaced. */
const NO_TABLE = /no crontab for|can't open.*No such file/i;

/** What cron daemons are called. The one of busybox may be named as an argument, as containers start it. */
const DAEMON = /^[0-9]+ +(?:\S*\/)?(?:(?:[bdf]?crond?|cronie|bcron-sched) |busybox +\S*busybox +crond(?: |$))/;

/** Where something that is no process of its own reads crontabs: launchd starts cron for them, systemd-cron makes timers of them. */
const READERS: readonly string[] = ["/System/Library/LaunchDaemons/com.vix.cron.plist", "/usr/lib/systemd/system/cron.target"];

/** Why nothing would read a crontab of this user, in one clause; undefined where something seems to. */
export function lackingCron(): string | undefined {
	const how = { encoding: "utf8", timeout: PATIENCE_MS, env: plainEnvironment() } as const;
	const { error, status, stderr } = spawnSync(CRONTAB, ["-l"], { ...how, stdio: ["ignore", "ignore", "pipe"] });
	if (error !== undefined) return "crontab(1) is not there";
	if (status !== 0 && !NO_TABLE.test(stderr)) return `crontab(1) says: ${oneLine(stderr)}`;
	const { stdout } = spawnSync("ps", ["-A", "-o", "pid=", "-o", "comm=", "-o", "args="], how);
	const processes = (stdout ?? "").split("\n").map((line) => line.trim());
	// Where a user sees no other's processes, a daemon may be there.
	const seesAll = processes.some((line) => line.startsWith("1 "));
	if (!seesAll || processes.some((line) => DAEMON.test(line)) || READERS.some((path) => existsSync(path))) return undefined;
	return "no cron is running";
}

/**
 * Changes the user's crontab. Another program may replace it at the same time: so it is read again, and changed once more if need be.
 * @param change makes a new table of the one that is there, each byte a character
 * @throws ChoreError PLATFORM_FAILED; the crontab is as it was
 */
export async function changeCrontab(change: (table: string) => string): Promise<void> {
	await whileLocked(async () => {
		for (let tries = 2; tries > 0; tries--) {
			const table = await readTable();
			const changed = change(table);
			if (changed === table) return;
			outputOf(await run(["-"], Buffer.from(changed, "latin1")));
		}
		const table = await readTable();
		if (change(table) !== table) throw new ChoreError("PLATFORM_FAILED", "another program changes the crontab at the same time");
	});
}

/** The user's crontab; empty where there is none, or none can be read. */
export async function readCrontab(): Promise<string> {
	const end = await run(["-l"]);
	return end.kind === "ended" && end.code === 0 ? end.out.toString("latin1") : "";
}

/** The user's crontab; empty where there is none. */
async function readTable(): Promise<string> {
	const end = await run(["-l"]);
	if (end.kind === "ended" && end.code !== 0 && NO_TABLE.test(end.err.toString())) return "";
	return outputOf(end).toString("latin1");
}

function run(words: readonly string[], input?: Uint8Array): Promise<ProgramEnd> {
	return runProgram(CRONTAB, words, { environment: plainEnvironment(), input, patienceMs: PATIENCE_MS });
}

function outputOf(end: ProgramEnd): Buffer {
	if (end.kind === "ended" && end.code === 0) return end.out;
	const why = end.kind === "ended" ? `says: ${oneLine(end.err.toString())}` : end.kind === "overdue" ? "does not answer" : "cannot be run";
	throw new ChoreError("PLATFORM_FAILED", `crontab(1) ${why}`, {
		hint: "`--wake tick` makes a schedule that needs no cron",
		...(end.kind === "not run" && { cause: end.error }),
	});
}

function oneLine(text: string): string {
	return text
		.trim()
		.replace(/\p{Cc}+/gu, "; ")
		.slice(0, 300);
}
