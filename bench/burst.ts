/** A thousand jobs through one handle. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "./support/benchmark.ts";
import type { Row } from "./support/row.ts";
import { command, type Scene } from "./support/scene.ts";
import { inTurns, pause, textOf, timed, until } from "./support/timing.ts";

const COUNT = 1000;
/** More requests under way gain nothing with systemd, fewer leave it waiting. */
const WIDTH = 32;
/** As many calls of systemd-run as make a steady rate. */
const LOOP_COUNT = 200;

export const burst: Benchmark = {
	name: "burst",
	platforms: ["posix", "systemd"],
	measure: (scene) => (scene.platform === "systemd" ? onSystemd(scene) : onPosix(scene)),
};

async function onSystemd(scene: Scene): Promise<readonly Row[]> {
	const hook = await hookOf(scene);
	const measures = ["acknowledged", "enqueued"].flatMap((kind) => [() => burstOf(scene, kind), () => floorOf(scene, kind, hook)]);
	const [acknowledged = 0, acknowledgedFloor = 0, enqueued = 0, enqueuedFloor = 0, loop = 0] = await inTurns(
		scene.rounds(3),
		...measures,
		systemdRun,
	);
	const row = (kind: string, chore: number, name: string, value: number, atLeast: number): Row => ({
		what: `${COUNT} jobs, ${kind}`,
		unit: "jobs/s",
		chore,
		peer: { name, value },
		bound: { of: "ratio", atLeast },
	});
	return [
		row("acknowledged", acknowledged, "systemd-run --no-block", loop, 1.5),
		row("acknowledged", acknowledged, "same requests and files", acknowledgedFloor, 0.9),
		row("enqueued", enqueued, "systemd-run --no-block", loop, 4),
		row("enqueued", enqueued, "same requests and files", enqueuedFloor, 0.9),
	];
}

async function onPosix(scene: Scene): Promise<readonly Row[]> {
	const [chore = 0, nohup = 0] = await inTurns(
		scene.rounds(3),
		() => burstOf(scene, "acknowledged"),
		() => {
			const script = 'i=0; while [ "$i" -lt "$1" ]; do nohup setsid true >"$2/nohup.$i" 2>&1 </dev/null & i=$((i + 1)); done; wait';
			return rate(LOOP_COUNT, timed(["sh", "-c", script, "sh", String(LOOP_COUNT), scene.folder], process.env).ms);
		},
	);
	return [{ what: `${COUNT} jobs`, unit: "jobs/s", chore, peer: { name: "nohup setsid true >file &", value: nohup }, bound: null }];
}

/** Puts the hook of chore's units in its place, where the floor finds it. */
async function hookOf(scene: Scene): Promise<string> {
	const session = scene.newSession();
	timed(command("run", "true"), scene.environment(session));
	const libexec = `${scene.home}/libexec`;
	const [hook] = readdirSync(libexec, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith("/hook"));
	return `${libexec}/${hook}`;
}

async function burstOf(scene: Scene, kind: string): Promise<number> {
	const session = scene.newSession();
	return inProcess(scene, session, "burst-chore.js", [scene.platform, String(COUNT), String(WIDTH), kind]);
}

async function floorOf(scene: Scene, kind: string, hook: string): Promise<number> {
	const session = scene.newSession();
	timed(command("run", "--name", "model", "true"), scene.environment(session));
	return inProcess(scene, session, "burst-floor.js", [String(COUNT), String(WIDTH), kind, hook]);
}

async function inProcess(scene: Scene, session: string, program: string, words: readonly string[]): Promise<number> {
	const path = fileURLToPath(new URL(program, import.meta.url));
	const { output } = timed([process.execPath, path, scene.home, session, ...words], process.env);
	await atRest(scene, session);
	return rate(COUNT, Number(output));
}

async function systemdRun(): Promise<number> {
	const loop = 'i=0; while [ "$i" -lt "$1" ]; do systemd-run --user --no-block --quiet true; i=$((i + 1)); done';
	const { ms } = timed(["sh", "-c", loop, "sh", String(LOOP_COUNT)], process.env);
	await pause(500);
	return rate(LOOP_COUNT, ms);
}

/** All ends are recorded, and the manager has let go of the units. */
async function atRest(scene: Scene, session: string): Promise<void> {
	const jobs = `${scene.sessionFolder(session)}/jobs`;
	for (const id of readdirSync(jobs)) {
		const record = `${scene.runFolder(session, id)}/exit`;
		await until(`the end of job ${id} is recorded`, () => textOf(record).trim() !== "");
	}
	if (scene.platform !== "systemd") return;
	const list = ["--user", "list-units", "--all", "--no-legend", "--plain", "chore-true-*", "chore-floor-*"];
	await until("systemd has let go of the units", () => execFileSync("systemctl", list, { encoding: "utf8" }).trim() === "");
}

function rate(count: number, ms: number): number {
	return (count * 1000) / ms;
}
