/** Whatever words and variables a job has, it gets them as they are. Run for real under /bin/sh. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
	closeSync,
	constants,
	existsSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readFileSync,
	rmSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { bytesOf, hasBytes, textOf } from "../../src/core/exact-text.ts";
import { readStartScript } from "../../src/core/prepare/read-start-script.ts";
import { type StartOptions, startScript } from "../../src/core/prepare/start-script.ts";
import { eventually } from "../support/eventually.ts";
import { fc } from "../support/random.ts";

const PLAIN: StartOptions = {
	jobId: "id",
	program: "/bin/true",
	arguments: [],
	directory: "/",
	environment: new Map(),
	umask: 0o22,
	limits: [],
	nice: 0,
	become: [],
	output: "merged",
	relay: false,
	stopSignal: "SIGTERM",
	stdin: "null",
};

function run(
	options: Partial<StartOptions>,
	shell: readonly string[] = ["/bin/sh"],
	more: readonly string[] = [],
): { readonly output: Buffer; readonly started: string; readonly status: number | null } {
	const scratch = mkdtempSync(join(tmpdir(), "chore-start-"));
	const folder = `${scratch}/12`; // the run's number
	try {
		mkdirSync(folder);
		writeFileSync(`${folder}/started`, " ".repeat(64));
		writeFileSync(`${folder}/start`, startScript({ ...PLAIN, ...options }));
		const [program = "", ...rest] = shell;
		const { status } = spawnSync(program, [...rest, `${folder}/start`, folder, ...more], { env: {} });
		const output = existsSync(`${folder}/output`) ? readFileSync(`${folder}/output`) : Buffer.alloc(0);
		return { output, started: readFileSync(`${folder}/started`, "utf8"), status };
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}

/** Any bytes, and text more often than by chance. */
const word = fc
	.oneof(
		fc.string({ unit: "binary" }),
		fc.string(),
		fc.uint8Array().map((bytes) => textOf(bytes)),
		fc.constantFrom("\ufffd", "caf\udce9"),
	)
	.map((text) => text.replaceAll("\0", ""))
	.filter(hasBytes);

test("any arguments arrive as they are", () => {
	fc.assert(
		fc.property(fc.array(word, { maxLength: 8 }), (words) => {
			const { output } = run({ program: "/usr/bin/printf", arguments: ["%s\\0", "x", ...words] });
			assert.deepEqual(output, bytesOf(["x", ...words].map((text) => `${text}\0`).join("")));
		}),
		{ numRuns: 60 },
	);
});

test("any variables arrive as they are", () => {
	const name = fc
		.oneof(
			fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,12}$/),
			word.map((text) => text.replaceAll("=", "")),
		)
		.filter((text) => text !== "" && text !== "_");
	fc.assert(
		fc.property(fc.array(fc.tuple(name, word), { maxLength: 8 }), (pairs) => {
			const environment = new Map(pairs);
			const { output } = run({ program: "/usr/bin/env", arguments: ["-0"], environment });
			const expected = new Map([...environment, ["CHORE_JOB_ID", "id"], ["CHORE_RUN_ID", "12.id"]]);
			if (environment.has("PWD")) expected.set("PWD", "/");
			const got = textOf(output)
				.split("\0")
				.filter(Boolean)
				.map((entry): [string, string] => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]);
			assert.deepEqual(new Map(got.sort()), new Map([...expected].sort()));
		}),
		{ numRuns: 60 },
	);
});

test("a value that is not UTF-8 arrives byte for byte", () => {
	const bytes = Buffer.from([0xff, 0x27, 0xfe, 0x81, 0x88, 0x0a, 0x41]);
	const { output } = run({
		program: "/usr/bin/env",
		arguments: ["-0"],
		environment: new Map([
			["RAW", textOf(bytes)],
			["A.RAW", textOf(bytes)],
		]),
	});
	assert.ok(
		output.includes(Buffer.concat([Buffer.from("\0RAW="), bytes])) ||
			output.subarray(0, 11).equals(Buffer.concat([Buffer.from("RAW="), bytes])),
	);
	assert.ok(output.includes(Buffer.concat([Buffer.from("A.RAW="), bytes])));
});

