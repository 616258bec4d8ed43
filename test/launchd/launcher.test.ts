/** The shell text that starts a run as `start` does: a launchctl of the test's own answers as told. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import type { RunSpec } from "../../platform/contract.ts";
import { Launchctl } from "../../platform/launchd/launchctl.ts";
import { launcherText } from "../../platform/launchd/launcher.ts";
import { serviceText } from "../../platform/launchd/start.ts";
import { SHELLS } from "../posix/support.ts";
import { parsePropertyList } from "./simulator/property-list.ts";

const ID = "01a1fc6a-bfa7-7409-b96b-acaaac0b880a";
const LABEL = `dev.chore.job.${ID}.3`;

/** Exit codes of `print gui/501`, of `bootstrap` and of `print` of the service, and what that prints. */
interface Answers {
	readonly domain?: number;
	readonly bootstrap?: number;
	readonly service?: number;
	readonly printed?: string;
}

const LAUNCHCTL = `#!/bin/sh
case $1:$2 in
print:gui/501) echo 'Bad request.' >&2; exit "$DOMAIN" ;;
bootstrap:*) echo 'Bootstrap failed' >&2; exit "$BOOTSTRAP" ;;
*) printf '%s\\n' "$PRINTED"; exit "$SERVICE" ;;
esac
`;

/** A run in a folder whose path a shell, sed or XML could misread, and a way to call one of the functions in a shell. */
function place(folder: string) {
	const jobFolder = `${folder}/$HOME \`x\` \\1 "q" it's & <é>/${ID}`;
	const runFolder = `${jobFolder}/runs/3`;
	mkdirSync(runFolder, { recursive: true });
	const launchctl = `${folder}/launch ctl`;
	writeFileSync(launchctl, LAUNCHCTL);
	chmodSync(launchctl, 0o700);
	const run: RunSpec = {
		...{ jobId: ID, run: 3, label: "test", description: "test", jobFolder, runFolder, native: {}, acknowledge: true },
		start: `${jobFolder}/start`,
		limits: { timeoutMs: 1000, memoryBytes: null, cpus: null, tasks: null },
		restart: { policy: "no", delayMs: 0, max: null },
		stopping: { signal: "SIGTERM", graceMs: 10_000, hangUp: false },
	};
	const means = {
		launchctl: new Launchctl(launchctl),
		...{ shell: ["/bin/sh"], leader: "", waiterShell: "/bin/bash", waiter: `${jobFolder}/waiter`, shim: `${jobFolder}/shim` },
	};
	const call = (shell: readonly string[], what: string, { domain = 0, bootstrap = 0, service = 0, printed = "" }: Answers) => {
		const [command = "", ...words] = shell;
		const text = 'umask 077; id=$2 run=$3 schedule=$3; begun() { echo begun; }; eval "$1"; eval "$4"; echo "$?"';
		const { stdout, stderr } = spawnSync(command, [...words, "-c", text, "sh", launcherText(run, 501, means), ID, runFolder, what], {
			env: {
				PATH: "/usr/bin:/bin",
				LC_ALL: "C.UTF-8",
				DOMAIN: `${domain}`,
				BOOTSTRAP: `${bootstrap}`,
				SERVICE: `${service}`,
				PRINTED: printed,
			},
			encoding: "utf8",
			stdio: ["ignore", "pipe", "pipe"],
		});
		return { said: stdout.trim().split("\n"), stderr };
	};
	return { run, means, runFolder, call };
}

const OURS = "{\n\tpath = RUN/launchd.plist\n\tstate = running";
const STARTS: readonly (readonly [said: readonly string[], answers: Answers, domain?: string])[] = [
	[["begun", "0"], {}, "gui/501"],
	...[112, 113, 125].map((domain) => [["begun", "0"], { domain }, "user/501"] as const),
	[["1"], { domain: 1 }],
	[["Bootstrap failed", "begun", "0"], { bootstrap: 5, printed: OURS }, "gui/501"],
	[["Bootstrap failed", "1"], { bootstrap: 5, printed: "{\n\tpath = /other.plist\n" }],
	...[112, 113, 125].map((service) => [["Bootstrap failed", "1"], { bootstrap: 137, service }] as const),
	[["Bootstrap failed", "2"], { bootstrap: 137, service: 1 }, "gui/501"],
];

