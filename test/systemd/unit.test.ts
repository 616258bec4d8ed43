import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunSpec } from "../../platform/contract.ts";
import { isChoreError } from "../../platform/errors.ts";
import { affinity, inheritedBy } from "../../platform/systemd/caller.ts";
import { readNative } from "../../platform/systemd/native.ts";
import { hasAnyToken, planUnit, readHandle, unitProperties, unitToken } from "../../platform/systemd/unit.ts";

const RUN: RunSpec = {
	jobId: "01936f0e-8d2a-7c31-9b55-0e6a1c9e2f40",
	run: 2,
	label: "web-1c9e2f40",
	description: "npm run dev",
	jobFolder: "/state/jobs/1",
	start: "/state/jobs/1/start",
	runFolder: "/state/jobs/1/runs/2",
	limits: { timeoutMs: null, memoryBytes: null, cpus: null, tasks: null },
	stopping: { signal: "SIGTERM", graceMs: 10_000, hangUp: false },
	restart: { policy: "no", delayMs: 0, max: null },
	native: {},
	acknowledge: true,
};
const TOKEN = " [chore 01936f0e-8d2a-7c31-9b55-0e6a1c9e2f40/2]";

function properties(changes: Partial<RunSpec>): Readonly<Record<string, unknown>> {
	return Object.fromEntries(
		unitProperties({ ...RUN, ...changes }, { hookPath: "/state/libexec/hook", isPrivileged: false }).map(({ name, value }) => [
			name,
			value,
		]),
	);
}

const LIMITS = "Max nice priority         0                    3                    \n";

/** The text of /proc/PID/stat of a process with this nice value and scheduling policy. */
function stat({ nice, policy }: { readonly nice: number; readonly policy: number }): string {
	const fields = Array.from({ length: 49 }, () => 1);
	fields[19 - 4] = nice;
	fields[41 - 4] = policy;
	return `7 (a b) c) S ${fields.join(" ")}\n`;
}

function isRefused(error: unknown): boolean {
	return isChoreError(error) && error.code === "INVALID_ARGUMENT";
}

test("a unit has the name that was asked for, or one made from the label", () => {
	const names: readonly (readonly [wanted: string | undefined, name: string])[] = [
		[undefined, "chore-web-1c9e2f40.service"],
		["web", "web.service"],
		["web.service", "web.service"],
		["web@one", "web@one.service"],
		["a:b_c.d\\x2d-e", "a:b_c.d\\x2d-e.service"],
		["x".repeat(247), `${"x".repeat(247)}.service`],
	];
	const named = (wanted: string | undefined) => planUnit({ ...RUN, native: wanted === undefined ? {} : { unit: wanted } }).data["unit"];
	for (const [wanted, name] of names) assert.equal(named(wanted), name);
	for (const wanted of ["", ".service", "a b", "a/b", "é", "@x", "x@", "a\n", "$(x)", "x".repeat(248)]) {
		assert.throws(() => named(wanted), isRefused, wanted);
	}
});

test("an unknown key among systemd's own options is refused, with the keys that there are", () => {
	for (const [native, code, message, hint] of [
		[
			{ partition: "long" },
			"OPTION_UNSUPPORTED",
			/^the platform systemd cannot give a job any "partition"$/,
			/unit, slice, sliceInherit, properties, timerProperties$/,
		],
		[{ slcie: "batch" }, "OPTION_UNSUPPORTED", /"slcie"/, /^did you mean slice\?$/],
		[{ toString: "x" }, "OPTION_UNSUPPORTED", /"toString"/, /./],
		[{ unit: ["a", "b"] }, "INVALID_ARGUMENT", /^systemd takes one unit for a job, not 2$/, /./],
		[
			{ slice: "foo.service" },
			"INVALID_ARGUMENT",
			/^"foo\.service" is the name of a service, and a slice is wanted$/,
			/leave \.service out, or write \.slice/,
		],
		[{ slice: "a.scope" }, "INVALID_ARGUMENT", /name of a scope/, /./],
		[{ unit: "foo.slice" }, "INVALID_ARGUMENT", /^"foo\.slice" is the name of a slice, and a service is wanted$/, /\.service/],
		[{ unit: "a.timer" }, "INVALID_ARGUMENT", /name of a timer/, /./],
		[{ sliceInherit: "maybe" }, "INVALID_ARGUMENT", /"yes" or not given, not "maybe"/, /./],
		[{ properties: "Bogus=1" }, "INVALID_ARGUMENT", /"Bogus" is no property/, /./],
	] as const) {
		assert.throws(
			() => readNative({ native, limits: RUN.limits }),
			(error) => isChoreError(error) && error.code === code && message.test(error.message) && hint.test(error.hint ?? ""),
			JSON.stringify(native),
		);
	}
});

