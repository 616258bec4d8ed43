import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { RunSpec } from "../../platform/contract.ts";
import { isChoreError } from "../../platform/errors.ts";
import * as systemd from "../../platform/systemd/index.ts";
import { readProperties } from "../../platform/systemd/properties.ts";
import { controllerOf, PROPERTY_NAMES } from "../../platform/systemd/property-table.ts";
import { sandboxProperties } from "../../platform/systemd/sandbox.ts";
import { planUnit } from "../../platform/systemd/unit.ts";
import type { Job } from "../../src/core/job.ts";
import { begun } from "../support/begun.ts";
import { BURNT_MS, burning } from "../support/burning.ts";
import { eventually } from "../support/eventually.ts";
import { type Home, makeHome } from "../support/home.ts";
import { userManager } from "../support/user-manager.ts";
import { Fixture, type Prepared, prepareRun, recordOf, said } from "./support.ts";

const { skip } = userManager(import.meta, { unified: true });
const noUsers = spawnSync("unshare", ["-Ur", "true"]).status === 0 ? false : "this kernel lets nobody make a user namespace";
const UNBOUNDED = { memoryBytes: null, cpus: null, tasks: null };

function isRefused(message: RegExp): (error: unknown) => boolean {
	return (error) => isChoreError(error) && error.code === "INVALID_ARGUMENT" && message.test(`${error.message} (${error.hint})`);
}

function show(unit: string, property: string): string {
	return execFileSync("systemctl", ["--user", "show", "--value", "-p", property, "--", unit], { encoding: "utf8" }).trim();
}

/** Name, type and value of each, as the manager gets them. */
function given(...words: readonly string[]): readonly (readonly unknown[])[] {
	return readProperties(words, UNBOUNDED).properties.map(({ name, signature, value }) => [name, signature, value]);
}

test("each property reads its kind of value", () => {
	const infinity = 2n ** 64n - 1n;
	for (const [word, ...expected] of [
		["MemoryMax=1G", ["MemoryMax", "t", 1_073_741_824n]],
		["MemoryHigh=infinity", ["MemoryHigh", "t", infinity]],
		["MemoryMax=50%", ["MemoryMaxScale", "u", 2_147_483_648]],
		["MemoryMax=100%", ["MemoryMaxScale", "u", 4_294_967_295]],
		["MemorySwapMax=0", ["MemorySwapMax", "t", 0n]],
		["CPUWeight=idle", ["CPUWeight", "t", 0n]],
		["CPUQuota=150%", ["CPUQuotaPerSecUSec", "t", 1_500_000n]],
		["CPUQuotaPeriodSec=10ms", ["CPUQuotaPeriodUSec", "t", 10_000n]],
		["AllowedCPUs=0-1", ["AllowedCPUs", "ay", Buffer.from([3])]],
		["TasksMax=infinity", ["TasksMax", "t", infinity]],
		["IODeviceWeight=/dev/sda 50", ["IODeviceWeight", "a(st)", [["/dev/sda", 50n]]]],
		["IOReadBandwidthMax=/dev/sda 5M", ["IOReadBandwidthMax", "a(st)", [["/dev/sda", 5_000_000n]]]],
		["Delegate=yes", ["Delegate", "b", true]],
		["Delegate=cpu pids", ["DelegateControllers", "as", ["cpu", "pids"]]],
		["CPUSchedulingPolicy=batch", ["CPUSchedulingPolicy", "i", 3]],
		["ProtectSystem=on", ["ProtectSystem", "s", "yes"]],
		["ProtectHome=read-only", ["ProtectHome", "s", "read-only"]],
		['ReadOnlyPaths=/a -/b "+/c d"', ["ReadOnlyPaths", "as", ["/a", "-/b", "+/c d"]]],
		["LimitNICE=-5", ["LimitNICE", "t", 25n], ["LimitNICESoft", "t", 25n]],
		["LimitRTTIME=1ms:infinity", ["LimitRTTIME", "t", infinity], ["LimitRTTIMESoft", "t", 1000n]],
		["FinalKillSignal=ABRT", ["FinalKillSignal", "i", 6]],
		["KillMode=control-group"],
		["Documentation=man:true(1) https://example.org/", ["Documentation", "as", ["man:true(1)", "https://example.org/"]]],
		["After=a.service b@c.target", ["After", "as", ["a.service", "b@c.target"]]],
		["Documentation=https://example.org/?a=b", ["Documentation", "as", ["https://example.org/?a=b"]]],
	] as const) {
		assert.deepEqual(given(word), expected, word);
	}
	assert.deepEqual(readProperties(["LimitNOFILE=1024:4096", "LimitCORE=infinity", "LimitCPU=1.5min", "LimitSTACK=8M"], UNBOUNDED), {
		properties: [],
		limits: ["-n", "1024", "4096", "-c", "unlimited", "unlimited", "-t", "90", "90", "-s", "8192", "8192"],
	});
});

