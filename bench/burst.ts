/** A thousand jobs through one handle. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "./support/benchmark.ts";
import type { Row } from "./support/row.ts";
import { command, type Scene } from "./support/scene.ts";
import { inTurns, textOf, timed, until } from "./support/timing.ts";

const COUNT = 1000;
/** As many calls of systemd-run as make a steady rate. */
const LOOP_COUNT = 200;

/** More only wait for each other: it is all done by this process. */
const POSIX_WIDTH = 8;

/** How a thousand jobs are started on systemd. */
interface Manner {
	readonly kind: "acknowledged" | "enqueued";
	/**
	 * How many starts are under way at any moment. The manager answers all requests that it has before it starts
	 * anything: enqueuing is fast only where all are there. To wait for each start, a few are enough.
	 */
	readonly width: number;
	/** By how much it is to be faster than a loop of systemd-run. */
	readonly gain: number;
}

const CHECKS = "the checks before a start, a name that no other job holds, and reading the record back for the answer";

/** Every start is acknowledged and recorded. */
export const burst: Benchmark = {
	name: "burst",
	platforms: ["posix", "systemd"],
	measure: (scene) => (scene.platform === "posix" ? onPosix(scene) : onSystemd(scene, { kind: "acknowledged", width: 16, gain: 1.5 })),
};

/** Every start is accepted. */
export const enqueue: Benchmark = {
	name: "enqueue",
	platforms: ["systemd"],
	measure: (scene) => onSystemd(scene, { kind: "enqueued", width: COUNT, gain: 4 }),
};

async function onSystemd(scene: Scene, manner: Manner): Promise<readonly Row[]> {
	const hook = await hookOf(scene);
	const [chore = 0, floor = 0, loop = 0] = await inTurns(
		scene.rounds(3),
		() => burstOf(scene, manner),
		() => floorOf(scene, manner, hook),
		systemdRun,
	);
	const row = { what: `${COUNT} jobs ${manner.kind}, ${manner.width} at once`, unit: "jobs/s", chore } as const;
	return [
		{ ...row, peer: { name: "systemd-run --no-block", value: loop }, bound: { of: "ratio", atLeast: manner.gain } },
		{ ...row, peer: { name: "same requests and files", value: floor }, bound: { of: "ratio", atLeast: 0.9 }, rest: CHECKS },
	];
}

async function onPosix(scene: Scene): Promise<readonly Row[]> {
	const [chore = 0, nohup = 0] = await inTurns(
		scene.rounds(3),
		() => burstOf(scene, { kind: "acknowledged", width: POSIX_WIDTH }),
		() => {
			const script = 'i=0; while [ "$i" -lt "$1" ]; do nohup setsid true >"$2/nohup.$i" 2>&1 </dev/null & i=$((i + 1)); done; wait';
			return rate(LOOP_COUNT, timed(["sh", "-c", script, "sh", String(LOOP_COUNT), scene.folder], process.env).ms);
		},
	);
	return [
		{
			what: `${COUNT} jobs, ${POSIX_WIDTH} at once`,
			unit: "jobs/s",
			chore,
			peer: { name: "nohup setsid true >file &", value: nohup },
			bound: { of: "ratio", atLeast: 0.3 },
			rest: "a job takes six programs where nohup takes three; the dearest is the sed that looks in all of /proc for what it left behind",
		},
	];
}

/** Puts the hook of chore's units in its place, where the floor finds it. */
async function hookOf(scene: Scene): Promise<string> {
	const session = scene.newSession();
	timed(command("run", "true"), scene.environment(session));
	const libexec = `${scene.home}/libexec`;
	const [hook] = readdirSync(libexec, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith("/hook"));
	return `${libexec}/${hook}`;
}

async function burstOf(scene: Scene, { kind, width }: Pick<Manner, "kind" | "width">): Promise<number> {
	const session = scene.newSession();
	return inProcess(scene, session, "burst-chore.js", [scene.platform, String(COUNT), String(width), kind]);
}

async function floorOf(scene: Scene, { kind, width }: Manner, hook: string): Promise<number> {
	const session = scene.newSession();
	timed(command("run", "--name", "model", "true"), scene.environment(session));
	return inProcess(scene, session, "burst-floor.js", [String(COUNT), String(width), kind, hook]);
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
	await until("the manager has let go of its units", () => {
		const units = execFileSync("systemctl", ["--user", "list-units", "--all", "--no-legend", "--plain", "run-r*"], { encoding: "utf8" });
		return units.trim() === "";
	});
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
