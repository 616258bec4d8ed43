/** What is in a session and belongs to no job: of work that was interrupted, or of somebody else's hand. */
import { existsSync, lstatSync } from "node:fs";
import { readNames, readText } from "../disk/files.ts";
import { parseLine } from "../disk/ledger.ts";
import { isCreatorAlive } from "../disk/place.ts";
import { isId, jobFolder, markOf, type Session } from "../disk/session.ts";
import { shortId } from "../job.ts";
import { type Findings, shellWord } from "./finding.ts";

/** What was changed within a minute may still be somebody's work. */
const FRESH_MS = 60_000;

/** More line numbers make no command that anybody would paste. */
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

/** What is in a folder, of names that begin so, and that nobody has changed for a while. */
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

/** The current ledger, and older ones beside it. */
function ledgersOf(session: Session): readonly string[] {
	return readNames(session.folder)
		.filter((name) => /^ledger(\.[0-9]+)?\.jsonl$/.test(name))
		.map((name) => `${session.folder}/${name}`);
}

/** The numbers of the lines that are no events. No ledger's file is longer than some 16 MB. */
function brokenLines(path: string): readonly number[] {
	const lines = (readText(path) ?? "").split("\n");
	return lines.flatMap((line, index) => (line === "" || parseLine(line).length > 0 ? [] : [index + 1]));
}

function tellBroken(path: string, broken: readonly number[], findings: Findings): void {
	const some = broken.slice(0, MOST_LINES);
	const what = `${path} has ${broken.length === 1 ? "a line that is" : `${broken.length} lines that are`} no event (line ${broken[0]}), and passed over`;
	findings.problem("ledger", what, `sed -i '${some.map((line) => `${line}d`).join(";")}' ${shellWord(path)}`);
}
