// Builds, runs the benchmarks in bench/ and prints one table: medians of chore and its peers, measured in turns in one run.
// `npm run bench -- run burst` runs those whose platform or name holds one of the words. A missed bound is not a failure: a
// line below the table says where the rest goes. The files are in memory; TMPDIR=/var/tmp measures with those of a disk.
//
//   bench.mjs [--json FILE] [--rounds N] [--no-build] [WORD...]
import { spawn, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
	options: {
		json: { type: "string", default: "dist-test/bench.json" },
		rounds: { type: "string" },
		build: { type: "boolean", default: true },
	},
	allowPositionals: true,
	allowNegative: true,
});
if (values.rounds !== undefined && !/^[1-9][0-9]*$/.test(values.rounds)) {
	console.error("bench: --rounds must be a whole number, 1 or more");
	process.exit(2);
}

if (values.build) {
	step(process.execPath, "scripts/build.mjs");
	step("node_modules/.bin/tsc", "-p", "tsconfig.json");
}

const beside = managerNeeded();
const results = [...(await measure("posix", [], undefined)), ...(await measure("systemd", beside.words, beside.reason))];
writeFileSync(values.json, `${JSON.stringify({ node: process.version, processors: cpus().length, results }, null, "\t")}\n`);
console.log(table(results));
for (const { platform, what, met, rest } of results) if (met === false && rest) console.log(`missed: ${platform}, ${what}: ${rest}`);

/** Runs a program to its end. If it fails, ends this process with its exit code. */
function step(program, ...words) {
	const { status } = spawnSync(program, words, { stdio: ["ignore", "ignore", "inherit"] });
	if (status !== 0) process.exit(status ?? 1);
}

/** The words that run a program beside a user manager, or the reason why there is none. Root starts a private one. */
function managerNeeded() {
	if (process.platform !== "linux") return { words: [], reason: "systemd is for Linux" };
	if (process.geteuid() !== 0) return { words: [], reason: noManager() };
	const missing = ["/lib/systemd/systemd", "/usr/bin/setpriv", "/usr/bin/nsenter", "/usr/bin/dbus-daemon"].find(
		(path) => !existsSync(path),
	);
	if (missing !== undefined) return { words: [], reason: `no private user manager without ${missing}` };
	if (spawnSync("unshare", ["-m", "true"]).status !== 0) {
		return { words: [], reason: "no private user manager where mount namespaces are not allowed" };
	}
	return { words: ["bash", "test/support/user-manager.sh", "with"], reason: undefined };
}

/** Why the user's own manager cannot be used, or undefined. */
function noManager() {
	const { status, stderr } = spawnSync("systemctl", ["--user", "show-environment"], { encoding: "utf8" });
	return status === 0 ? undefined : `no systemd user manager answers: ${stderr?.trim() || "there is no systemctl"}`;
}

/** Runs the benchmarks of one platform. @returns its rows; also when its user manager fails, with the reason in each */
async function measure(platform, before, reason) {
	const words = [process.execPath, "dist-test/bench/main.js", platform];
	if (values.rounds !== undefined) words.push("--rounds", values.rounds);
	const without = reason === undefined ? [] : ["--not-measured", reason];
	const rows = await run([...before, ...words, ...without, ...positionals]);
	if (rows.failed === undefined) return rows;
	// The manager failed: list the benchmarks as not measured, with the reason.
	return [
		...rows,
		...(rows.length > 0
			? [{ platform, what: "the rest", reason: rows.failed }]
			: await run([...words, "--not-measured", rows.failed, ...positionals])),
	];
}

async function run([program, ...words]) {
	const child = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
	// At a signal the child ends its jobs and the manager that was started for it.
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
		process.removeAllListeners(signal).once(signal, () => {
			child.once("exit", () => process.exit(130));
			child.kill(signal);
		});
	}
	const rows = [];
	for await (const line of createInterface(child.stdout)) if (line.startsWith("{")) rows.push(JSON.parse(line));
	if (child.exitCode === null && child.signalCode === null) await new Promise((resume) => child.once("exit", resume));
	if (child.exitCode !== 0) rows.failed = `${program} ended with ${child.signalCode ?? child.exitCode}`;
	return rows;
}

function table(rows) {
	const lines = [["", "what", "chore", "peer", "", "ratio", "bound", ""]];
	for (const { platform, what, unit, chore, peer, ratio, bound, met, reason } of rows) {
		if (reason !== undefined) lines.push([platform, what, `not measured: ${reason}`]);
		else {
			const verdict = met === null ? "" : met ? "met" : "missed";
			lines.push([
				platform,
				what,
				amount(chore, unit),
				peer ? amount(peer.value, unit) : "",
				peer?.name ?? "",
				ratio?.toFixed(2) ?? "",
				words(bound, unit),
				verdict,
			]);
		}
	}
	const widths = lines[0].map((_, column) =>
		Math.max(...lines.filter((line) => line.length > 3 || column < 2).map((line) => line[column]?.length ?? 0)),
	);
	const right = [false, false, true, true, false, true, true, false];
	return lines
		.map((line) =>
			line
				.map((text, column) =>
					line.length < 4 && column === 2 ? text : right[column] ? text.padStart(widths[column]) : text.padEnd(widths[column]),
				)
				.join("  ")
				.trimEnd(),
		)
		.join("\n");
}

function amount(value, unit) {
	return `${value.toFixed(value < 100 ? 1 : 0)} ${unit}`;
}

function words(bound, unit) {
	if (bound === null) return "";
	const sign = "atMost" in bound ? "≤" : "≥";
	const limit = bound.atMost ?? bound.atLeast;
	if (bound.of === "ratio") return `${sign} ${limit} ×`;
	return bound.of === "excess" ? `≤ peer + ${limit} ${unit}` : `≤ ${limit} ${unit}`;
}
