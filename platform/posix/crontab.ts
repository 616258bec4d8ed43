/** The lines by which cron wakes jobs, in a block of the user's crontab. Texts only. */
import { dirname } from "node:path";
import type { Handle, Wake } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { jitterSeconds } from "../shell/jitter.ts";
import { shellWord } from "../shell-word.ts";
import { cronFields } from "./cron-fields.ts";

/** Debian's crontab(1) refuses commands of 999 bytes and more, other ones of 1,000. */
const LONGEST_BYTES = 990;

const HANDLE_VERSION = 1;

/** What the handle of a wake holds. */
interface InCrontab {
	readonly jobFolder: string;
}

export function handleOf({ jobFolder }: Wake, platform: string): Handle {
	return { platform, version: HANDLE_VERSION, data: { jobFolder } };
}

/** @throws ChoreError PLATFORM_FAILED for a handle of another version or form */
export function readHandle({ platform, version, data: { jobFolder } }: Handle): InCrontab {
	if (version === HANDLE_VERSION && typeof jobFolder === "string") return { jobFolder };
	throw new ChoreError("PLATFORM_FAILED", `the schedule has a handle of ${platform}, version ${version}, which is unknown here`, {
		hint: "it was written by another version of chore; use that one",
	});
}

/**
 * `exec` makes the program the leader of the process group that cron makes. Nothing is redirected: SHELL= may be any shell.
 * `@reboot` is the start of cron: then it is looked whether a moment has gone by meanwhile.
 *
 * @throws ChoreError OPTION_UNSUPPORTED for a calendar, INVALID_ARGUMENT for a path that a crontab cannot hold
 */
export function linesFor(wake: Wake): readonly string[] {
	const found = cronFields(wake.calendar);
	if ("cannot" in found)
		throw new ChoreError("OPTION_UNSUPPORTED", `the platform posix cannot keep this schedule: ${found.cannot}`, {
			hint: "`--wake tick` leaves it to `chore tick`, which can keep any",
		});
	const { due, fire, jobFolder } = wake;
	for (const path of [due, fire, jobFolder]) checkPath(path);
	const delay = jitterSeconds(wake);
	const command = `exec /bin/sh ${[due, fire, jobFolder].map(shellWord).join(" ")}${delay === 0 ? "" : ` ${delay}`}`;
	if (Buffer.byteLength(command) > LONGEST_BYTES) throw refusal(`is longer than ${LONGEST_BYTES} bytes with what belongs to it`, jobFolder);
	return [...found.lines, ...(wake.catchesUp ? ["@reboot"] : [])].map((fields) => `${fields} ${command}`);
}

function checkPath(path: string): void {
	if (/\p{Cc}/u.test(path)) throw refusal("has a control character", path);
	if (path.includes("%")) throw refusal("has a %, which cron reads as the end of a line,", path);
}

function refusal(wrong: string, path: string): ChoreError {
	return new ChoreError("INVALID_ARGUMENT", `cron cannot wake a job whose path ${wrong}: ${JSON.stringify(path.slice(0, 200))}`, {
		hint: "choose another state folder: CHORE_HOME",
	});
}

/**
 * A crontab with these lines in the place of those of the job, in a block of all jobs of the same folder. Nothing else is changed.
 * A new block comes first: a variable in a crontab, such as SHELL= or CRON_TZ=, counts for what follows it.
 *
 * @param table as it is
 * @param lines none take the job out
 */
export function withLines(table: string, jobFolder: string, lines: readonly string[]): string {
	const jobs = dirname(jobFolder);
	const [begin, end] = [`# BEGIN chore ${jobs}`, `# END chore ${jobs}`];
	const rows = table.split("\n");
	const from = rows.indexOf(begin);
	const to = rows.indexOf(end, from + 1);
	const isThere = from >= 0 && to > from;
	const others = isThere ? rows.slice(from + 1, to).filter((row) => !isOf(row, jobFolder)) : [];
	const inside = [...others, ...lines];
	const block = inside.length === 0 ? [] : [begin, ...inside, end];
	if (isThere) return [...rows.slice(0, from), ...block, ...rows.slice(to + 1)].join("\n");
	return block.length === 0 ? table : `${block.join("\n")}\n${table}${table === "" || table.endsWith("\n") ? "" : "\n"}`;
}

/** The folders of the jobs that have lines in a block, each once. */
export function jobsIn(table: string): readonly string[] {
	const found = new Set<string>();
	let jobs: string | undefined;
	for (const row of table.split("\n")) {
		const [, word, folder] = /^# (BEGIN|END) chore (.+)$/.exec(row) ?? [];
		if (word !== undefined) jobs = word === "BEGIN" ? folder : undefined;
		const [, name] = /\/([0-9a-f-]+)'?(?: [0-9]+)?$/.exec(row) ?? [];
		if (jobs !== undefined && name !== undefined) found.add(`${jobs}/${name}`);
	}
	return [...found];
}

function isOf(row: string, jobFolder: string): boolean {
	return `${row} `.includes(` ${shellWord(jobFolder)} `);
}