test("a unit inherits nice value, batch scheduling, limits and processors of its caller", () => {
	const made = (texts: Partial<Parameters<typeof inheritedBy>[0]>) => {
		const properties = inheritedBy({ stat: "", limits: "", oomScoreAdjust: "", ...texts });
		return properties.map(({ name, signature, value }) => `${name}=${signature}:${value}`);
	};
	assert.deepEqual(made({}), [], "nothing where /proc tells nothing");
	assert.deepEqual(made({ stat: stat({ nice: 19, policy: 0 }) }), ["Nice=i:19"]);
	assert.deepEqual(made({ stat: stat({ nice: -5, policy: 5 }) }), ["Nice=i:-5", "CPUSchedulingPolicy=i:5"]);
	assert.deepEqual(made({ stat: stat({ nice: 0, policy: 1 }) }), ["Nice=i:0"], "a real-time policy needs a right of the manager's");
	assert.deepEqual(made({ oomScoreAdjust: "-17\n" }), ["OOMScoreAdjust=i:-17"]);
	assert.deepEqual(made({ limits: LIMITS }), ["LimitNICE=t:3", "LimitNICESoft=t:0"]);
	assert.deepEqual(made({ limits: "Max realtime timeout      unlimited            unlimited            us        \n" }), [
		`LimitRTTIME=t:${2n ** 64n - 1n}`,
		`LimitRTTIMESoft=t:${2n ** 64n - 1n}`,
	]);
	for (const [callers, managers, mask] of [
		["0", "0-7", "01"],
		["0-3,9", "0-15", "0f02"],
		["0-7", "0-7", undefined],
		["8", "0-7", undefined],
		["0-8", "0-7", undefined],
		["0", "", undefined],
		["", "0-7", undefined],
	] as const) {
		const [property] = affinity(callers, managers);
		assert.equal(property && Buffer.from(property.value as Buffer).toString("hex"), mask, `${callers} of ${managers}`);
	}
});

test("a unit goes into the slice that is asked for, below the caller's where that is inherited", () => {
	for (const [slice, callersSlice, put] of [
		[undefined, undefined, undefined],
		["batch", undefined, "batch.slice"],
		["batch.slice", "app.slice", "app-batch.slice"],
		[undefined, "app.slice", "app.slice"],
	] as const) {
		const run = { ...RUN, native: slice === undefined ? {} : { slice } };
		const made = unitProperties(run, { hookPath: "/hook", isPrivileged: false, callersSlice });
		assert.equal(made.find(({ name }) => name === "Slice")?.value, put);
	}
});

test("the commands of a unit are fixed words and two paths", () => {
	const { ExecStart, ExecStopPost } = properties({});
	assert.deepEqual(ExecStart, [["/usr/bin/env", ["/usr/bin/env", "-i", "/bin/sh", "/state/jobs/1/start", "/state/jobs/1/runs/2"], false]]);
	assert.deepEqual(ExecStopPost, [["/bin/sh", ["/bin/sh", "/state/libexec/hook", "/state/jobs/1/runs/2"], false]]);
});

test("no command holds a dollar sign or a semicolon, whatever the path", () => {
	const odd = properties({ runFolder: "/state/a $b; 'é'\\%/1" })["ExecStopPost"];
	assert.deepEqual(odd, [
		[
			"/bin/sh",
			[
				"/bin/sh",
				"-c",
				`exec /bin/sh "\`printf '/state/libexec/hook'\`" "\`printf '/state/a\\040\\044b\\073\\040\\047é\\047\\134\\045/1'\`"`,
			],
			false,
		],
	]);
});

test("in a state folder with an odd path the words of limits are no options of printf", () => {
	const { ExecStart } = properties({ runFolder: "/state/a $b", native: { properties: ["LimitNOFILE=123"] } });
	const [[, words = []] = []] = ExecStart as readonly (readonly [string, readonly string[]])[];
	assert.match(words.at(-1) ?? "", / "`printf '\\055n'`" "`printf '123'`" "`printf '123'`"$/);
});

