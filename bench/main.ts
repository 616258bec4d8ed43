/**
 * Runs the benchmarks of one platform and prints each row as a line of JSON. scripts/bench.mjs makes the table.
 *
 *   main.js PLATFORM [--rounds N] [--not-measured REASON] [WORD...]
 */
import { parseArgs } from "node:util";
import { api } from "./api.ts";
import { burst, enqueue } from "./burst.ts";
import { commands } from "./commands.ts";
import { history } from "./history.ts";
import { latency } from "./latency.ts";
import { logs } from "./logs.ts";
import { memory } from "./memory.ts";
import { prune } from "./prune.ts";
import { run } from "./run.ts";
import { schedules } from "./schedules.ts";
import type { Benchmark } from "./support/benchmark.ts";
import { judge } from "./support/row.ts";
import { type PlatformName, Scene } from "./support/scene.ts";
import { writing } from "./writing.ts";

const BENCHMARKS: readonly Benchmark[] = [commands, run, burst, enqueue, history, prune, logs, writing, latency, memory, schedules, api];

const { values, positionals } = parseArgs({
	options: { rounds: { type: "string" }, "not-measured": { type: "string" } },
	allowPositionals: true,
});
const [platform, ...words] = positionals as [PlatformName, ...string[]];
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
let scene: Scene | undefined;
let isInterrupted = false;

// What makes every start of Node slower would make all ratios look better.
for (const name of ["NODE_EXTRA_CA_CERTS", "NODE_OPTIONS", "NODE_COMPILE_CACHE", "NODE_V8_COVERAGE"]) delete process.env[name];

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
	process.once(signal, async () => {
		isInterrupted = true;
		await scene?.[Symbol.asyncDispose]();
		process.exit(130);
	});
}

for (const benchmark of BENCHMARKS) {
	const { name } = benchmark;
	if (!benchmark.platforms.includes(platform)) continue;
	if (words.length > 0 && !words.some((word) => `${platform} ${name}`.includes(word))) continue;
	if (values["not-measured"] !== undefined) print({ what: name, reason: values["not-measured"] });
	else await measure(benchmark);
}

async function measure(benchmark: Benchmark): Promise<void> {
	process.stderr.write(`# ${platform}: ${benchmark.name}\n`);
	scene = new Scene(platform, rounds);
	try {
		for (const row of await benchmark.measure(scene)) print("reason" in row ? row : judge(row));
	} catch (error) {
		// A signal that ended a program of ours is here before it is told of.
		await new Promise((resume) => setTimeout(resume, 50));
		if (!isInterrupted) report(benchmark, error);
	} finally {
		if (isInterrupted) await new Promise(() => {});
		await scene[Symbol.asyncDispose]();
		scene = undefined;
	}
}

function report({ name }: Benchmark, error: unknown): void {
	process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
	print({ what: name, reason: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) });
}

function print(row: object): void {
	console.log(JSON.stringify({ platform, ...row }));
}
