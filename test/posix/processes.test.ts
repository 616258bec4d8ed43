/** How processes are read from what the systems print. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { variableIn } from "../../platform/proc.ts";
import { parseProcStat, procTable } from "../../platform/shell/proc.ts";
import { PsTable, parsePs } from "../../platform/shell/ps.ts";
import { eventually } from "../support/eventually.ts";
import { MAC_PS, skipUnlessProc } from "./support.ts";

const NUMBERS = "34817 77 4194304 1 2 3 4 100 20 30 4 20 0 1 0 987654 8192 100";

for (const name of ["sh", "a b", ") Z 1 1 (", "tab\\n)"]) {
	test(`the process named ${JSON.stringify(name)} is read from /proc`, () => {
		const stat = parseProcStat(`77 (${name}) T 12 34 56 ${NUMBERS}\n`);
		assert.deepEqual(stat, { state: "T", parentPid: 12, groupId: 34, cpuTicks: 154, startedAt: "987654" });
	});
}

test("a text that is not from /proc/PID/stat gives undefined", () => {
	for (const text of ["", "77 (sh", "77 (sh) R 1 2"]) assert.equal(parseProcStat(text), undefined);
});

for (const [environment, value] of [
	["A=1\0CHORE_JOB_ID=abc\0B=2\0", "abc"],
	["CHORE_JOB_ID=abc\0", "abc"],
	["CHORE_JOB_ID=\0", ""],
	["X=CHORE_JOB_ID=abc\0", undefined],
	["XCHORE_JOB_ID=abc\0", undefined],
	["", undefined],
] as const) {
	test(`the mark in ${JSON.stringify(environment)} is ${value}`, () => {
		assert.equal(variableIn(environment, "CHORE_JOB_ID"), value);
	});
}

const PROCPS = `    1     0     1 Ss   Sat Nov 21 02:02:52 2026 init
  812     1   812 S    Sat Nov 21 02:03:00 2026 sh /job/start /job/runs/1
  813   812   812 Z    Sat Nov  1 02:03:00 2026 [sleep] <defunct>
  814   812   814 T+   Sat Nov 21 02:03:01 2026 vi a  b
not a line
`;
const PROCPS_WITH_ENVIRONMENT = `  812     1   812 S    Sat Nov 21 02:03:00 2026 sh /job/start /job/runs/1 A=1 CHORE_RUN_ID=1.0193-abc PWD=/
  813   812   812 Z    Sat Nov  1 02:03:00 2026 [sleep] <defunct>
  814   812   814 T+   Sat Nov 21 02:09:59 2026 chore CHORE_RUN_ID=1.0193-later
`;

test("processes are read from ps, without zombies, with the mark of the same process only", () => {
	const seen = parsePs(PROCPS, PROCPS_WITH_ENVIRONMENT).map((process) => [
		...[process.pid, process.parentPid, process.groupId, process.stopped, process.startedAt],
		...[process.command(), process.environment()("CHORE_RUN_ID")],
	]);
	assert.deepEqual(seen, [
		[1, 0, 1, false, "Sat Nov 21 02:02:52 2026", "init", undefined],
		[812, 1, 812, false, "Sat Nov 21 02:03:00 2026", "sh /job/start /job/runs/1", "1.0193-abc"],
		[814, 812, 814, true, "Sat Nov 21 02:03:01 2026", "vi a  b", undefined],
	]);
});

test("ps of macOS shows the environment by another option", { skip: skipUnlessProc }, async () => {
	const folder = mkdtempSync(`${tmpdir()}/chore-ps-`);
	const path = process.env["PATH"];
	const child = spawn("sleep", ["600"], { env: { PATH: path, MARK: "yes" }, stdio: "ignore" });
	const seen = (options: string) => new PsTable(options).find(child.pid ?? 0)?.environment()("MARK");
	try {
		writeFileSync(`${folder}/ps`, MAC_PS, { mode: 0o755 });
		process.env["PATH"] = `${folder}:${path}`;
		// On Linux two listings may differ by a second in when a process began, which then counts as another one.
		await eventually("it is shown", () => seen("-axEww") === "yes");
		assert.equal(seen("-axeww"), undefined);
	} finally {
		child.kill("SIGKILL");
		process.env["PATH"] = path;
		rmSync(folder, { recursive: true });
	}
});

test("somebody who looks for the mark does not carry it", () => {
	const words = "grep CHORE_RUN_ID=1.0193-abc";
	const line = `  815     1   815 S    Sat Nov 21 02:03:00 2026 ${words}`;
	for (const [whole, value] of [
		[`${line} A=1`, undefined],
		[`${line} A=1 CHORE_RUN_ID=1.0193-abc`, "1.0193-abc"],
		[line.replace(words, `CHORE_RUN_ID=1.0193-abc ${words}`), "1.0193-abc"],
	] as const)
		assert.equal(parsePs(`${line}\n`, `${whole}\n`)[0]?.environment()("CHORE_RUN_ID"), value, whole);
});

test("/proc and ps give the same facts of this process", { skip: skipUnlessProc }, () => {
	for (const table of [procTable, new PsTable()]) {
		const self = table.find(process.pid);
		assert.deepEqual([self?.pid, self?.parentPid, self?.stopped], [process.pid, process.ppid, false]);
		assert.match(self?.command() ?? "", /processes\.test/);
		assert.equal(table.find(2 ** 22 + 1), undefined);
		assert.ok(table.all().some(({ pid }) => pid === process.pid));
	}
	const used = procTable.usage([...procTable.all()].filter(({ pid }) => pid === process.pid));
	assert.ok(used !== null && used.memoryBytes > 10_000_000 && used.cpuTimeMs > 0);
});