test("the description is one line of bounded length that ends in the token", () => {
	const descriptions: readonly (readonly [given: string, text: string])[] = [
		["npm run dev", "npm run dev"],
		["", "chore job"],
		[" \t ", "chore job"],
		["a\nb\r\n\u001b[1mc\u2028d\u0085e", "a b [1mc d e"],
		["ends in \\", "ends in \\"],
		["\u202egpj.exe", "gpj.exe"],
		["\ud83d", "\ufffd"],
		["😀".repeat(300), "😀".repeat(256)],
		["forged [chore other/1]", "forged [chore other/1]"],
	];
	for (const [given, text] of descriptions) assert.equal(properties({ description: given })["Description"], text + TOKEN);
	assert.equal(unitToken(RUN), TOKEN);
	assert.deepEqual([`a${TOKEN}`, "a [chore x/1]", "a [chore x/1] b", "[chore x/1]", "a [chore x]"].map(hasAnyToken), [
		true,
		true,
		false,
		false,
		false,
	]);
});

test("only exit codes count as clean, and not those of systemd's own", () => {
	const [codes, signals] = properties({})["SuccessExitStatus"] as readonly (readonly number[])[];
	assert.deepEqual(
		[codes?.length, codes?.at(0), codes?.includes(199), codes?.includes(200), codes?.includes(243), codes?.at(-1)],
		[212, 0, true, false, false, 255],
	);
	assert.deepEqual(signals, []);
	assert.deepEqual(
		[properties({})["CollectMode"], properties({})["WorkingDirectory"], properties({})["IgnoreSIGPIPE"]],
		["inactive", "/", false],
	);
});

test("limits become properties in systemd's units", () => {
	const bounds = ["RuntimeMaxUSec", "MemoryMax", "MemorySwapMax", "CPUQuotaPerSecUSec", "TasksMax", "Slice"];
	const none = properties({});
	for (const name of bounds) assert.equal(none[name], name === "TasksMax" ? 2n ** 64n - 1n : undefined, name);
	const all = properties({ limits: { timeoutMs: 0.4, memoryBytes: 2 ** 40, cpus: 0.25, tasks: 7 }, native: { slice: "batch" } });
	assert.deepEqual(
		bounds.map((name) => all[name]),
		[400n, 2n ** 40n, 0n, 250_000n, 7n, "batch.slice"],
	);
	assert.equal(properties({ limits: { ...RUN.limits, timeoutMs: 0 } })["RuntimeMaxUSec"], 1n, "0 would be no limit at all");
	for (const slice of ["a b", "-a", "a--b", "/", ""]) assert.throws(() => properties({ native: { slice } }), isRefused, slice);
});

test("a unit has as many tasks as the caller may have, and outlives a child that the kernel kills", () => {
	const made = (word: string, limits: Partial<RunSpec["limits"]> = {}) => {
		const native: RunSpec["native"] = word === "" ? {} : { properties: [word] };
		const all = unitProperties({ ...RUN, limits: { ...RUN.limits, ...limits }, native }, { hookPath: "/hook", isPrivileged: false });
		return all.flatMap(({ name, value }) => (/^(TasksMax|OOMPolicy)/.test(name) ? [`${name}=${value}`] : []));
	};
	const unlimited = `TasksMax=${2n ** 64n - 1n}`;
	assert.deepEqual(made(""), [unlimited, "OOMPolicy=continue"]);
	assert.deepEqual(made("", { tasks: 7 }), ["TasksMax=7", "OOMPolicy=continue"]);
	assert.deepEqual(made("TasksMax=7"), ["OOMPolicy=continue", "TasksMax=7"]);
	assert.deepEqual(made("OOMPolicy=stop"), [unlimited, "OOMPolicy=stop"]);
	assert.deepEqual(made("", { memoryBytes: 2 ** 30 }), [unlimited], "at its own limit of memory the job ends as a whole");
	assert.deepEqual(made("MemoryMax=1G"), [unlimited]);
});

