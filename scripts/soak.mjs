// Uses chore hard for a long time: kills processes at random on posix and systemd, has many processes use one session, damages
// files of the state in many ways, asks a server for long, and runs the steps of scripts/workbench/ui.mjs in the oldest editor (.ci/run
// does so in the newest). `npm test` makes a few of these rounds. Each round has another seed, which is printed if it fails;
// CHORE_TEST_SEED repeats it.
//
//   soak.mjs [--minutes N]    default 10
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { WORKBENCHES } from "./workbench/install.mjs";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
	console.error("soak: --minutes must be a number above 0");
	process.exit(2);
}

for (const [program, ...words] of [
	[process.execPath, "scripts/build.mjs"],
	["node_modules/.bin/tsc", "-p", "tsconfig.json"],
]) {
	if (spawnSync(program, words, { stdio: "inherit" }).status !== 0) process.exit(1);
}

/** The test files: the share of the time that each gets, and how much it does in one round (test/support/rounds.ts). */
const PARTS = [
	{ name: "faults/posix-crash-loop", share: 0.28, rounds: 600 },
	{ name: "faults/systemd-crash-loop", share: 0.28, rounds: 300 },
	{ name: "faults/mixed", share: 0.16, rounds: 200 },
	{ name: "faults/races", share: 0.05, rounds: 60 },
	{ name: "faults/damaged", share: 0.05, rounds: 400 },
	{ name: "core/calendar-systemd", share: 0.01, rounds: 300 },
	{ name: "systemd/refused-start", share: 0.03, rounds: 40 },
	{ name: "posix/ending", share: 0.01, rounds: 40 },
	{ name: "posix/limit", share: 0.03, rounds: 24 },
	{ name: "posix/restart", share: 0.03, rounds: 24 },
	{ name: "posix/control", share: 0.03, rounds: 200 },
	{ name: "posix/pause", share: 0.02, rounds: 24 },
	{ name: "posix/clock-change", share: 0, rounds: 1 },
	// Ten minutes of 50 requests a second.
	{ name: "api/steady", share: 0.04, rounds: 30_000 },
];
const totals = [];
let failed = false;
for (const { name, share, rounds } of PARTS) {
	const until = performance.now() + minutes * 60_000 * share;
	const figures = new Map();
	let times = 0;
	do {
		const seed = Math.floor(Math.random() * 1e9);
		const { status, stdout } = spawnSync(process.execPath, ["--test", "--test-reporter=spec", `dist-test/test/${name}.test.js`], {
			env: { ...process.env, CHORE_TEST_SEED: String(seed), CHORE_TEST_ROUNDS: String(rounds) },
			encoding: "utf8",
			maxBuffer: 1 << 28,
		});
		times++;
		// "12 rounds, 34 jobs, …" in the diagnostics of the test.
		for (const [, count, what] of stdout.matchAll(/(?<=^ℹ .*)\b(\d+) (rounds|jobs|kills|lost|verbs|requests)\b/gm))
			figures.set(what, (figures.get(what) ?? 0) + Number(count));
		if (status !== 0) {
			failed = true;
			console.error(`# ${name} failed: CHORE_TEST_SEED=${seed}\n${stdout.slice(stdout.indexOf("failing tests"))}`);
		}
	} while (performance.now() < until && !failed);
	totals.push([`${name}: ${times} times`, ...[...figures].map(([what, count]) => `${count} ${what}`)].join(", "));
	console.log(`# ${totals.at(-1)}`);
}
const oldest = Object.keys(WORKBENCHES).at(-1);
for (const words of [["scripts/package.mjs"], ["scripts/workbench/ui.mjs", oldest]]) {
	if (!failed && spawnSync(process.execPath, words, { stdio: "inherit" }).status !== 0) failed = true;
}
console.log(failed ? "# failed" : `# ${minutes} minutes, all well`);
process.exitCode = failed ? 1 : 0;
