/**
 * Reads a crontab: what cron(8) runs by each of its lines, when, and with which variables. Follows Vixie's cron and its
 * successors (Debian's, cronie, FreeBSD's, OpenBSD's), and refuses a line that these read in different ways. Pure.
 */
import { isChoreError } from "../../../platform/errors.ts";
import { readCron } from "./cron.ts";
import { readZone } from "./zone.ts";

/** A line that is to run something. */
export type CrontabLine = {
	/** Counted from 1. */
	readonly line: number;
	readonly text: string;
} & ({ readonly job: CronJob } | { readonly problem: string; readonly hint: string | null });

/** What cron runs by a line. */
export interface CronJob {
	/** The five fields, or a word in their place: "@daily". */
	readonly cron: string;
	/** The zone of the fields, by CRON_TZ; null for the machine's. */
	readonly zone: string | null;
	/** The longest delay after each moment, by RANDOM_DELAY. */
	readonly delayMs: number;
	/** Of the user column; null without one. */
	readonly user: string | null;
	/** What the shell is given after -c. */
	readonly command: string;
	/** What the command finds at its standard input; null for nothing. */
	readonly input: string | null;
	/** What lines above set, without the defaults of cron. */
	readonly variables: Readonly<Record<string, string>>;
	/** The text of a comment right above. */
	readonly comment: string | null;
}

/** NAME = VALUE, either in quotes or not. Blanks around the equals sign and at the ends do not count. */
const VARIABLE = /^(?:"([^"]*)"|'([^']*)'|([^\s=]+))\s*=\s*(?:"([^"]*)"|'([^']*)'|((?:[^"'\s](?:.*\S)?)?))\s*$/s;

/** Five fields or a word in their place, and the rest. A dash before the minute keeps SUSE's cron and cronie from logging. */
const ENTRY = /^-?(@\S+|\S+(?:[ \t]+\S+){4})[ \t]+(\S.*)$/s;

/** What OpenBSD and FreeBSD read before the command: no mail after a success, no log, no second instance. */
const FLAGS = /^(?:-[nqs][ \t]+)+/;

/** What surrounds the lines that chore itself keeps in a crontab. */
const OWN_BLOCK = /^# BEGIN chore .*?^# END chore\b.*?$/gms;

/**
 * Reads the lines of a crontab: what each would run, when, and with which variables; or why it cannot be a job.
 * With `userColumn` they name a user before the command, as in /etc/crontab.
 */
export function readCrontab(text: string, { userColumn = false }: { readonly userColumn?: boolean } = {}): readonly CrontabLine[] {
	const others = text.replace(OWN_BLOCK, (block) => block.replace(/[^\n]/g, ""));
	const variables = new Map<string, string>();
	const found: CrontabLine[] = [];
	let comment: string | null = null;
	for (const [index, whole] of others.split("\n").entries()) {
		const line = whole.trimStart();
		const variable = VARIABLE.exec(line);
		if (line.startsWith("#")) {
			comment = line.replace(/^[#\s]+/, "").trim() || null;
			continue;
		}
		if (variable !== null) {
			const [name = "", value = ""] = [variable.slice(1, 4), variable.slice(4)].map((forms) => forms.find((form) => form !== undefined));
			variables.set(name, value);
		} else if (line !== "") found.push({ line: index + 1, text: line, ...readEntry(line, userColumn, variables, comment) });
		comment = null;
	}
	return found;
}

type Entry = { readonly job: CronJob } | { readonly problem: string; readonly hint: string | null };

function readEntry(line: string, userColumn: boolean, variables: ReadonlyMap<string, string>, comment: string | null): Entry {
	const [, when = "", rest = ""] = ENTRY.exec(line) ?? [];
	if (when === "") return { problem: "it is neither NAME=VALUE nor five fields and a command", hint: null };
	const [, user = null, whole = ""] = userColumn ? (/^(\S+)[ \t]+(\S.*)$/s.exec(rest) ?? []) : ["", null, rest];
	if (whole === "") return { problem: "it has no command after the user", hint: null };
	const split = splitInput(whole.replace(FLAGS, ""));
	if (split === undefined) {
		return {
			problem: "of \\\\ some crons make one backslash, as Debian's and FreeBSD's do, and others leave two",
			hint: "write the command into a script, or give it to `chore run --cron` as it is meant",
		};
	}
	const cron = when.replace(/[ \t]+/g, " ");
	const zone = variables.get("CRON_TZ") || null;
	try {
		readCron(cron);
		return {
			job: {
				cron,
				zone: zone === null ? null : readZone(zone),
				delayMs: Number(/^[0-9]{1,4}$/.exec(variables.get("RANDOM_DELAY") ?? "")?.[0] ?? 0) * 60_000,
				...{ user, ...split, comment },
				variables: Object.fromEntries(variables),
			},
		};
	} catch (error) {
		if (isChoreError(error)) return { problem: error.message, hint: error.hint ?? null };
		throw error;
	}
}

/**
 * The command up to the first percent sign, and as its input what follows, where each percent sign ends a line. A backslash
 * keeps a percent sign as it is.
 *
 * @returns undefined where the command has two backslashes in a row, of which Debian's and FreeBSD's cron drop one
 */
function splitInput(text: string): { readonly command: string; readonly input: string | null } | undefined {
	const [, command = "", rest = ""] = /^((?:\\.|[^\\%]|\\$)*)%?(.*)$/s.exec(text) ?? [];
	if (/^(?:\\[^\\]|[^\\])*\\\\/.test(command)) return undefined;
	const lines = rest.replace(/\\%|%/g, (sign) => (sign === "%" ? "\n" : "%"));
	const input = lines === "" || lines.endsWith("\n") ? lines : `${lines}\n`;
	return { command: command.replaceAll("\\%", "%"), input: input === "" ? null : input };
}