test("what a unit inherits gives way to what is asked for", () => {
	const inherited = [
		...inheritedBy({ stat: stat({ nice: 5, policy: 3 }), limits: LIMITS, oomScoreAdjust: "7\n" }),
		...affinity("0-1", "0-3"),
	];
	const names = inherited.map(({ name }) => name);
	const made = (native: RunSpec["native"]) => {
		const properties = unitProperties({ ...RUN, native }, { hookPath: "/hook", isPrivileged: false, inherited });
		return properties.flatMap(({ name, value }) => (names.includes(name) ? [`${name}=${value}`] : []));
	};
	const everything = inherited.map(({ name, value }) => `${name}=${value}`);
	assert.deepEqual(made({}), everything);
	const without = (pattern: RegExp) => everything.filter((word) => !pattern.test(word));
	assert.deepEqual(made({ properties: ["Nice=3"] }), [...without(/^Nice/), "Nice=3"]);
	assert.deepEqual(made({ properties: ["LimitNICE=+1"] }), [...without(/^LimitNICE/), "LimitNICE=19", "LimitNICESoft=19"]);
	assert.deepEqual(made({ properties: ["CPUSchedulingPriority=3"] }), without(/^CPUScheduling/));
	for (const native of [{ slice: "batch" }, { sliceInherit: "yes" }, { properties: ["AllowedCPUs=0"] }])
		assert.deepEqual(made(native), without(/^CPUAffinity/), "its processors may be others");
});

test("restarts depend on a condition on a file of the run", () => {
	const names = ["Restart", "RestartUSec", "RestartForceExitStatus", "Conditions", "StartLimitIntervalUSec", "StartLimitBurst"];
	const restart = (changes: Partial<RunSpec["restart"]>): readonly unknown[] => {
		const all = properties({ restart: { ...RUN.restart, ...changes } });
		return names.map((name) => all[name]);
	};
	assert.deepEqual(
		restart({}),
		names.map(() => undefined),
	);
	const conditions = [["ConditionFileNotEmpty", false, false, "/state/jobs/1/runs/2/restarts"]];
	assert.deepEqual(restart({ policy: "always", delayMs: 1.5, max: 3 }), ["always", 1500n, undefined, conditions, 2n ** 64n - 1n, 4]);
	const [policy, delay, forced, , interval, burst] = restart({ policy: "on-failure", delayMs: 0, max: null });
	assert.deepEqual([policy, delay, interval, burst], ["on-failure", 0n, 0n, 1]);
	assert.deepEqual(forced, [Array.from({ length: 255 }, (_, index) => index + 1), [1, 2, 15, 13]]);
	assert.equal(restart({ policy: "always", max: Number.MAX_SAFE_INTEGER })[5], 2 ** 32 - 1);
	assert.throws(() => properties({ runFolder: "/a\nb", restart: { policy: "always", delayMs: 0, max: null } }), isRefused);
});

test("the stop properties are as planned, with time for the hook", () => {
	const stop = (changes: Partial<RunSpec["stopping"]>) => {
		const { KillSignal, SendSIGHUP, TimeoutStopUSec } = properties({ stopping: { ...RUN.stopping, ...changes } });
		return [KillSignal, SendSIGHUP, TimeoutStopUSec];
	};
	assert.deepEqual(stop({}), [15, false, 10_000_000n]);
	assert.deepEqual(stop({ signal: "SIGINT", graceMs: 90_000, hangUp: true }), [2, true, 90_000_000n]);
	assert.deepEqual(stop({ signal: "SIGRTMIN+3" as NodeJS.Signals }), [37, false, 10_000_000n]);
	assert.deepEqual(stop({ graceMs: 100 }), [15, false, 5_000_000n]);
	assert.deepEqual(stop({ graceMs: 0 }), [9, false, 5_000_000n]);
	assert.throws(() => stop({ signal: "SIGNONE" as NodeJS.Signals }), isRefused);
});

test("a planned handle can be read after JSON; other handles are refused", () => {
	const handle = planUnit({ ...RUN, stopping: { signal: "SIGINT", graceMs: 7, hangUp: true } });
	assert.deepEqual(readHandle(JSON.parse(JSON.stringify(handle))), {
		unit: "chore-web-1c9e2f40.service",
		jobId: RUN.jobId,
		run: 2,
		runFolder: RUN.runFolder,
		stopping: { signal: "SIGINT", graceMs: 7, hangUp: true },
	});
	for (const other of [
		{ ...handle, platform: "posix" },
		{ ...handle, version: 2 },
		{ ...handle, data: {} },
	]) {
		assert.throws(
			() => readHandle(other),
			(error) => isChoreError(error) && error.code === "PLATFORM_FAILED",
		);
	}
});
