/** The property list, read by parsers that share no code with its writer. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import type { RunSpec } from "../../platform/contract.ts";
import { isChoreError } from "../../platform/errors.ts";
import { propertyList } from "../../platform/launchd/plist.ts";
import { parsePropertyList } from "./simulator/property-list.ts";

const RUN: RunSpec = {
	...{ jobId: "01a1fc6a-bfa7-7409-b96b-acaaac0b880a", run: 1, label: "test", description: "test" },
	...{ jobFolder: "/jobs/1", start: "/jobs/1/start", runFolder: "/jobs/1/runs/1", native: {}, acknowledge: true },
	limits: { timeoutMs: null, memoryBytes: null, cpus: null, tasks: null },
	restart: { policy: "no", delayMs: 0, max: null },
	stopping: { signal: "SIGTERM", graceMs: 10_000, hangUp: false },
};

/** What a path may hold, and a writer of XML may get wrong. */
const PATHS: readonly string[] = [
	"/plain",
	"/with blank  and two ",
	" leading",
	`/quotes ' and "`,
	"/a&b &amp; &#10;",
	"/<tag> ]]> <!--",
	"/é/漢/😀/e\u0301",
	"/tab\tnewline\nreturn\r\nend",
	"/\u007f\u0085\u2028",
	"",
	"%h $HOME \\n",
];

const text = (path: string, run: RunSpec = RUN): string =>
	propertyList(run, {
		label: "dev.chore.job.1",
		program: ["/bin/sh", path, "", "last"],
		environment: { PATH: "/usr/bin:/bin", WHERE: path },
		messages: path,
	});

const expected = (path: string, exitTimeout = 25): object => ({
	Label: "dev.chore.job.1",
	ProgramArguments: ["/bin/sh", path, "", "last"],
	EnvironmentVariables: { PATH: "/usr/bin:/bin", WHERE: path },
	WorkingDirectory: "/",
	StandardOutPath: path,
	StandardErrorPath: path,
	Umask: 63,
	RunAtLoad: true,
	ProcessType: "Interactive",
	ExitTimeOut: exitTimeout,
	AbandonProcessGroup: true,
	LimitLoadToSessionType: ["Aqua", "Background"],
});

test("the simulator reads the property list", () => {
	for (const path of PATHS) assert.deepEqual(parsePropertyList(text(path)), expected(path), JSON.stringify(path));
});

const PYTHON = "import json, plistlib, sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))";
const noPython = spawnSync("python3", ["-c", "import plistlib"]).status !== 0 && "python3 with plistlib is not installed";
test("python's plistlib reads the property list", { skip: noPython }, () => {
	for (const path of PATHS) {
		const { stdout, stderr } = spawnSync("python3", ["-c", PYTHON], { input: text(path), encoding: "utf8" });
		assert.equal(stderr, "");
		assert.deepEqual(JSON.parse(stdout), expected(path), JSON.stringify(path));
	}
});

const noPlutil = spawnSync("plutil", ["-help"]).error !== undefined && "plutil is a program of macOS";
test("plutil of macOS accepts the property list", { skip: noPlutil }, () => {
	for (const path of PATHS) {
		const { status, stdout } = spawnSync("plutil", ["-lint", "-"], { input: text(path), encoding: "utf8" });
		assert.equal(status, 0, stdout);
	}
});

test("a path that XML cannot hold is refused with the character", () => {
	for (const [wrong, name] of [
		["\u0001", "U+0001"],
		["\u001b", "U+001B"],
		["\u0000", "U+0000"],
		["\ufffe", "U+FFFE"],
		["\ud800", "U+D800"],
		["\ufffd", "U+FFFD"], // stands for bytes that are no text
	] as const) {
		assert.throws(
			() => text(`/state/${wrong}/x`),
			(error) =>
				isChoreError(error) && error.code === "STATE_UNUSABLE" && error.message.includes(name) && /CHORE_HOME/.test(error.hint ?? ""),
			name,
		);
	}
});

test("the exit timeout is longer than the grace, and finite", () => {
	const seconds = (graceMs: number): unknown => parsePropertyList(text("/x", { ...RUN, stopping: { ...RUN.stopping, graceMs } }));
	assert.deepEqual(seconds(0), expected("/x", 15));
	assert.deepEqual(seconds(1), expected("/x", 16));
	assert.deepEqual(seconds(1e15), expected("/x", 2 ** 31 - 1));
});
