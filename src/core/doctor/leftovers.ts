/** Finds files in a session that belong to no job: left by interrupted work, or not made by chore. Deletes nothing. */
import { existsSync, lstatSync } from "node:fs";
import { readNames, readText } from "../disk/files.ts";
import { parseLine } from "../disk/ledger.ts";
import { isCreatorAlive } from "../disk/place.ts";
import { isId, jobFolder, markOf, type Session } from "../disk/session.ts";
import { shortId } from "../job.ts";
import { type Findings, shellWord } from "./finding.ts";

/** A file that was changed within this time may be in use by a running command. */
const FRESH_MS = 60_000;

/** How many line numbers the suggested command has at most. */
const MOST_LINES = 20;

export function findLeftovers(session: Session, findings: Findings): void {
	for (const name of readNames(session.active)) checkMark(session, name, findings);
	for (const name of readNames(session.jobs)) {
		if (!isId(name)) notOurs(`${session.jobs}/${name}`, "is no job", findings);
	}
	const count = stalePaths(session.trash).length;
	if (count > 0) {
		const what = `${session.trash} holds ${count} ${count === 1 ? "leftover" : "leftovers"} of work that was interrupted`;
		findings.problem("leftover", what, `rm -r ${shellWord(session.trash)}/*`);
	}
	for (const path of ledgersOf(session)) {
		const broken = brokenLines(path);
		if (broken.length > 0) tellBroken(path, broken, findings);
	}
}

/** The paths in a folder whose names begin with `beginning` and that have not changed for FRESH_MS. */
export function stalePaths(folder: string, beginning: string = ""): readonly string[] {
	const isStale = (path: string): boolean =>
		(lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY) < Date.now() - FRESH_MS;
	return readNames(folder)
		.filter((name) => name.startsWith(beginning))
		.map((name) => `${folder}/${name}`)
		.filter(isStale);
}

function checkMark(session: Session, name: string, findings: Findings): void {
	const path = markOf(session, name);
	if (!isId(name)) notOurs(path, "is the mark of no job", findings);
	else if (!existsSync(jobFolder(session, name)) && !isCreatorAlive(readText(path)))
		findings.problem("mark", `job ${shortId(name)} is marked as active, but there is no such job`, findings.command("ps"));
}

function notOurs(path: string, what: string, findings: Findings): void {
	findings.problem("leftover", `${path} ${what}`, `rm -r ${shellWord(path)}`);
}

/** The current file of the ledger and the older ones. */
function ledgersOf(session: Session): readonly string[] {
	return readNames(session.folder)
		.filter((name) => /^ledger(\.[0-9]+)?\.jsonl$/.test(name))
		.map((name) => `${session.folder}/${name}`);
}

/** The numbers of the lines that hold no event. A file of the ledger has 16 MB at most. */
function brokenLines(path: string): readonly number[] {
	const lines = (readText(path) ?? "").split("\n");
	return lines.flatMap((line, index) => (line === "" || parseLine(line).length > 0 ? [] : [index + 1]));
}

function tellBroken(path: string, broken: readonly number[], findings: Findings): void {
	const some = broken.slice(0, MOST_LINES);
	const what = `${path} has ${broken.length === 1 ? "a line that is" : `${broken.length} lines that are`} no event (line ${broken[0]}), and passed over`;
	findings.problem("ledger", what, `sed -i '${some.map((line) => `${line}d`).join(";")}' ${shellWord(path)}`);
}