test("of a property that is given twice the last counts, but of lists both", () => {
	const read = (...words: readonly string[]) => readProperties(words, UNBOUNDED);
	assert.deepEqual(read("LimitCORE=1M:2M", "LimitNOFILE=5", "LimitCORE=16M:32M").limits, ["-n", "5", "5", "-c", "32768", "65536"]);
	for (const name of PROPERTY_NAMES) {
		const [value = ""] = SAMPLES[name] ?? ["1"];
		const isList = name.startsWith("IO") && name !== "IOWeight" && !name.startsWith("IOScheduling");
		const adds =
			isList ||
			/^(Delegate|CPUAffinity|(ReadOnly|ReadWrite|Inaccessible)Paths|Documentation|After|Before|Wants|Requires|Requisite|BindsTo|PartOf|Conflicts)$/.test(
				name,
			);
		const [once, twice] = [read(`${name}=${value}`), read(`${name}=${value}`, "Nice=1", `${name}=${value}`)];
		const size = ({ properties, limits }: typeof once) => properties.filter((one) => one.name !== "Nice").length + limits.length;
		if (name !== "Nice") assert.equal(size(twice), size(once) * (adds ? 2 : 1), name);
	}
	assert.deepEqual(given("Nice=3", "Nice=4"), [["Nice", "i", 4]]);
	assert.deepEqual(given("MemoryMax=1G", "MemoryMax=50%"), [["MemoryMaxScale", "u", 2_147_483_648]]);
	assert.throws(() => given("Nice=x", "Nice=4"), isRefused(/from -20 to 19/));
});

test("a wrong value is refused with what is expected", () => {
	for (const [word, expected] of [
		["MemoryMax=", /MemoryMax takes a size .*, not "" \(see systemd.resource-control\(5\)\)/],
		["MemoryMax=0", /MemoryMax takes a size/],
		["MemoryMax=101%", /MemoryMax takes a size/],
		["MemoryMax=lots\u001b[31m", /not "lots \[31m"/],
		["CPUWeight=0", /from 1 to 10000, or idle/],
		["IOWeight=idle", /from 1 to 10000/],
		["CPUQuota=50", /whole percents/],
		["CPUQuota=0%", /whole percents/],
		["CPUQuota=12.5%", /whole percents/],
		["CPUQuotaPeriodSec=5", /from 1 ms to 1000 ms/],
		["TasksMax=50%", /whole number of processes/],
		["TasksMax=0", /whole number of processes/],
		["IODeviceWeight=/dev/sda", /a device or file and a weight/],
		["IOReadBandwidthMax=sda 5M", /a device or file and bytes/],
		["Delegate=devices", /some of cpu cpuset io memory pids/],
		["Nice=20", /from -20 to 19.*systemd.exec\(5\)/],
		["OOMScoreAdjust=-1", /from 0 to 1000/],
		["CPUSchedulingPolicy=deadline", /other, batch, idle, fifo or rr/],
		["NoNewPrivileges=maybe", /yes or no/],
		["ProtectSystem=all", /yes, no, full or strict/],
		["ReadOnlyPaths=relative", /absolute paths/],
		["ReadOnlyPaths=/a\\b", /absolute paths/],
		["LimitNOFILE=4096:1024", /SOFT:HARD/],
		["LimitNOFILE=1:2:3", /SOFT:HARD/],
		["LimitNICE=5", /nice level with its sign/],
		["FinalKillSignal=NONE", /a signal.*systemd.kill\(5\)/],
		["KillMode=process", /"control-group"/],
		["OOMPolicy=none", /continue, stop or kill.*systemd.service\(5\)/],
		["After=a", /names of units with their suffix.*systemd.unit\(5\)/],
		["Documentation=nonsense", /https:.*systemd.unit\(5\)/],
		["Documentation=https://a.b/%h", /https:/],
	] as const) {
		assert.throws(() => given(word), isRefused(expected), word);
	}
});

