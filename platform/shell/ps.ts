/** The processes of a system without /proc, from ps(1), with the options that the BSDs, macOS and procps share. */
import { execFileSync } from "node:child_process";
import type { Process, ProcessTable } from "./processes.ts";

/** Every ps takes one `-o NAME=` for each column. The empty heading keeps the heading line out. */
const COLUMNS: readonly string[] = ["pid", "ppid", "pgid", "stat", "lstart", "command"].flatMap((name) => ["-o", `${name}=`]);

/**
 * The options by which ps shows all processes with their environment. On macOS, -e means all processes; and the environment
 * of its own programs, such as /bin/sh, is hidden from everybody.
 */
const WITH_ENVIRONMENT = process.platform === "darwin" ? "-axEww" : "-axeww";

/** Knows no `usage`: the columns for CPU time and memory differ too much between systems. */
export class PsTable implements ProcessTable {
	readonly source = "ps";
	readonly isCheap = false;
	readonly #withEnvironment: string;

	/** @param withEnvironment what tests replace */
	constructor(withEnvironment: string = WITH_ENVIRONMENT) {
		this.#withEnvironment = withEnvironment;
	}

	all(): readonly Process[] {
		// The environment decides whose a process is and changes with exec(2), so its listing is the later one.
		return parsePs(ps("-axww"), ps(this.#withEnvironment));
	}

	find(pid: number): Process | undefined {
		return this.all().find((process) => process.pid === pid);
	}

	usage(): null {
		return null;
	}
}

/**
 * Reads what ps prints in COLUMNS.
 *
 * @param bare the command lines alone
 * @param withEnvironment the same with the environment after (or before) each command line
 */
export function parsePs(bare: string, withEnvironment: string): readonly Process[] {
	const wholes = new Map(rows(withEnvironment).map((row) => [`${row.pid} ${row.startedAt}`, row.command]));
	return rows(bare)
		.filter(({ state }) => !state.startsWith("Z"))
		.map(({ pid, parentPid, groupId, state, startedAt, command }) => ({
			pid,
			parentPid,
			groupId,
			stopped: state.startsWith("T"),
			blocked: /^[DU]/.test(state),
			startedAt,
			command: () => command,
			environment: () => {
				// Without the words of the command line: who looks for the mark has it among them.
				const text = (wholes.get(`${pid} ${startedAt}`) ?? "").replace(command, () => "");
				return (name) => new RegExp(`(?:^| )${name}=([A-Za-z0-9._-]+)(?: |$)`).exec(text)?.[1];
			},
		}));
}

function ps(option: string): string {
	return execFileSync("ps", [option, ...COLUMNS], {
		encoding: "latin1",
		maxBuffer: 256 * 1024 * 1024,
		stdio: ["ignore", "pipe", "ignore"],
		// lstart depends on both and is compared as text.
		env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
	});
}

function rows(text: string) {
	return text.split("\n").flatMap((line) => {
		// lstart is five words: "Sat Nov 21 02:02:52 2026".
		const found = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)(?: (.*))?$/.exec(line);
		if (!found) return [];
		const [, pid, parentPid, groupId, state = "", startedAt = "", command = ""] = found;
		return [{ pid: Number(pid), parentPid: Number(parentPid), groupId: Number(groupId), state, startedAt, command: command.trim() }];
	});
}
