/** Finds files in a session that belong to no job: left by interrupted work, or not made by chore. Deletes nothing. */
import { constants, existsSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { shellWord } from "../../../platform/shell-word.ts";
import { isAbsence, readNames, readText, refuse } from "../disk/files.ts";
import { parseLine } from "../disk/ledger.ts";
import { isCreatorAlive } from "../disk/place.ts";
import { entryAt } from "../disk/private-folder.ts";
import { isId, jobFolder, markOf, type Session } from "../disk/session.ts";
import { shortId } from "../job.ts";
import type { Findings } from "./finding.ts";

/** A file that was changed within this time may be in use by a running command. */
const FRESH_MS = 60_000;

/** How many line numbers the suggested command has at most. */
const MOST_LINES = 20;

/** The most that is read of a file. chore renames a ledger's file at 16 MB (ledger-files.ts), so a longer one is not chore's. */
const LEDGER_BYTES = 32 * 1024 * 1024;

/** What is read and parsed at a time: takes a few milliseconds. */
const PIECE_BYTES = 256 * 1024;

export async function findLeftovers(session: Session, findings: Findings): Promise<void> {
	for (const name of readNames(session.active)) checkMark(session, name, findings);
	for (const name of readNames(session.jobs)) {
		if (!isId(name)) notOurs(`${session.jobs}/${name}`, "is no job", findings);
	}
	const count = stalePaths(session.trash).length;
	if (count > 0) {
		const what = `${session.trash} holds ${count} ${count === 1 ? "leftover" : "leftovers"} of work that was interrupted`;
		// Spares what a command may be using.
		findings.problem("leftover", what, `find ${shellWord(session.trash)} -mindepth 1 -maxdepth 1 -mmin +1 -exec rm -r {} +`);
	}
	for (const path of ledgersOf(session)) {
		const broken = await brokenLines(path);
		if (broken.count > 0) tellBroken(path, broken, findings);
	}
}

/** The paths in a folder whose names begin with `beginning` and that have not changed for FRESH_MS. */
export function stalePaths(folder: string, beginning: string = ""): readonly string[] {
	const isStale = (path: string): boolean => (entryAt(path)?.mtimeMs ?? Number.POSITIVE_INFINITY) < Date.now() - FRESH_MS;
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

/** The lines of a ledger's file that are no events. */
interface BrokenLines {
	readonly count: number;
	/** The numbers of the first MOST_LINES of them, counted from 1. */
	readonly numbers: readonly number[];
}

/** Reads a ledger's file in pieces, so that other work in an editor's extension host is not held up. */
async function brokenLines(path: string): Promise<BrokenLines> {
	const numbers: number[] = [];
	let [count, number] = [0, 0];
	for await (const lines of linesOf(path)) {
		for (const line of lines) {
			number++;
			if (line === "" || parseLine(line).length > 0) continue;
			count++;
			if (numbers.length < MOST_LINES) numbers.push(number);
		}
	}
	return { count, numbers };
}

/** The lines of the first LEDGER_BYTES of a file, in portions. A line longer than a piece is cut: it is no event anyway. */
async function* linesOf(path: string): AsyncGenerator<readonly string[], void, void> {
	let file: FileHandle;
	try {
		file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	} catch (error) {
		if (isAbsence(error)) return;
		return refuse(path, error);
	}
	try {
		const buffer = Buffer.allocUnsafe(PIECE_BYTES);
		const decoder = new StringDecoder("utf8");
		let rest = "";
		for (let position = 0; position < LEDGER_BYTES; ) {
			const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
			if (bytesRead === 0) {
				yield [rest];
				return;
			}
			position += bytesRead;
			const lines = (rest + decoder.write(buffer.subarray(0, bytesRead))).split("\n");
			rest = lines.pop()?.slice(0, PIECE_BYTES) ?? "";
			yield lines;
		}
	} catch (error) {
		refuse(path, error);
	} finally {
		await file.close();
	}
}

function tellBroken(path: string, { count, numbers }: BrokenLines, findings: Findings): void {
	const what = `${path} has ${count === 1 ? "a line that is" : `${count} lines that are`} no event (line ${numbers[0]}), and passed over`;
	// Not sed -i, which differs between systems.
	const [file, copy] = [shellWord(path), shellWord(`${path}.old`)];
	findings.problem("ledger", what, `cp -p ${file} ${copy} && sed '${numbers.map((line) => `${line}d`).join(";")}' ${copy} >${file}`);
}
