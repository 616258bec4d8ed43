/**
 * The process behind the simulator's launchctl: reads calls from the FIFO `requests` of its folder, and writes the answers
 * where the callers wait for them.
 *
 *     node resident.js FOLDER SWITCHES
 */
import { constants, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { errnoOf } from "../../../platform/errors.ts";
import { Refusal } from "./errors.ts";
import { Launchd } from "./launchd.ts";
import { DEFAULTS } from "./switches.ts";
import { callLaunchctl } from "./verbs.ts";

/** A caller that has not come for its answer by then was killed. */
const PATIENCE_MS = 10_000;
/** What a call ends with: see launchctl.sh. */
const END = "\0\n\0";

const [folder = "", switches = "{}"] = process.argv.slice(2);
const launchd = new Launchd({ ...DEFAULTS, ...JSON.parse(switches) });
// The write end is held, too: the FIFO has no end.
const requests = new Socket({ fd: openSync(`${folder}/requests`, constants.O_RDWR | constants.O_NONBLOCK), writable: false });
requests.setEncoding("utf8");
let received = "";
requests.on("data", (piece: string) => {
	const calls = (received + piece).split(END);
	received = calls.pop() ?? "";
	for (const call of calls) {
		const [caller = "", directory = "/", ...words] = call.split("\0");
		answer(`${folder}/calls/${caller}`, directory, words).catch((error) => console.error(error));
	}
});
process.once("SIGTERM", () => {
	launchd.cut();
	process.exit();
});
// Whole at once: a caller uses the file as soon as it sees it.
writeFileSync(`${folder}/pid.new`, `${process.pid}\n`);
renameSync(`${folder}/pid.new`, `${folder}/pid`);

async function answer(fifo: string, directory: string, words: readonly string[]): Promise<void> {
	const text = await callLaunchctl(launchd, directory, words).then((out) => `0 out\n${out}`, refused);
	const giveUpAtMs = performance.now() + PATIENCE_MS;
	let writer: number | undefined;
	while (writer === undefined && performance.now() < giveUpAtMs) {
		writer = opened(fifo);
		if (writer === undefined) await delay(1);
	}
	rmSync(fifo, { force: true });
	if (writer === undefined) return;
	const socket = new Socket({ fd: writer, readable: false });
	socket.on("error", () => {}); // the caller was killed
	socket.end(text);
}

function refused(error: unknown): string {
	if (!(error instanceof Refusal)) throw error;
	// kickstart -p says the pid even where it fails.
	const stream = /^[0-9]+$/.test(error.message) ? "out" : "err";
	return `${error.number} ${stream}\n${error.message === "" ? "" : `${error.message}\n`}`;
}

/** Undefined while the FIFO has no reader. */
function opened(fifo: string): number | undefined {
	try {
		return openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
	} catch (error) {
		if (errnoOf(error) === "ENXIO" || errnoOf(error) === "ENOENT") return undefined;
		throw error;
	}
}