test("a program with an equals sign in its path is run, not taken for a variable", () => {
	const folder = mkdtempSync(join(tmpdir(), "chore=start-"));
	try {
		writeFileSync(`${folder}/a=b`, "#!/bin/sh\necho ran\n", { mode: 0o755 });
		assert.equal(run({ program: `${folder}/a=b`, environment: new Map([["A.B", "x"]]) }).output.toString(), "ran\n");
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});

test("the start script first writes `started` with the pid that the program will have", () => {
	const { started, output } = run({ program: "/bin/sh", arguments: ["-c", "echo $$"] });
	assert.equal(started.split(" ")[0], output.toString().trim());
});

describe("a start script that cannot become its program says so in `started`", () => {
	for (const shell of [["dash"], ["busybox", "ash"], ["mksh"]]) {
		const skip = spawnSync(shell[0] ?? "", [...shell.slice(1), "-c", ":"]).status === 0 ? false : `no ${shell.join(" ")} here`;
		test(`under ${shell.join(" ")}`, { skip }, () => {
			const second = (options: Partial<StartOptions>): string | undefined => run(options, shell).started.split("\n")[1]?.trim();
			assert.equal(second({ program: "/nowhere/program" }), "not executed");
			assert.equal(second({ stdin: { file: "/nowhere/file" } }), "not executed");
			assert.equal(second({ program: "/bin/sh", arguments: ["-c", "exit 127"] }), "");
		});
	}
});

test("input that is sent and closed before the job begins is read to its end", async () => {
	const scratch = mkdtempSync(join(tmpdir(), "chore-start-"));
	const folder = `${scratch}/1`;
	try {
		mkdirSync(folder);
		execFileSync("mkfifo", [`${folder}/stdin`, `${folder}/control`]);
		writeFileSync(`${folder}/reader`, " ".repeat(16));
		const script = startScript({ ...PLAIN, program: "/bin/cat", stdin: "fifo" }).toString();
		assert.match(script, /exec 4>/);
		// Its keeper comes late.
		writeFileSync(`${folder}/start`, script.replace("exec 4>", "sleep 0.5; exec 4>"));
		const child = spawn("/bin/sh", [`${folder}/start`, folder], { env: {}, stdio: "ignore" });
		const end = once(child, "exit");
		for (const [fifo, text] of [
			["stdin", "one\n"],
			["stdin", "two\n"],
			["control", "\n"],
		] as const) {
			const file = await eventually(`the script reads ${fifo}`, () => openWriting(`${folder}/${fifo}`));
			writeSync(file, text);
			closeSync(file);
		}
		assert.deepEqual(await end, [0, null]);
		assert.equal(readFileSync(`${folder}/output`, "utf8"), "one\ntwo\n");
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
});

/** Undefined while the FIFO has no reader. */
function openWriting(path: string): number | undefined {
	try {
		return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
	} catch {
		return undefined;
	}
}

for (const shell of [["dash"], ["bash", "--posix"], ["busybox", "ash"], ["ksh"], ["mksh"], ["yash"]]) {
	const skip = spawnSync(shell[0] ?? "", [...shell.slice(1), "-c", ":"]).status === 0 ? false : `no ${shell.join(" ")} here`;
	test(`limits of the platform replace the caller's under ${shell.join(" ")}`, { skip }, () => {
		// ksh93 becomes another program only where it has this to count.
		const environment = new Map([["SHLVL", "1"]]);
		const limits = [
			{ flags: ["-n"], soft: "256", hard: "512" },
			{ flags: ["-u", "-p"], soft: "5000", hard: "6000" },
			{ flags: ["-c"], soft: "0", hard: "0" },
			{ flags: ["-s"], soft: "4096", hard: "unlimited" },
		];
		const limitsWith = (...more: readonly string[]): readonly (string | undefined)[] => {
			const { output } = run({ program: "/bin/cat", arguments: ["/proc/self/limits"], environment, limits }, shell, more);
			return ["Max open files", "Max processes", "Max core file size", "Max stack size"].map((row) =>
				new RegExp(`^${row} +([0-9a-z]+ +[0-9a-z]+)`, "m").exec(output.toString())?.[1]?.replace(/ +/, ":"),
			);
		};
		assert.deepEqual(limitsWith(), ["256:512", "5000:6000", "0:0", "4194304:unlimited"]);
		assert.deepEqual(limitsWith("-n", "300", "400", "-u", "70", "80"), ["300:400", "70:80", "0:0", "4194304:unlimited"]);
		const hard = /^Max open files +[0-9]+ +([0-9]+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
		assert.equal(limitsWith("-n", "99999999", "99999999")[0], `${hard}:${hard}`, "more than can be had is as much as can be had");
	});
}

test("what a job was given is read back from its script as it was", () => {
	const word = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => !text.includes("\0"));
	const text = fc.oneof(word, fc.constantFrom("'", "it's", "\n", "export X='1'\n", textOf(Buffer.from([0xff, 0x27, 0xe4])), "a=b"));
	const name = fc
		.oneof(fc.constantFrom("PATH", "A.B", "IFS", "LC_ALL", "x", "SHLVL"), word)
		.filter((one) => !/[=\0]/.test(one) && one !== "" && one !== "PWD");
	const options = fc.record({
		program: fc.constantFrom("/bin/true", "/a=b/it's"),
		arguments: fc.array(text, { maxLength: 3 }),
		environment: fc.array(fc.tuple(name, text), { maxLength: 6 }).map((entries) => new Map(entries)),
		umask: fc.nat(0o777),
		nice: fc.integer({ min: -20, max: 19 }),
		become: fc.constantFrom([], ["/usr/bin/setpriv", "--regid", "0", "--"]),
		directory: text.map((one) => `/${one}`),
		output: fc.constantFrom("merged", "split", "null"),
		relay: fc.boolean(),
		stdin: fc.oneof(
			fc.constantFrom("null", "fifo"),
			text.map((one) => ({ file: `/${one}` })),
		),
		script: fc.constantFrom(undefined, "request"),
		limits: fc.constantFrom(
			[],
			[
				{ flags: ["-u", "-p"], soft: "100", hard: "unlimited" },
				{ flags: ["-s"], soft: "8192", hard: "8192" },
			],
		),
	});
	fc.assert(
		fc.property(options, (some) => {
			const all = { ...PLAIN, ...some } as StartOptions;
			const given = readStartScript(startScript(all), 1 + all.arguments.length);
			const { umask, nice, become, limits, environment } = all;
			const sorted = (variables: ReadonlyMap<string, string> = new Map()) => [...variables].sort();
			assert.deepEqual(
				{ ...given, environment: sorted(given?.environment) },
				{ umask, nice, become, limits, environment: sorted(environment) },
			);
		}),
		{ numRuns: 300 },
	);
	assert.equal(readStartScript(Buffer.from("echo 1\n"), 1), undefined);
	const script = startScript({ ...PLAIN, environment: new Map([["A", "b"]]) });
	for (let bytes = 0; bytes < script.indexOf("CHORE_JOB_ID="); bytes++)
		assert.equal(readStartScript(script.subarray(0, bytes), 1), undefined);
});
