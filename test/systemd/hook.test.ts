import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { type ExitRecord, parseExitRecord } from "../../platform/exit-record.ts";
import { HOOK_TEXT as text } from "../../platform/systemd/hook.ts";

const SHELLS: readonly (readonly [program: string, ...options: string[]])[] = [
	["sh"],
	["dash"],
	["bash", "--posix"],
	["busybox", "ash"],
	["ksh"],
	["mksh"],
	["yash", "--posixly-correct"],
	["posh"],
];
const BLANK = " ".repeat(512);
/** Values that the hook must not take for its own. */
const HOSTILE = {
	result: "x",
	record: "x",
	attempt: "9",
	magic: "chore-exit",
	fields: "attempt=5 .",
	cpu: "1",
	peak: "1",
	up: "1",
	cgroup: "/",
	pid: "x",
	oom: "1",
	before: "x",
	policy: "always",
	most: "1",
	IFS: "/",
	ENV: "/nowhere",
};

for (const shell of SHELLS) {
	const skip = spawnSync(shell[0], [...shell.slice(1), "-c", ":"]).status === 0 ? false : `no ${shell.join(" ")} here`;

	test(`the hook writes every end under ${shell.join(" ")}`, { skip }, () => {
		using folder = new RunFolder();
		const ends: readonly (readonly [result: string, code: string, status: string, expected: Partial<ExitRecord>])[] = [
			["success", "exited", "0", { status: { code: 0 }, result: "success" }],
			["success", "exited", "7", { status: { code: 7 }, result: "exit-code" }],
			["exit-code", "exited", "243", { status: { code: 243 }, result: "exit-code" }],
			["success", "killed", "TERM", { status: { signal: "SIGTERM" }, result: "signal" }],
			["signal", "killed", "RTMIN+3", { status: { signal: "SIGRTMIN+3" }, result: "signal" }],
			["core-dump", "dumped", "SEGV", { status: { signal: "SIGSEGV" }, result: "signal" }],
			["timeout", "exited", "0", { status: { code: 0 }, result: "timeout" }],
			["oom-kill", "killed", "KILL", { status: { signal: "SIGKILL" }, result: "oom-kill" }],
		];
		for (const [SERVICE_RESULT, EXIT_CODE, EXIT_STATUS, expected] of ends) {
			folder.blank();
			writeFileSync(`${folder.path}/started`, "1 \n");
			const before = uptimeSeconds();
			const { output, code } = folder.run(shell, { SERVICE_RESULT, EXIT_CODE, EXIT_STATUS });
			const after = uptimeSeconds();
			assert.deepEqual([output, code], ["", 0]);
			const record = folder.record();
			assert.deepEqual({ status: record.status, result: record.result }, expected);
			assert.deepEqual([record.attempt, record.certain], [1, true]);
			const { uptimeSeconds: atSeconds } = record;
			assert.ok(atSeconds !== null && before <= atSeconds && atSeconds <= after, `${before}, ${atSeconds}, ${after}`);
			assert.equal(record.bootId, readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
			assert.equal(readFileSync(`${folder.path}/exit`).length, 512);
		}
	});

	test(`the hook records that the kernel killed the main process for want of memory under ${shell.join(" ")}`, { skip }, () => {
		using folder = new RunFolder();
		const tree = mkdtempSync(`${tmpdir()}/tree-`);
		try {
			mkdirSync(`${tree}/unit`);
			writeFileSync(`${tree}/self`, "12:cpu:/\n0::/unit\n");
			writeFileSync(`${tree}/unit/cpu.stat`, "usage_usec 5000\n");
			writeFileSync(folder.hook, text.replaceAll("/sys/fs/cgroup", tree).replaceAll("/proc/self/cgroup", `${tree}/self`));
			const end = (oomKills: number | undefined, SERVICE_RESULT: string, EXIT_CODE: string, EXIT_STATUS: string) => {
				folder.blank();
				if (oomKills === undefined) rmSync(`${tree}/unit/memory.events`, { force: true });
				else writeFileSync(`${tree}/unit/memory.events`, `low 0\noom 9\noom_kill ${oomKills}\noom_group_kill 0\n`);
				assert.equal(folder.run(shell, { SERVICE_RESULT, EXIT_CODE, EXIT_STATUS }).output, "");
				assert.equal(folder.record().cpuTimeMs, 5);
				return folder.record().result;
			};
			assert.equal(end(1, "signal", "killed", "KILL"), "oom-kill");
			assert.equal(end(0, "signal", "killed", "KILL"), "signal");
			assert.equal(end(undefined, "signal", "killed", "KILL"), "signal", "without the memory controller");
			assert.equal(end(1, "signal", "killed", "USR1"), "signal");
			assert.equal(end(1, "success", "exited", "0"), "success", "a child was killed, and the job went on");
			assert.equal(end(1, "timeout", "killed", "KILL"), "timeout");
			writeFileSync(`${folder.path}/stop`, "");
			assert.equal(end(1, "signal", "killed", "KILL"), "signal");
		} finally {
			rmSync(tree, { recursive: true });
		}
	});

	test(`the hook asks its own manager whether it is shutting down, under ${shell.join(" ")}`, { skip }, () => {
		using folder = new RunFolder();
		const asked = `${folder.path}/asked`;
		writeFileSync(`${folder.path}/systemctl`, `#!/bin/sh\necho "$*" >"\${0%/*}/asked"\necho stopping\n`, { mode: 0o755 });
		const end = (environment: NodeJS.ProcessEnv): string => {
			folder.blank();
			rmSync(asked, { force: true });
			const PATH = `${folder.path}:${process.env["PATH"]}`;
			folder.run(shell, { SERVICE_RESULT: "success", EXIT_CODE: "killed", EXIT_STATUS: "TERM", PATH, ...environment });
			return `${folder.record().result}: ${existsSync(asked) ? readFileSync(asked, "utf8").trim() : "nobody asked"}`;
		};
		assert.equal(end({ MANAGERPID: "77" }), "session-ended: --user is-system-running");
		assert.equal(end({}), "session-ended: is-system-running");
		assert.equal(end({ EXIT_STATUS: "INT" }), "signal: nobody asked");
		writeFileSync(`${folder.path}/stop`, "");
		assert.equal(end({ MANAGERPID: "77" }), "signal: nobody asked");
	});

	test(`the hook tells attempts apart by their main process under ${shell.join(" ")}`, { skip }, () => {
		using folder = new RunFolder();
		writeFileSync(`${folder.path}/attempts`, "");
		const end = (EXIT_STATUS: string, started?: string): ExitRecord => {
			if (started !== undefined) writeFileSync(`${folder.path}/started`, `${started}\n        `);
			folder.run(shell, { SERVICE_RESULT: "success", EXIT_CODE: "exited", EXIT_STATUS });
			return folder.record();
		};
		const facts = ({ attempt, pid, result, status }: ExitRecord) => [attempt, pid, result, status];
		const expected = [
			[1, null, "start-failed", { code: 203 }],
			[2, 4711, "exit-code", { code: 203 }],
			// The sign is still that of the attempt before.
			[3, null, "start-failed", { code: 203 }],
			[4, 4712, "exit-code", { code: 7 }],
			[5, 4711, "success", { code: 0 }],
		];
		assert.deepEqual(
			[end("203"), end("203", "4711 12.34"), end("203"), end("7", "4712 13.00"), end("0", "4711 14.00")].map(facts),
			expected,
		);
		assert.deepEqual(folder.attempts().map(facts), expected);
	});

	test(`the hook forbids another attempt if the policy or the number does, under ${shell.join(" ")}`, { skip }, () => {
		using folder = new RunFolder();
		const restarts = `${folder.path}/restarts`;
		const after = (allowed: string, code: string, status: string, result = "success"): string => {
			writeFileSync(restarts, allowed);
			writeFileSync(`${folder.path}/started`, "5 1.00\n");
			folder.run(shell, { SERVICE_RESULT: result, EXIT_CODE: code, EXIT_STATUS: status });
			return readFileSync(restarts, "utf8");
		};
		const bounded = "on-failure 2\n";
		assert.deepEqual(
			[1, 2, 3].map(() => after(bounded, "exited", "7")),
			[bounded, bounded, ""],
		);
		folder.blank();
		const unbounded = "on-failure unlimited\n";
		for (const [code, status, result, left] of [
			["exited", "7", "success", unbounded],
			["killed", "TERM", "success", unbounded],
			["exited", "0", "timeout", unbounded],
			["exited", "0", "success", ""],
		] as const) {
			assert.equal(after(unbounded, code, status, result), left, `${code} ${status} ${result}`);
		}
		assert.equal(after("always unlimited\n", "exited", "0"), "always unlimited\n");
		writeFileSync(`${folder.path}/stop`, "");
		assert.equal(after("always unlimited\n", "exited", "0"), "");
		rmSync(restarts);
		folder.run(shell, { SERVICE_RESULT: "success", EXIT_CODE: "exited", EXIT_STATUS: "0" });
		assert.equal(existsSync(restarts), false);
	});

	test(`the list of attempts is renamed at each thousandth attempt under ${shell.join(" ")}`, { skip }, () => {
		using folder = new RunFolder();
		const line = (attempt: number) => `chore-exit 1 attempt=${attempt} how=exited status=7 .\n`;
		writeFileSync(`${folder.path}/attempts`, line(998));
		writeFileSync(`${folder.path}/exit`, line(998).padEnd(512));
		for (const _ of [999, 1000, 1001]) folder.run(shell, { SERVICE_RESULT: "success", EXIT_CODE: "exited", EXIT_STATUS: "7" });
		assert.deepEqual(
			[folder.attempts("attempts.old"), folder.attempts()].map((records) => records.map(({ attempt }) => attempt)),
			[
				[998, 999],
				[1000, 1001],
			],
		);
		assert.equal(statSync(`${folder.path}/attempts`).mode & 0o777, 0o600);
	});

	test(`the hook counts attempts and records a failed start under ${shell.join(" ")}`, { skip }, () => {
		using folder = new RunFolder();
		const seven = { SERVICE_RESULT: "success", EXIT_CODE: "exited", EXIT_STATUS: "7" };
		for (const attempt of [1, 2, 3]) {
			folder.run(shell, seven);
			assert.equal(folder.record().attempt, attempt);
		}
		const unstarted = { SERVICE_RESULT: "exit-code", EXIT_CODE: "exited", EXIT_STATUS: "203" };
		for (const [sign, result] of [
			["    ", "start-failed"],
			["", "start-failed"],
			[undefined, "start-failed"],
			["1 \n", "exit-code"],
		] as const) {
			folder.blank();
			if (sign === undefined) rmSync(`${folder.path}/started`);
			else writeFileSync(`${folder.path}/started`, sign);
			folder.run(shell, unstarted);
			assert.deepEqual([folder.record().status, folder.record().result], [{ code: 203 }, result]);
		}
		folder.blank();
		folder.run(shell, { SERVICE_RESULT: "resources" });
		assert.equal(readFileSync(`${folder.path}/exit`, "utf8"), BLANK, "no process, so no end");
		rmSync(`${folder.path}/exit`);
		assert.deepEqual(folder.run(shell, seven), { output: "", code: 0 }, "a removed job is no error");
	});
}

test("the hook starts no program", { skip: spawnSync("strace", ["-V"]).status === 0 ? false : "no strace here" }, () => {
	using folder = new RunFolder();
	const trace = `${folder.path}/trace`;
	execFileSync("strace", ["-f", "-e", "trace=process", "-o", trace, "/bin/sh", folder.hook, folder.path], {
		env: { SERVICE_RESULT: "success", EXIT_CODE: "exited", EXIT_STATUS: "7" },
	});
	assert.deepEqual(folder.record().status, { code: 7 });
	assert.doesNotMatch(readFileSync(trace, "utf8"), /fork|clone/);
});

test("the hook survives the signals by which jobs are stopped", async () => {
	using folder = new RunFolder();
	rmSync(`${folder.path}/started`);
	execFileSync("mkfifo", [`${folder.path}/started`]);
	const hook = spawn("/bin/sh", [folder.hook, folder.path], {
		env: { SERVICE_RESULT: "exit-code", EXIT_CODE: "exited", EXIT_STATUS: "203" },
		stdio: "ignore",
	});
	const ended = new Promise((resolve) => hook.on("exit", (code, signal) => resolve([code, signal])));
	// It opens the FIFO only after its first line, and this returns when it did.
	execFileSync("sh", [
		"-c",
		`exec 3>"$1"; kill -TERM "$2"; kill -HUP "$2"; kill -INT "$2"; echo x >&3`,
		"sh",
		`${folder.path}/started`,
		String(hook.pid),
	]);
	assert.deepEqual(await ended, [0, null]);
	assert.deepEqual(folder.record().status, { code: 203 });
});

test("if the record cannot be written, the hook fails and the unit stays loaded", () => {
	using folder = new RunFolder();
	// A `sleep` that takes no time, and a record that is never what was written.
	writeFileSync(`${folder.path}/sleep`, "#!/bin/sh\n", { mode: 0o755 });
	rmSync(`${folder.path}/exit`);
	execFileSync("ln", ["-s", "/proc/self/comm", `${folder.path}/exit`]);
	const { code } = folder.run(["/bin/sh"], { SERVICE_RESULT: "success", EXIT_CODE: "exited", EXIT_STATUS: "7", PATH: folder.path });
	assert.equal(code, 209);
});

class RunFolder implements Disposable {
	readonly path = mkdtempSync(`${tmpdir()}/it's a "run" $HOME `);
	readonly hook = `${this.path}/hook`;

	constructor() {
		writeFileSync(this.hook, text);
		this.blank();
	}

	blank(): void {
		writeFileSync(`${this.path}/exit`, BLANK);
		writeFileSync(`${this.path}/started`, "          ");
	}

	run(
		[program, ...options]: readonly [string, ...string[]],
		environment: NodeJS.ProcessEnv,
	): { readonly output: string; readonly code: number | null } {
		const env = { PATH: process.env["PATH"], ...HOSTILE, ...environment };
		const { stdout, stderr, status } = spawnSync(program, [...options, this.hook, this.path], { encoding: "utf8", env });
		return { output: stdout + stderr, code: status };
	}

	record(): ExitRecord {
		const record = parseExitRecord(readFileSync(`${this.path}/exit`, "utf8"));
		assert.ok(typeof record === "object", `the record is ${JSON.stringify(record)}`);
		return record;
	}

	attempts(name = "attempts"): readonly ExitRecord[] {
		const records = readFileSync(`${this.path}/${name}`, "utf8").trimEnd().split("\n").map(parseExitRecord);
		return records.map((record) => {
			assert.ok(typeof record === "object", `the record is ${JSON.stringify(record)}`);
			return record;
		});
	}

	[Symbol.dispose](): void {
		rmSync(this.path, { recursive: true, force: true });
	}
}

function uptimeSeconds(): number {
	return Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
}