test("an unknown property is refused, with the nearest name", () => {
	assert.throws(() => given("MemoryMax"), isRefused(/NAME=VALUE, not "MemoryMax" \(such as/));
	assert.throws(() => given("=5"), isRefused(/NAME=VALUE/));
	assert.throws(() => given("MemroyMax=5"), isRefused(/"MemroyMax" is no property .*did you mean MemoryMax\?/));
	assert.throws(() => given("toString=5"), isRefused(/no property/));
	assert.throws(() => given("Xyzzy=5"), isRefused(/chore doctor --json/));
});

test("a property that chore sets itself is refused, with the option to use instead", () => {
	for (const [names, instead] of [
		["ExecStart ExecStartPre ExecStop ExecStopPost ExecReload ExecCondition", /what follows --/],
		["StandardOutput StandardError", /--output/],
		["StandardInput StandardInputText", /--stdin/],
		["Type", /type exec/],
		["RemainAfterExit CollectMode", /chore status/],
		[
			"Restart RestartSec RestartUSec StartLimitBurst StartLimitIntervalSec StartLimitAction",
			/--restart, --restart-delay and --restart-max/,
		],
		["SuccessExitStatus RestartForceExitStatus RestartPreventExitStatus", /--restart/],
		["RuntimeMaxSec WatchdogSec TimeoutStartSec", /--timeout/],
		["TimeoutStopSec TimeoutSec SendSIGKILL", /--grace/],
		["KillSignal RestartKillSignal", /--stop-signal/],
		["SendSIGHUP", /--send-sighup/],
		["Environment", /-E/],
		["EnvironmentFile", /--env-file/],
		["PassEnvironment UnsetEnvironment", /--clean-env/],
		["WorkingDirectory", /--working-directory/],
		["RootDirectory RootImage TemporaryFileSystem BindPaths MountImages ProcSubset", /hide the folder/],
		["Description", /--description/],
		["User", /use --uid/],
		["Group", /use --gid/],
		["SupplementaryGroups DynamicUser", /--uid and --gid/],
		["Slice", /--slice/],
		["UMask", /umask 027/],
		["ConditionPathExists AssertUser", /before the start/],
		["OnFailure OnSuccess SuccessAction", /chore wait/],
		["IPAddressDeny", /PrivateNetwork/],
		["SystemCallFilter RestrictNamespaces CapabilityBoundingSet", /from being recorded/],
	] as const) {
		for (const name of names.split(" ")) {
			assert.throws(() => given(`${name}=x`), isRefused(instead), name);
			assert.equal(PROPERTY_NAMES.includes(name), false, `${name} is in the table as well`);
		}
	}
	const limits = { memoryBytes: 1, cpus: 1, tasks: 1 };
	for (const [word, option] of [
		["MemoryMax=1G", /--memory/],
		["CPUQuota=5%", /--cpus/],
		["TasksMax=5", /--tasks/],
	] as const) {
		assert.throws(() => readProperties([word], limits), isRefused(option));
	}
	assert.equal(readProperties(["MemorySwapMax=1G"], limits).properties.length, 1);
});

test("with a sandbox the hook can reach its file and the job's folder, or the property is refused", () => {
	const places = { jobFolder: "/home/me/state/jobs/1", hookPath: "/home/me/state/libexec/x/hook", isPrivileged: false };
	const added = (word: string, changes: Partial<typeof places> = {}) =>
		sandboxProperties(readProperties([word], UNBOUNDED).properties, { ...places, ...changes }).map(({ name, value }) => [name, value]);
	const users = ["PrivateUsers", true];
	const writable = ["ReadWritePaths", ["/home/me/state/jobs/1"]];
	assert.deepEqual(added("ProtectSystem=strict"), [users, writable]);
	assert.deepEqual(added("ReadOnlyPaths=/"), [users, writable]);
	assert.deepEqual(added("ProtectSystem=strict", { isPrivileged: true }), [writable]);
	assert.deepEqual(added("PrivateNetwork=yes"), [users]);
	for (const word of ["Nice=5", "PrivateTmp=no", "ProtectHome=no", "ProtectProc=default", "NoNewPrivileges=yes", "PrivateUsers=yes"])
		assert.deepEqual(added(word), [], word);
	const bound = (path: string) => [[path, path, false, 16_384n]];
	assert.deepEqual(added("ProtectHome=tmpfs"), [
		users,
		["BindPaths", bound("/home/me/state/jobs/1")],
		["BindReadOnlyPaths", bound("/home/me/state/libexec/x")],
	]);
	assert.deepEqual(added("PrivateTmp=yes"), [users, writable]);
	assert.deepEqual(added("PrivateTmp=yes", { jobFolder: "/tmp/jobs/1" }), [users, ["BindPaths", bound("/tmp/jobs/1")]]);
	for (const path of ["/home", "-/home/me", "/home/me/state/jobs/1", "+/home/me/./state/../state/libexec", "/"])
		assert.throws(() => added(`InaccessiblePaths=${path}`), isRefused(/would hide chore's own folder.*CHORE_HOME/), path);
	assert.deepEqual(added("InaccessiblePaths=/home/me/state2 /home/you"), [users, writable]);
	assert.throws(() => added("ProtectHome=yes"), isRefused(/ProtectHome=tmpfs/));
	assert.deepEqual(added("ProtectHome=yes", { jobFolder: "/var/jobs/1", hookPath: "/var/hook" }), [
		users,
		["ReadWritePaths", ["/var/jobs/1"]],
	]);
	assert.throws(() => added("ProtectSystem=strict", { jobFolder: '/home/"me"' }), isRefused(/CHORE_HOME/));
	assert.throws(() => added("PrivateTmp=yes", { jobFolder: "/tmp/with blank" }), isRefused(/CHORE_HOME/));
	assert.deepEqual(added("ProtectSystem=strict", { jobFolder: "/with blank" }), [users, ["ReadWritePaths", ["/with blank"]]]);
});

/** Each property with a value that every user may set, and what the manager shows of it. */
const SAMPLES: Readonly<Record<string, readonly [value: string, ...shown: (readonly [property: string, value: string])[]]>> = {
	MemoryMax: ["500M", ["MemoryMax", "524288000"]],
	MemoryHigh: ["infinity", ["MemoryHigh", "infinity"]],
	MemoryLow: ["1M", ["MemoryLow", "1048576"]],
	MemoryMin: ["0", ["MemoryMin", "0"]],
	MemorySwapMax: ["1G", ["MemorySwapMax", "1073741824"]],
	CPUWeight: ["50", ["CPUWeight", "50"]],
	CPUQuota: ["150%", ["CPUQuotaPerSecUSec", "1.500000s"]],
	CPUQuotaPeriodSec: ["10ms", ["CPUQuotaPeriodUSec", "10ms"]],
	AllowedCPUs: ["0", ["AllowedCPUs", "0"]],
	TasksMax: ["500", ["TasksMax", "500"]],
	IOWeight: ["50", ["IOWeight", "50"]],
	IODeviceWeight: ["/tmp 50", ["IODeviceWeight", "/tmp 50"]],
	IOReadBandwidthMax: ["/tmp 5M", ["IOReadBandwidthMax", "/tmp 5000000"]],
	IOWriteBandwidthMax: ["/tmp 6M", ["IOWriteBandwidthMax", "/tmp 6000000"]],
	IOReadIOPSMax: ["/tmp 1K", ["IOReadIOPSMax", "/tmp 1000"]],
	IOWriteIOPSMax: ["/tmp 2K", ["IOWriteIOPSMax", "/tmp 2000"]],
	Delegate: ["pids", ["Delegate", "yes"], ["DelegateControllers", "pids"]],
	Nice: ["5", ["Nice", "5"]],
	OOMScoreAdjust: ["500", ["OOMScoreAdjust", "500"]],
	CPUSchedulingPolicy: ["batch", ["CPUSchedulingPolicy", "3"]],
	CPUAffinity: ["0", ["CPUAffinity", "0"]],
	IOSchedulingClass: ["idle", ["IOSchedulingClass", "3"]],
	IOSchedulingPriority: ["6", ["IOSchedulingPriority", "6"]],
	LimitSIGPENDING: ["100:200", ["LimitSIGPENDING", "200"], ["LimitSIGPENDINGSoft", "100"]],
	LimitMSGQUEUE: ["1K", ["LimitMSGQUEUE", "1024"], ["LimitMSGQUEUESoft", "1024"]],
	LimitRTPRIO: ["0", ["LimitRTPRIO", "0"]],
	LimitRTTIME: ["1s:infinity", ["LimitRTTIME", "infinity"], ["LimitRTTIMESoft", "1000000"]],
	LimitNICE: ["+19", ["LimitNICE", "1"], ["LimitNICESoft", "1"]],
	NoNewPrivileges: ["yes", ["NoNewPrivileges", "yes"]],
	LockPersonality: ["yes", ["LockPersonality", "yes"]],
	MemoryDenyWriteExecute: ["yes", ["MemoryDenyWriteExecute", "yes"]],
	RestrictRealtime: ["yes", ["RestrictRealtime", "yes"]],
	RestrictSUIDSGID: ["yes", ["RestrictSUIDSGID", "yes"]],
	PrivateUsers: ["yes", ["PrivateUsers", "yes"]],
	PrivateTmp: ["yes", ["PrivateTmp", "yes"], ["PrivateUsers", "yes"]],
	PrivateDevices: ["yes", ["PrivateDevices", "yes"]],
	PrivateNetwork: ["yes", ["PrivateNetwork", "yes"]],
	ProtectSystem: ["strict", ["ProtectSystem", "strict"]],
	ProtectHome: ["tmpfs", ["ProtectHome", "tmpfs"]],
	ProtectProc: ["invisible", ["ProtectProc", "invisible"]],
	ProtectClock: ["yes", ["ProtectClock", "yes"]],
	ProtectHostname: ["yes", ["ProtectHostname", "yes"]],
	ProtectControlGroups: ["yes", ["ProtectControlGroups", "yes"]],
	ProtectKernelLogs: ["yes", ["ProtectKernelLogs", "yes"]],
	ProtectKernelModules: ["yes", ["ProtectKernelModules", "yes"]],
	ProtectKernelTunables: ["yes", ["ProtectKernelTunables", "yes"]],
	ReadOnlyPaths: ['/ "-/not there"', ["ReadOnlyPaths", '/ "-/not there"']],
	ReadWritePaths: ["-/not-there", ["ReadOnlyPaths", ""]],
	InaccessiblePaths: ["/usr/share", ["InaccessiblePaths", "/usr/share"]],
	FinalKillSignal: ["ABRT", ["FinalKillSignal", "6"]],
	KillMode: ["control-group", ["KillMode", "control-group"]],
	OOMPolicy: ["continue", ["OOMPolicy", "continue"]],
	After: ["basic.target"],
	Before: ["shutdown.target"],
	Wants: ["basic.target", ["Wants", "basic.target"]],
	Requires: ["basic.target"],
	Requisite: ["basic.target", ["Requisite", "basic.target"]],
	BindsTo: ["basic.target", ["BindsTo", "basic.target"]],
	PartOf: ["basic.target", ["PartOf", "basic.target"]],
	Conflicts: ["chore-nobody.service"],
	Documentation: ["https://example.org/?a=b man:true(1)", ["Documentation", '"https://example.org/?a=b" "man:true(1)"']],
};

/** Not among them: what the start script sets, and what none but root may have. */
const ELSEWHERE = /^(Limit(CPU|FSIZE|DATA|STACK|CORE|MEMLOCK|AS|NPROC|NOFILE)|CPUSchedulingPriority)$/;

test("every property is applied, and daemon-reload does not change it", { skip: skip || noUsers }, async () => {
	assert.deepEqual(
		Object.keys(SAMPLES),
		PROPERTY_NAMES.filter((name) => !ELSEWHERE.test(name)),
	);
	await using fixture = await Fixture.open("chore-properties-");
	const started: { readonly name: string; readonly prepared: Prepared }[] = [];
	for (const [name, [value]] of Object.entries(SAMPLES)) {
		// Beside what `plan` refuses where a controller is missing: here only the manager's answer counts.
		const run = prepareRun(fixture.folder, 'echo ready >"$1/said"; until [ -e "$1/go" ]; do sleep 0.05; done; exit 3', {
			native: { properties: [`${name}=${value}`] },
		});
		const prepared = { run, handle: planUnit(run) };
		await fixture.platform.start(run, prepared.handle);
		started.push({ name, prepared });
	}
	const shownOf = (name: string, { handle }: Prepared): void => {
		for (const [property, value] of SAMPLES[name]?.slice(1) ?? [])
			assert.equal(show(String(handle.data["unit"]), String(property)), value, `${name}: ${property}`);
	};
	for (const { name, prepared } of started) {
		await eventually(name, () => said(prepared), "ready");
		shownOf(name, prepared);
	}
	execFileSync("systemctl", ["--user", "daemon-reload"]);
	for (const { name, prepared } of started) {
		shownOf(name, prepared);
		writeFileSync(`${prepared.run.runFolder}/go`, "");
		const record = await recordOf(prepared);
		assert.deepEqual([record.status, record.result], [{ code: 3 }, "exit-code"], name);
	}
});

/** A home whose path may be bound into another file system. */
async function plainHome(): Promise<Home> {
	return makeHome("systemd", systemd, {}, "chore-properties-");
}

async function outputOf({ chore }: Home, job: Job): Promise<string> {
	const pieces: Buffer[] = [];
	for await (const { bytes } of chore.logs(job.id)) pieces.push(Buffer.from(bytes));
	return Buffer.concat(pieces).toString();
}

test("limits by properties replace the caller's and do not apply to the hook", { skip }, async () => {
	await using home = await plainHome();
	const properties = [
		"LimitNOFILE=64:128",
		"LimitFSIZE=0",
		"LimitNPROC=1:2",
		"LimitCPU=5min",
		"LimitSTACK=4M:infinity",
		"LimitMEMLOCK=64K",
	];
	const job = await home.chore.run({ command: ["cat", "/proc/self/limits"], native: { properties } });
	const end = await home.chore.wait(job.id);
	// Nothing can be written by the job itself; the record is there all the same.
	assert.deepEqual([end.result, end.signal], ["signal", "SIGXFSZ"]);
	const more = await home.chore.run({ command: ["cat", "/proc/self/limits"], native: { properties: properties.toSpliced(1, 1) } });
	await home.chore.wait(more.id);
	const limits = await outputOf(home, more);
	for (const row of [
		/^Max open files +64 +128 /m,
		/^Max processes +1 +2 /m,
		/^Max cpu time +300 +300 /m,
		/^Max stack size +4194304 +unlimited /m,
		/^Max locked memory +65536 +65536 /m,
	]) {
		assert.match(limits, row);
	}
});

test("a sandboxed job is restricted as asked, and its output and end are written", { skip: skip || noUsers }, async () => {
	await using home = await plainHome();
	const look = "ls -A /tmp | wc -l; touch /usr/x 2>&1; cat /proc/self/status; ls /sys/class/net; exit 3";
	const inside = async (...properties: readonly string[]): Promise<string> => {
		const job = await home.chore.run({ command: ["/bin/sh", "-c", look], directory: "/", native: { properties } });
		const end = await home.chore.wait(job.id);
		assert.deepEqual([end.result, end.exitCode], ["exit-code", 3], properties.join(" "));
		return outputOf(home, end);
	};
	assert.match(await inside("PrivateTmp=yes"), /^1\n/, "the folder on the way to its own");
	assert.match(await inside("ProtectSystem=strict"), /Read-only file system/);
	assert.match(
		await inside("PrivateTmp=yes", "ProtectSystem=strict", "ReadOnlyPaths=/", "ProtectHome=tmpfs"),
		/^1\n.*Read-only file system/,
	);
	assert.match(await inside("NoNewPrivileges=yes"), /^NoNewPrivs:\t1$/m);
	assert.match(await inside("Nice=7"), /Permission denied|cannot touch/);
	const restarted = await home.chore.run({
		command: ["/bin/sh", "-c", "exit 4"],
		directory: "/",
		native: { properties: ["PrivateTmp=yes", "ProtectSystem=strict"] },
		restart: { policy: "on-failure", delayMs: 10, max: 2 },
	});
	const end = await home.chore.wait(restarted.id);
	assert.deepEqual([end.result, end.attempt], ["start-limit", 3]);
});

test("the CPU time of a delegated cgroup is that of the whole unit", { skip }, async () => {
	await using home = await plainHome();
	const job = await home.chore.run({
		command: ["/bin/sh", "-c", burning('"$0"'), `${home.path}/times`],
		native: { properties: ["Delegate=yes"] },
	});
	const end = await home.chore.wait(job.id);
	assert.ok((end.cpuTimeMs ?? 0) >= BURNT_MS, `${end.cpuTimeMs} ms`);
});

test("a sandbox that hides chore's folder, and an unknown property, are refused before anything is made", { skip }, async () => {
	await using home = await plainHome();
	for (const [properties, message] of [
		[[`InaccessiblePaths=${home.path}`], /would hide chore's own folder/],
		[["InaccessiblePaths=/tmp"], /would hide chore's own folder/],
		[["Bogus=1"], /no property/],
		[["Nice=5", "Type=oneshot"], /Type cannot be set/],
	] as const) {
		await assert.rejects(home.chore.run({ command: ["true"], native: { properties } }), isRefused(message));
	}
	assert.deepEqual(await home.chore.list({ all: true }), []);
});

test("a property that this manager or user cannot have is named in the error, and nothing is left", { skip }, async () => {
	await using home = await plainHome();
	const rights = "\\(it may need rights that you do not have here; .*\\)$";
	for (const [property, message] of [
		[
			"CPUSchedulingPriority=10",
			new RegExp(`^systemd cannot give a job CPUSchedulingPriority=10 here: it failed at SETSCHEDULER \\(exit code 214\\) ${rights}`),
		],
		[
			"InaccessiblePaths=/not/there",
			new RegExp(`^systemd cannot give a job InaccessiblePaths=/not/there here: it failed at NAMESPACE \\(exit code 226\\) ${rights}`),
		],
		[
			"Requires=chore-not-there.service",
			/^Nice=5, Requires=chore-not-there.service: systemd refused .*\(this systemd does not take it; leave it out\)$/,
		],
	] as const) {
		const restart = { policy: "always", delayMs: 10 } as const;
		for (const options of [{}, { restart }]) {
			const start = home.chore.run({ command: ["true"], native: { properties: ["Nice=5", property] }, ...options });
			await assert.rejects(start, (error) => isRefused(message)(error) && isChoreError(error) && error.refused);
		}
	}
	assert.deepEqual(await home.chore.list({ all: true }), []);
	assert.deepEqual(readdirSync(`${home.path}/default/jobs`), []);
	assert.equal(
		execFileSync("systemctl", ["--user", "list-units", "--all", "--plain", "--no-legend", "chore-true*"], { encoding: "utf8" }),
		"",
	);
});

test("a job goes on if the start that would replace it has wrong options", { skip }, async () => {
	await using home = await plainHome();
	const { id } = await home.chore.run({ command: ["sleep", "600"], name: "web" });
	await begun(() => home.chore.get(id));
	for (const native of [{ properties: ["Bogus=1"] }, { unit: "a b" }, { partition: "long" }])
		await assert.rejects(home.chore.run({ command: ["true"], name: "web", ifRunning: "replace", native }), isChoreError);
	assert.equal((await home.chore.get("web")).id, id);
	assert.equal((await home.chore.get(id)).state, "running");
	assert.equal((await home.chore.list({ all: true })).length, 1);
});

test("a limit that the kernel does not enforce here is refused", { skip }, async (context) => {
	await using home = await plainHome();
	const { native } = await home.chore.capabilities();
	assert.deepEqual(native, {
		unit: [],
		slice: [],
		sliceInherit: ["yes"],
		properties: PROPERTY_NAMES,
		timerProperties: ["AccuracySec", "FixedRandomDelay"],
	});
	const controllers = readFileSync("/sys/fs/cgroup/cgroup.controllers", "utf8").trim().split(" ");
	if (controllers.includes("memory")) return context.skip("the memory controller is there");
	await assert.rejects(home.chore.run({ command: ["true"], native: { properties: ["MemoryHigh=1G"] } }), (error: unknown) => {
		return isChoreError(error) && error.code === "OPTION_UNSUPPORTED" && /MemoryHigh would do nothing here/.test(error.message);
	});
	assert.equal(controllerOf("MemoryHigh"), "memory");
});

test("plan refuses wrong properties before the manager is asked", () => {
	const run: RunSpec = { ...prepareRunLike(), native: { properties: ["ExecStart=/bin/true"] } };
	assert.throws(() => planUnit(run), isRefused(/ExecStart cannot be set/));
});

function prepareRunLike(): RunSpec {
	return {
		jobId: "a",
		run: 1,
		label: "a",
		description: "",
		jobFolder: "/a",
		start: "/a/start",
		runFolder: "/a/1",
		limits: { timeoutMs: null, memoryBytes: null, cpus: null, tasks: null },
		restart: { policy: "no", delayMs: 0, max: null },
		stopping: { signal: "SIGTERM", graceMs: 0, hangUp: false },
		native: {},
		acknowledge: true,
	};
}
