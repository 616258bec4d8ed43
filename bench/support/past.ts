/** A session that has a long past. */
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { v7 as uuid } from "uuid";
import type { Scene } from "./scene.ts";

/** How long all of it is over. */
const OVER_MS = 2 * 60 * 60 * 1000;

/**
 * Runs one job, and copies all that is left of it, each time under another id and name, a second apart, as if the machine
 * had been restarted since.
 */
export async function makePast(scene: Scene, session: string, count: number): Promise<void> {
	const chore = await scene.open(session);
	const { id, name, createdAt } = await chore.wait((await chore.run({ command: ["true"] })).id);
	const folder = scene.sessionFolder(session);
	const files = readdirSync(join(folder, "jobs", id), { recursive: true, encoding: "utf8", withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.map((path) => [path.slice(join(folder, "jobs", id).length + 1), readFileSync(path, "latin1")] as const);
	const fifos = scene.platform === "posix" ? ["alive"] : [];
	const lines = readFileSync(join(folder, "ledger.jsonl"), "utf8");
	const paths: string[] = [];
	const ledger: string[] = [];
	for (let index = 0; index < count; index++) {
		const agoMs = OVER_MS + (count - index) * 1000;
		const copy = uuid({ msecs: Date.parse(createdAt) - agoMs });
		const retold = (text: string): string =>
			inThePast(text.replaceAll(id, copy), agoMs).replaceAll(`"name":"${name}"`, `"name":"old-${index}"`);
		const run = join(folder, "jobs", copy, "runs", "1");
		mkdirSync(run, { recursive: true, mode: 0o700 });
		for (const [path, text] of files) writeFileSync(join(folder, "jobs", copy, path), retold(text), { mode: 0o600, encoding: "latin1" });
		const endedAt = (Date.now() - agoMs) / 1000;
		utimesSync(join(run, "end.json"), endedAt, endedAt);
		paths.push(...fifos.map((fifo) => join(run, fifo)));
		mkdirSync(join(folder, "names", `old-${index}`), { mode: 0o700 });
		symlinkSync(copy, join(folder, "names", `old-${index}`, "1"));
		ledger.push(retold(lines));
	}
	for (let first = 0; first < paths.length; first += 1000) execFileSync("mkfifo", ["-m", "600", ...paths.slice(first, first + 1000)]);
	appendFileSync(join(folder, "ledger.jsonl"), ledger.join(""));
}

/** Moves all times back, beyond the start of the machine. */
function inThePast(text: string, agoMs: number): string {
	return text
		.replace(/"(\d{4}-\d\d-\d\dT[\d:.]+Z)"/g, (_, time: string) => JSON.stringify(new Date(Date.parse(time) - agoMs).toISOString()))
		.replace(/("bootId":|boot=)("?)[0-9a-f-]{36}/g, "$1$2another")
		.replace(/("createdAtMs":)(\d+)/g, (_, key: string, ms: string) => `${key}${Number(ms) - agoMs}`);
}
