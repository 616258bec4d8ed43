/** `chore ps` of a session that has a long past, beside one that has none; both have the same number of live jobs. */
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { v7 as uuid } from "uuid";
import type { Benchmark } from "./support/benchmark.ts";
import { command, type Scene } from "./support/scene.ts";
import { inTurns, timed } from "./support/timing.ts";

const ENDED = 10_000;
const LIVE = 100;

export const history: Benchmark = {
	name: "history",
	platforms: ["posix", "systemd"],
	async measure(scene) {
		const [old, young] = [scene.newSession(), scene.newSession()];
		await makePast(scene, old);
		for (const session of [old, young]) await scene.live(await scene.open(session), LIVE);
		const cost =
			(session: string, ...words: readonly string[]) =>
			() =>
				timed(command(...words), scene.environment(session)).ms;
		const [long = 0, all = 0, short = 0] = await inTurns(
			scene.rounds(15),
			cost(old, "ps"),
			cost(old, "ps", "-a", "--json"),
			cost(young, "ps"),
		);
		const peer = { name: `ps, none ended, ${LIVE} live`, value: short };
		return [
			{ what: `ps, ${ENDED} ended, ${LIVE} live`, unit: "ms", chore: long, peer, bound: { of: "ratio", atMost: 1.2 } },
			{ what: `ps -a --json, ${ENDED} ended, ${LIVE} live`, unit: "ms", chore: all, peer, bound: { of: "ratio", atMost: 8 } },
		];
	},
};

/** Runs one job, and copies all that is left of it, each time under another id and name, a second apart. */
async function makePast(scene: Scene, session: string): Promise<void> {
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
	for (let index = 0; index < ENDED; index++) {
		const agoMs = (ENDED - index) * 1000;
		const copy = uuid({ msecs: Date.parse(createdAt) - agoMs });
		const retold = (text: string): string =>
			inThePast(text.replaceAll(id, copy), agoMs).replaceAll(`"name":"${name}"`, `"name":"old-${index}"`);
		const run = join(folder, "jobs", copy, "runs", "1");
		mkdirSync(run, { recursive: true, mode: 0o700 });
		for (const [path, text] of files) writeFileSync(join(folder, "jobs", copy, path), retold(text), { mode: 0o600, encoding: "latin1" });
		paths.push(...fifos.map((fifo) => join(run, fifo)));
		mkdirSync(join(folder, "names", `old-${index}`), { mode: 0o700 });
		writeFileSync(join(folder, "names", `old-${index}`, "1"), `${copy}\n`, { mode: 0o600 });
		ledger.push(retold(lines));
	}
	for (let first = 0; first < paths.length; first += 1000) execFileSync("mkfifo", ["-m", "600", ...paths.slice(first, first + 1000)]);
	appendFileSync(join(folder, "ledger.jsonl"), ledger.join(""));
}

/** Moves all times back. */
function inThePast(text: string, agoMs: number): string {
	return text
		.replace(/"(\d{4}-\d\d-\d\dT[\d:.]+Z)"/g, (_, time: string) => JSON.stringify(new Date(Date.parse(time) - agoMs).toISOString()))
		.replace(/("createdAtMs":)(\d+)/g, (_, key: string, ms: string) => `${key}${Number(ms) - agoMs}`);
}
