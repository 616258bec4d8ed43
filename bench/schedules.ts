/** What a schedule costs: to fire, to be refused, to be late, to be made, and to be shown among many. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Chore, Job, ScheduleOptions } from "../src/index.ts";
import type { Benchmark } from "./support/benchmark.ts";
import { inFlight } from "./support/in-flight.ts";
import type { NotMeasured, Row } from "./support/row.ts";
import { command, type Scene } from "./support/scene.ts";
import { inTurns, median, textOf, timed, until } from "./support/timing.ts";

/** A moment that does not come. */
const NEVER = "2199-01-01";

/** To remove one takes the longer the more there are: with a thousand it takes minutes. */
const MANY = 300;
/** As many calls of systemd-run as make a steady rate. */
const LOOP_COUNT = 100;
/** As in burst.ts. */
const WIDTH = 16;

export const schedules: Benchmark = {
	name: "schedules",
	platforms: ["systemd"],
	measure: async (scene) => [...(await firingRows(scene)), ...(await slotRows(scene)), ...(await manyRows(scene))],
};

/** The fire program by itself, as a timer or cron starts it. */
async function firingRows(scene: Scene): Promise<readonly (Row | NotMeasured)[]> {
	const session = scene.newSession();
	const chore = await scene.open(session);
	const make = async (schedule: ScheduleOptions): Promise<string> => {
		const { id } = await chore.run({ command: ["true"], schedule: { calendar: [NEVER], keepRuns: 5, ...schedule } });
		return join(scene.sessionFolder(session), "jobs", id);
	};
	const [job, early] = [await make({}), await make({ notBefore: new Date("2037-01-01") })];
	const [program] = readdirSync(`${scene.home}/libexec`, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith("/fire"));
	const fire = ["/bin/sh", `${scene.home}/libexec/${program}`];
	const words = [...fire, job];
	let run = 0;
	const over = async (): Promise<void> => {
		const record = `${job}/runs/${++run}/exit`;
		await until("the run's end is recorded", () => textOf(record).trim() !== "");
	};
	const fired = async (): Promise<number> => {
		const ms = processorTime(words);
		await over();
		return ms;
	};
	const [firing = 0, refusal = 0, shell = 0] = await inTurns(
		scene.rounds(25),
		fired,
		() => processorTime([...fire, early]),
		() => processorTime(["/bin/sh", "-c", ":"]),
	);
	const peer = { name: "sh -c :", value: shell };
	const rest = "some fifteen programs of a few ms each: date, sed for each file, cp, mv, and systemctl, which takes a quarter";
	return [
		{ what: "a firing, CPU without the run", unit: "ms", chore: firing, peer, bound: { of: "value", atMost: 40 }, rest },
		{ what: "a firing that is refused, CPU", unit: "ms", chore: refusal, peer, bound: { of: "value", atMost: 6 } },
		await memoryRow(words, over),
	];
}

/** Milliseconds of CPU time that a program and its children take, by bash(1), which tells them to the millisecond. */
function processorTime(words: readonly string[]): number {
	const script = 'TIMEFORMAT="%U %S"; exec 3>&1; { time "$@" >/dev/null 2>&1; } 2>&3';
	const [user = Number.NaN, system = Number.NaN] = timed(["bash", "-c", script, "bash", ...words], process.env)
		.output.split(" ")
		.map(Number);
	return (user + system) * 1000;
}

async function memoryRow(words: readonly string[], over: () => Promise<void>): Promise<Row | NotMeasured> {
	const what = "a firing, RSS of its largest process";
	try {
		const { output } = timed(["sh", "-c", '/usr/bin/time -f %M "$@" 2>&1', "sh", ...words], process.env);
		await over();
		return { what, unit: "kB", chore: Number(output), peer: null, bound: { of: "value", atMost: 8192 } };
	} catch {
		return { what, reason: "there is no /usr/bin/time of GNU" };
	}
}