const ALIVE: readonly (readonly [code: string, answers: Answers])[] = [
	["0", { printed: "{\n\tstate = running\n\tpid = 7\n\tlast exit code = 3\n" }],
	["0", { printed: "{\n\tstate = not running\n\tlast exit code = (never exited)\n" }],
	["1", { printed: "{\n\tstate = not running\n\tlast exit code = 78: EX_CONFIG\n" }],
	["1", { printed: "{\n\tstate = not running\n\tlast terminating signal = Killed: 9\n" }],
	...[112, 113, 125].map((service) => ["1", { service }] as const),
	["0", { service: 1 }],
];

for (const [name, shell, skip] of SHELLS) {
	test(`a run is handed to launchd as by a start, and what a refusal means is told, under ${name}`, { skip }, () => {
		const folder = mkdtempSync(`${tmpdir()}/chore-launcher-`);
		try {
			const { run, means, runFolder, call } = place(folder);
			for (const [said, answers, domain] of STARTS) {
				const what = `${name}: ${JSON.stringify(answers)}`;
				const ours = (answers.printed ?? "").replace("RUN", () => runFolder);
				assert.deepEqual(call(shell, "launch", { ...answers, printed: ours }), { said, stderr: "" }, what);
				const files = readdirSync(runFolder).sort();
				if (domain === undefined) {
					for (const file of ["alive", "launchd.plist", "launchd.domain"]) assert.ok(!files.includes(file), `${what}: ${file}`);
				} else {
					const sizes = ["launchd.log", "message", "pid", "session-ended.blank", "timer", "waiter"];
					assert.deepEqual(files, ["alive", ...["launchd.domain", "launchd.log", "launchd.plist"], ...sizes.slice(1)], what);
					assert.deepEqual(
						sizes.map((file) => readFileSync(`${runFolder}/${file}`).length),
						[0, 128, 64, 0, 64, 64],
					);
					assert.equal(readFileSync(`${runFolder}/launchd.domain`, "utf8"), `${domain}\n`);
					const expected = parsePropertyList(serviceText(run, { ...means, domain }));
					assert.deepEqual(parsePropertyList(readFileSync(`${runFolder}/launchd.plist`, "utf8")), expected, what);
					assert.ok(JSON.stringify(expected).includes(`"${domain}/${LABEL}"`));
				}
				for (const file of files) rmSync(`${runFolder}/${file}`);
			}
		} finally {
			rmSync(folder, { recursive: true });
		}
	});

	test(`a run that has not begun may be active as long as launchd has it and it has not ended, under ${name}`, { skip }, () => {
		const folder = mkdtempSync(`${tmpdir()}/chore-launcher-`);
		try {
			const { runFolder, call } = place(folder);
			const isAlive = (answers: Answers) => call(shell, 'alive "$run"', answers);
			assert.deepEqual(isAlive({}), { said: ["1"], stderr: "" }); // it has no files
			execFileSync("mkfifo", [`${runFolder}/alive`]);
			writeFileSync(`${runFolder}/pid`, `${" ".repeat(63)}\n`);
			assert.deepEqual(isAlive({ printed: "{\n\tpid = 7\n" }), { said: ["1"], stderr: "" }); // launchd was not asked for it
			writeFileSync(`${runFolder}/launchd.domain`, "gui/501\n");
			for (const [code, answers] of ALIVE) assert.deepEqual(isAlive(answers), { said: [code], stderr: "" }, JSON.stringify(answers));
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
}
