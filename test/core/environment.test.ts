import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import { bytesOf, textOf } from "../../src/core/exact-text.ts";
import { type Callers, jobEnvironment, ownEnvironment } from "../../src/core/prepare/environment.ts";
import { parseLimits } from "../../src/core/prepare/resource-limits.ts";

function callers(variables: Readonly<Record<string, string>>): Callers {
	return { variables: Object.entries(variables), unknown: [] };
}

test("variables of the caller's supervisor and seat are left out unless set for the job", () => {
	const from = {
		HOME: "/h",
		NOTIFY_SOCKET: "x",
		LISTEN_FDS: "1",
		INVOCATION_ID: "i",
		XDG_SESSION_ID: "3",
		EXIT_CODE: "0",
		_: "/usr/bin/node",
		PATH: "/bin",
	};
	const { environment } = jobEnvironment({ from: callers(from), clean: false, set: { NOTIFY_SOCKET: "mine" } });
	assert.deepEqual([...environment.keys()].sort(), ["HOME", "NOTIFY_SOCKET", "PATH"]);
});

test("marks by which a runner of builds ends what a step left are left out; what only describes the build stays", () => {
	const from = {
		RUNNER_TRACKING_ID: "github_x",
		VSTS_PROCESS_LOOKUP_ID: "vsts_x",
		JENKINS_NODE_COOKIE: "x",
		JENKINS_SERVER_COOKIE: "x",
		HUDSON_COOKIE: "x",
		HUDSON_SERVER_COOKIE: "x",
		BUILD_ID: "7",
		RUNNER_OS: "Linux",
	};
	const { environment } = jobEnvironment({ from: callers(from), clean: false, set: {} });
	assert.deepEqual(
		[...environment],
		[
			["BUILD_ID", "7"],
			["RUNNER_OS", "Linux"],
		],
	);
});

describe("a job of a make rule gets the flags without the job server, which it could not reach", () => {
	for (const [value, kept] of [
		[" -j4 --jobserver-auth=3,4", " -j4"],
		["kw -j4 --jobserver-auth=fifo:/tmp/GMfifo12 -- A=b\\ --jobserver-auth=1,2", "kw -j4 -- A=b\\ --jobserver-auth=1,2"],
		["w --jobserver-fds=3,4 -j", "w"],
		["-j --jobserver-fds=8,9 --jobserver-auth=8,9", undefined],
		[" -j3 --jobserver-auth=3,4 --eval=x\\ =\\ -j\\ --jobserver-auth=3", " -j3 --eval=x\\ =\\ -j\\ --jobserver-auth=3"],
		[" -j", " -j"],
		["", ""],
	] as const)
		for (const name of ["MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"])
			test(`${name}=${value}`, () => {
				const { environment } = jobEnvironment({ from: callers({ [name]: value, FLAGS: value }), clean: false, set: {} });
				assert.deepEqual([environment.get(name), environment.get("FLAGS")], [kept, value]);
			});

	test("bytes that are not UTF-8 stay as they are", () => {
		const value = textOf(Buffer.from(" -j2 --jobserver-auth=3,4 -- A=\xe9", "latin1"));
		const { environment } = jobEnvironment({ from: callers({ MAKEFLAGS: value }), clean: false, set: {} });
		assert.deepEqual(bytesOf(environment.get("MAKEFLAGS") ?? ""), Buffer.from(" -j2 -- A=\xe9", "latin1"));
	});

	test("the value that is set for the job is not changed", () => {
		const value = "-j --jobserver-auth=3,4";
		const { environment } = jobEnvironment({ from: callers({ MAKEFLAGS: value }), clean: false, set: { MAKEFLAGS: value } });
		assert.equal(environment.get("MAKEFLAGS"), value);
	});
});

test("a clean environment has six variables and those that were set", () => {
	const from = { HOME: "/h", USER: "u", SECRET: "s", PATH: "/bin", SHELL: "/bin/sh", LOGNAME: "u", XDG_RUNTIME_DIR: "/run", TERM: "x" };
	const { environment } = jobEnvironment({ from: callers(from), clean: true, set: { A: "1" } });
	assert.deepEqual([...environment.keys()].sort(), ["A", "HOME", "LOGNAME", "PATH", "SHELL", "USER", "XDG_RUNTIME_DIR"]);
});

test("a variable that is not UTF-8 is taken from the kernel's copy, and one whose bytes are not known is reported", () => {
	const block = Buffer.from("RAW=\xff\0RAW=second\0N\xe9=v\0TRUE=\xef\xbf\xbd\0CHANGED=\xff\0", "latin1");
	const from = { RAW: "\ufffd", GONE: "\ufffd", "N\ufffd": "v", TRUE: "\ufffd", CHANGED: "since \ufffd" };
	const own = ownEnvironment(from, () => block);
	const { environment, dropped } = jobEnvironment({ from: own, clean: false, set: {} });
	assert.deepEqual(
		[...environment],
		[
			["RAW", "\udcff"],
			["N\udce9", "v"],
			["TRUE", "\ufffd"],
		],
	);
	assert.deepEqual(dropped, ["GONE", "CHANGED"]);
});

test("a variable without a name, or with a NUL, is refused", () => {
	for (const set of [{ "": "x" }, { "A=B": "x" }, { A: "a\0b" }, { A: "\ud83d" }]) {
		assert.throws(
			() => jobEnvironment({ from: callers({}), clean: false, set }),
			(error) => isChoreError(error) && error.code === "INVALID_ARGUMENT",
		);
	}
});

/** The text of /proc/PID/limits, with these soft and hard limits of open files. */
function limitsFile(soft: number, hard: number): string {
	return `Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max core file size        0                    1024                 bytes
Max stack size            8388608              unlimited            bytes
Max open files            ${String(soft).padEnd(20)} ${String(hard).padEnd(20)} files
`;
}

test("resource limits are read in the units of ulimit", () => {
	assert.deepEqual(parseLimits(limitsFile(1048576, 1048576), [limitsFile(512, 1048576)]), [
		{ flags: ["-t"], soft: "unlimited", hard: "unlimited" },
		{ flags: ["-s"], soft: "8192", hard: "unlimited" },
		{ flags: ["-c"], soft: "0", hard: "2" },
		{ flags: ["-n"], soft: "512", hard: "1048576" },
	]);
});

test("the soft limit of open files, which Node raises, is that of the first process nearby with the same hard one, else the usual", () => {
	const bounds = (hard: number, ...near: readonly string[]): string => {
		const found = parseLimits(limitsFile(hard, hard), near).find(({ flags }) => flags.includes("-n"));
		return `${found?.soft}:${found?.hard}`;
	};
	assert.equal(bounds(400, limitsFile(1024, 1048576), "", limitsFile(300, 400), limitsFile(200, 400)), "300:400");
	assert.equal(bounds(400, limitsFile(1024, 1048576), ""), "400:400");
	assert.equal(bounds(524288, limitsFile(1048576, 1048576)), "1024:524288");
});