/** How late real timers are, and what the manager and all that it starts take for them; beside timers of systemd-run. */
async function slotRows(scene: Scene): Promise<readonly Row[]> {
	const count = scene.rounds(100);
	const session = scene.newSession();
	const chore = await scene.open(session);
	const line = (file: string): readonly string[] => ["sh", "-c", 'date +%s%N >>"$0"', join(scene.folder, file)];
	// The manager starts a service of systemd-run five times in ten seconds at most: two of each take turns.
	const calendars = ["*:*:0/4", "*:*:2/4"];
	const ours = await slots(scene, count, "ours", async (file) => {
		const jobs: Job[] = [];
		for (const calendar of calendars) jobs.push(await chore.run({ command: line(file), schedule: { calendar: [calendar], keepRuns: 5 } }));
		return () => removeAll(chore, jobs);
	});
	const theirs = await slots(scene, count, "theirs", async (file) => {
		const units = calendars.map((calendar, index) => {
			const unit = `chore-bench-${process.pid}-${index}`;
			const options = ["--quiet", `--unit=${unit}`, `--on-calendar=${calendar}`, "--timer-property=AccuracySec=1ms"];
			execFileSync("systemd-run", ["--user", ...options, ...line(file)]);
			return `${unit}.timer`;
		});
		return async () => {
			execFileSync("systemctl", ["--user", "stop", ...units]);
		};
	});
	const peer = (value: number): NonNullable<Row["peer"]> => ({ name: "systemd-run --on-calendar", value });
	const row = (what: string, of: (delays: readonly number[]) => number): Row => ({
		what: `slot until the job runs, ${what} of ${count}`,
		unit: "ms",
		chore: of(ours.delaysMs),
		peer: peer(of(theirs.delaysMs)),
		bound: null,
	});
	return [
		row("median", median),
		row("worst", (delays) => Math.max(...delays)),
		{ what: "a firing, CPU with the run and the manager", unit: "ms", chore: ours.cpuMs, peer: peer(theirs.cpuMs), bound: null },
	];
}

interface Slots {
	readonly delaysMs: readonly number[];
	/** The CPU time of the manager and of all that it started, for each. */
	readonly cpuMs: number;
}

/**
 * Waits until something has written so many moments into a file, each a while after an even second.
 * @param begin has it begin; what it returns ends it
 */
async function slots(scene: Scene, count: number, file: string, begin: (file: string) => Promise<() => Promise<void>>): Promise<Slots> {
	const path = join(scene.folder, file);
	const lines = (): readonly string[] => textOf(path).trim().split("\n").filter(Boolean);
	const end = await begin(file);
	try {
		await until("the first one has fired", () => lines().length > 0);
		const before = managerTime();
		for (let index = 2; index <= count + 1; index++) await until(`slot ${index} has fired`, () => lines().length >= index);
		const cpuMs = (managerTime() - before) / count;
		// Nanoseconds since 1970 have more digits than a number.
		const delaysMs = lines()
			.slice(1)
			.map((nanoseconds) => Number(BigInt(nanoseconds) % 2_000_000_000n) / 1e6);
		return { delaysMs, cpuMs };
	} finally {
		await end();
	}
}

/** Milliseconds of CPU time of the user's manager and of all its children that have ended (proc_pid_stat(5)). */
function managerTime(): number {
	const parent = execFileSync("systemd-run", ["--user", "--quiet", "--pipe", "--wait", "sh", "-c", "echo $PPID"], { encoding: "utf8" });
	const fields = textOf(`/proc/${parent.trim()}/stat`)
		.replace(/^.*\) /, "")
		.split(" ");
	return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
}

async function manyRows(scene: Scene): Promise<readonly Row[]> {
	const [one, many] = [scene.newSession(), scene.newSession()];
	const make = (chore: Chore) => chore.run({ command: ["true"], schedule: { calendar: [NEVER] } });
	const [first, chore] = [await scene.open(one), await scene.open(many)];
	await make(first);
	const began = performance.now();
	await inFlight(MANY, WIDTH, () => make(chore));
	const armed = (MANY * 1000) / (performance.now() - began);
	const loop = 'i=0; while [ "$i" -lt "$1" ]; do systemd-run --user -q --unit="$2-$i" --on-calendar="$3" true; i=$((i + 1)); done';
	const prefix = `chore-bench-${process.pid}-many`;
	const { ms } = timed(["sh", "-c", loop, "sh", String(LOOP_COUNT), prefix, NEVER], process.env);
	execFileSync("systemctl", ["--user", "stop", `${prefix}-*.timer`]);
	const cost = (session: string) => (): number => timed(command("schedule"), scene.environment(session)).ms;
	const [long = 0, short = 0] = await inTurns(scene.rounds(9), cost(many), cost(one));
	await removeAll(chore, await chore.schedules());
	await removeAll(first, await first.schedules());
	return [
		{
			what: `${MANY} schedules made, ${WIDTH} at once`,
			unit: "jobs/s",
			chore: armed,
			peer: { name: "systemd-run --on-calendar", value: (LOOP_COUNT * 1000) / ms },
			bound: null,
		},
		{
			what: `schedule, ${MANY} of them`,
			unit: "ms",
			chore: long,
			peer: { name: "schedule, 1 of them", value: short },
			bound: { of: "ratio", atMost: 3 },
			rest: "of each its files are read, the manager is asked, and its moments are reckoned",
		},
	];
}

async function removeAll(chore: Chore, jobs: readonly { readonly id: string }[]): Promise<void> {
	await inFlight(jobs.length, WIDTH, async (index) => chore.remove(jobs[index]?.id ?? "", { force: true }));
}
