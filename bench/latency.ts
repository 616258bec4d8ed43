/** The time from an event of a job until the waiting command reacts. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { appendFileSync, closeSync, openSync, readdirSync, watch } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Benchmark } from "./support/benchmark.ts";
import type { Row } from "./support/row.ts";
import { command, type Scene } from "./support/scene.ts";
import { inTurns, median, pause, textOf, until } from "./support/timing.ts";

/** Milliseconds above the bare event. */
const BOUND = { of: "excess", atMost: 15 } as const;

/** Between the end and the record; who waits has it from inotify(7) at once. */
const REST = {
	posix: "the shim is scheduled, judges the end and writes the record",
	systemd: "the manager notices the end and starts the hook, a shell that writes the record",
};

export const latency: Benchmark = {
	name: "latency",
	platforms: ["posix", "systemd"],
	measure: async (scene) => [await lineRow(scene), ...(await endRows(scene))],
};

/** A line is written, and `logs -f` prints it; the bare event is what fs.watch tells this process of the same line. */
async function lineRow(scene: Scene): Promise<Row> {
	const session = scene.newSession();
	const [job] = await scene.live(await scene.open(session), 1);
	const [log = ""] = job?.output.paths ?? [];
	const follower = start(command("logs", "-f", job?.id ?? ""), scene.environment(session));
	const printed: number[] = [];
	const seen: number[] = [];
	let lines = 0;
	follower.stdout?.on("data", (data: Buffer) => {
		for (const byte of data) if (byte === 0x0a) printed[lines++] = performance.now();
	});
	const watcher = watch(log, () => seen.push(performance.now()));
	try {
		// Once `logs -f` has printed a first line it is waiting for the next.
		appendFileSync(log, "first\n");
		await until("logs -f prints the first line", () => lines === 1);
		const ours: number[] = [];
		const bare: number[] = [];
		for (let round = 0; round < scene.rounds(50); round++) {
			await pause(20);
			seen.length = 0;
			const written = performance.now();
			appendFileSync(log, `line ${round}\n`);
			await until("both have seen the line", () => lines === round + 2 && seen.length > 0);
			ours.push((printed[round + 1] ?? Number.NaN) - written);
			bare.push((seen[0] ?? Number.NaN) - written);
		}
		const peer = { name: "fs.watch", value: median(bare) };
		return { what: "line written, until logs -f prints it", unit: "ms", chore: median(ours), peer, bound: BOUND };
	} finally {
		watcher.close();
		follower.kill();
	}
}

/** The last process of a job ends, and `wait` returns; the bare event is what waitpid(2) tells the parent of the same program. */
async function endRows(scene: Scene): Promise<readonly Row[]> {
	const session = scene.newSession();
	const chore = await scene.open(session);
	let number = 0;
	/** Lets the program end once it is waiting, and measures the time until `over` resolves. */
	const time = async (
		begin: (words: readonly string[]) => Promise<{ ready(): Promise<void>; over: Promise<unknown> }>,
	): Promise<number> => {
		const fifo = join(scene.folder, `end.${++number}`);
		execFileSync("mkfifo", [fifo]);
		const running = begin(["cat", fifo]);
		// The program reads until the FIFO has no writer.
		const writer = openSync(fifo, "r+");
		const { ready, over } = await running;
		await ready();
		const began = performance.now();
		const told = over.then(() => performance.now() - began);
		closeSync(writer);
		return told;
	};
	const reading = async (record: string): Promise<void> =>
		until("the job has started", () => textOf(record).trim() !== "").then(() => pause(50));
	const waiter = (words: readonly string[], wait: (id: string) => { ready(): Promise<void>; over: Promise<unknown> }) =>
		chore.run({ command: words }).then(async ({ id }) => {
			await reading(join(scene.runFolder(session, id), "started"));
			return wait(id);
		});
	const follower = start(command("events", "-f", "--json"), scene.environment(session));
	const told = new EventEmitter();
	const lines = createInterface({ input: follower.stdout ?? process.stdin });
	lines.on("line", (line) => {
		const { event, id } = JSON.parse(line) as { readonly event: string; readonly id: string };
		told.emit(`${event} ${id}`);
	});
	await watching(follower);
	const [byCommand = 0, byEvent = 0, byLibrary = 0, bare = 0] = await inTurns(
		scene.rounds(15),
		() =>
			time((words) =>
				waiter(words, (id) => {
					const child = start(command("wait", id), scene.environment(session));
					return { ready: () => watching(child), over: ended(child) };
				}),
			),
		() => time((words) => waiter(words, (id) => ({ ready: () => pause(100), over: once(told, `exited ${id}`) }))),
		() => time((words) => waiter(words, (id) => ({ ready: () => pause(100), over: chore.wait(id) }))),
		() =>
			time(async (words) => {
				const child = start(words, process.env);
				return { ready: () => pause(100), over: ended(child) };
			}),
	);
	follower.kill();
	const common = { unit: "ms", peer: { name: "waitpid of the same", value: bare }, bound: BOUND, rest: REST[scene.platform] } as const;
	return [
		{ ...common, what: "job ends, until the command wait returns", chore: byCommand },
		{ ...common, what: "job ends, until events -f tells it", chore: byEvent },
		{ ...common, what: "job ends, until wait() resolves", chore: byLibrary },
	];
}

function start(words: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
	const [program = "", ...rest] = words;
	return spawn(program, rest, { env: environment, stdio: ["ignore", "pipe", "inherit"] });
}

function ended(child: ChildProcess): Promise<void> {
	return new Promise((resolve, reject) => child.once("error", reject).once("exit", () => resolve()));
}

/** A process that waits for a file to change has an inotify watch (proc_pid_fdinfo(5)); the rest is ready soon after. */
async function watching({ pid }: ChildProcess): Promise<void> {
	const folder = `/proc/${pid}/fdinfo`;
	await until("wait is waiting", () => readdirSync(folder).some((name) => textOf(join(folder, name)).includes("inotify wd:")));
	await pause(200);
}
