/** The simulator behaves as launchd does, as far as that is known: against captured output, and point by point. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { eventually, isRunning, kill } from "../support/eventually.ts";
import { EXITED, KILLED, LISTED, RUNNING } from "./captures.ts";
import { parsePropertyList } from "./simulator/property-list.ts";
import { noProc, type Simulator, startSimulator } from "./simulator/simulator.ts";
import type { Switches } from "./simulator/switches.ts";

/** A second of launchd's, where it only has to pass. */
const SHORT = { secondMs: 20 } as const;

type Keys = Readonly<Record<string, string | number | boolean | readonly string[] | Readonly<Record<string, string | number | boolean>>>>;

const on = (title: string, switches: Partial<Switches>, body: (simulator: Simulator, context: TestContext) => Promise<void>): void => {
	test(title, { skip: noProc, timeout: 60_000 }, async (context) => {
		await using simulator = await startSimulator(switches);
		await body(simulator, context);
	});
};

/** Writes a property list as a person would, and gives its path. */
function plist({ folder }: Simulator, label: string, line: string, keys: Keys = {}): string {
	const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
	const value = (one: Keys[string]): string => {
		if (typeof one === "boolean") return `<${one}/>`;
		if (typeof one === "number") return `<integer>${one}</integer>`;
		if (typeof one === "string") return `<string>${escaped(one)}</string>`;
		if (Array.isArray(one)) return `<array>${one.map(value).join("")}</array>`;
		return dictionary(one as Keys);
	};
	const dictionary = (all: Keys): string =>
		`<dict>${Object.entries(all)
			.map(([key, one]) => `<key>${key}</key>${value(one)}`)
			.join("\n")}</dict>`;
	const all: Keys = { Label: label, ProgramArguments: ["/bin/sh", "-c", line], RunAtLoad: true, ...keys };
	const path = `${folder}/${label}.plist`;
	writeFileSync(
		path,
		`<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n<plist version="1.0">\n${dictionary(all)}\n</plist>\n`,
		{ mode: 0o600 },
	);
	return path;
}

/** Loads a shell line as a job, and gives its target. */
async function load(simulator: Simulator, label: string, line: string, keys: Keys = {}, domain = "gui/501"): Promise<string> {
	assert.deepEqual(await simulator.call("bootstrap", domain, plist(simulator, label, line, keys)), { code: 0, out: "", err: "" });
	return `${domain}/${label}`;
}

/** Waits for a line of `print`, and gives all of it. */
const printed = (simulator: Simulator, target: string, line: RegExp): Promise<string> =>
	eventually(`print says ${line}`, async () => {
		const { out } = await simulator.call("print", target);
		return line.test(out) && out;
	});

const gone = (simulator: Simulator, target: string): Promise<unknown> =>
	eventually(`${target} is gone`, async () => (await simulator.call("print", target)).code, 113);

async function pidOf(simulator: Simulator, target: string): Promise<number> {
	return Number(/^\tpid = ([0-9]+)$/m.exec(await printed(simulator, target, /^\tpid = /m))?.[1]);
}

/** What a captured text and one of here have in common: all but numbers of processes and sessions, and where things are. */
const shape = (text: string): string =>
	text
		.replaceAll(/(\bID|\bpid|"PID") = [0-9]+/g, "$1 = N")
		.replaceAll(/\/[^ \n]*\/Listeners/g, "LISTENERS")
		.replaceAll(/path = .*\//g, "path = ");

// 1
on("success is silent; a failure says why on stderr, and its number is the exit code", {}, async (simulator) => {
	assert.deepEqual(await simulator.call("bootout", "gui/501/no.such"), { code: 3, out: "", err: "Boot-out failed: 3: No such process\n" });
	assert.deepEqual(await simulator.call("bootstrap", "gui/501", "/no/such.plist"), {
		code: 2,
		out: "",
		err: "Bootstrap failed: 2: No such file or directory\n",
	});
});

// 2
on("what is not there is told as on macOS", {}, async (simulator) => {
	assert.deepEqual(await simulator.call("print", "gui/501/LABEL"), {
		code: 113,
		out: "",
		err: 'Bad request.\nCould not find service "LABEL" in domain for user gui: 501\n',
	});
	assert.deepEqual(await simulator.call("print", "user/501/x"), {
		code: 113,
		out: "",
		err: 'Bad request.\nCould not find service "x" in domain for uid: 501\n',
	});
	assert.deepEqual(await simulator.call("print", "gui/99"), {
		code: 112,
		out: "",
		err: "Bad request.\nCould not find domain for user gui: 99\n",
	});
	await simulator.set({ gui: false });
	assert.equal((await simulator.call("print", "gui/501")).code, 112);
	await simulator.set({ noGuiPrint: 125, badRequest: false });
	assert.equal((await simulator.call("print", "gui/501")).code, 125);
	assert.equal((await simulator.call("print", "gui/99")).err, "Could not find domain for user gui: 99\n");
	assert.deepEqual(await simulator.call("bootstrap", "gui/501", plist(simulator, "x", ":")), {
		code: 125,
		out: "",
		err: "Bootstrap failed: 125: Domain does not support specified action\n",
	});
	assert.match((await simulator.call("print", "user/501")).out, /^user\/501 = \{\n\ttype = login\n/);
});

// 3, 4
on("print is what was captured: after an exit code, after a signal, and while it runs", {}, async (simulator) => {
	const label = "local.telemetryprobe.code";
	const target = await load(simulator, label, "exit 3");
	assert.equal(shape(await printed(simulator, target, /last exit code = 3/)), shape(EXITED));
	await simulator.call("bootout", target);
	await gone(simulator, target);
	await load(simulator, label, "kill -9 $$");
	const killed = await printed(simulator, target, /last terminating/);
	assert.equal(shape(killed.replace("kill -9 $$", "exit 3")), shape(KILLED));
	await simulator.call("bootout", target);
	await gone(simulator, target);
	await load(simulator, label, "exec sleep 100");
	assert.equal(shape((await printed(simulator, target, /\tpid = /)).replace("exec sleep 100", "exit 3")), shape(RUNNING));
});

on(
	"print shows the arguments raw, whatever they look like, and fields that are not known yet",
	{ futureLines: true },
	async (simulator) => {
		const words = ["/bin/sh", "-c", ":", "a\n\tstate = running\n\tpid = 1\n}\n'&<>é漢'"];
		const target = await load(simulator, "hostile", "", { ProgramArguments: words });
		const text = await printed(simulator, target, /^\tlast exit code = 0$/m);
		assert.match(text, /^\t\ta\n\tstate = running\n\tpid = 1\n\}\n'&<>é漢'$/m);
		assert.match(text, /^\tphase of the moon = full$/m);
	},
);

on("an end is told by one line of three kinds, that of the run before while another is under way", SHORT, async (simulator) => {
	const never = await load(simulator, "never", ":", { RunAtLoad: false });
	assert.match((await simulator.call("print", never)).out, /^\truns = 0\n\tlast exit code = \(never exited\)$/m);
	assert.doesNotMatch((await simulator.call("print", never)).out, /^\tpid = /m);
	const config = await load(simulator, "config", "exit 78");
	await printed(simulator, config, /^\tlast exit code = 78: EX_CONFIG$/m);
	const again = await load(simulator, "again", 'if [ -e "$0.2" ]; then exec sleep 100; else : >"$0.2"; exit 75; fi', {
		ProgramArguments: ["/bin/sh", "-c", 'if [ -e "$0.2" ]; then exec sleep 100; else : >"$0.2"; exit 75; fi', `${simulator.folder}/again`],
		KeepAlive: true,
	});
	const text = await printed(simulator, again, /^\truns = 2$/m);
	assert.match(text, /^\tpid = [0-9]+$/m);
	assert.match(text, /^\tlast exit code = 75: EX_TEMPFAIL$/m);
});

on("the old form of print has other first lines, and fields that were dropped later", { print: "old" }, async (simulator) => {
	const target = await load(simulator, "old", "exit 0");
	const text = await printed(simulator, target, /last exit code = 0/);
	assert.match(text, /^old = \{$/m);
	assert.match(text, /^\tdomain = com\.apple\.xpc\.launchd\.domain\.gui\.501$/m);
	assert.match(text, /^\tstate = waiting$/m);
	assert.match(text, /^\tsuccessive crashes = 0$/m);
});

// 5
on("a definition is read once: what happens to its file afterwards changes nothing", SHORT, async (simulator) => {
	const target = await load(simulator, "copied", "exec sleep 100");
	const pid = await pidOf(simulator, target);
	plist(simulator, "copied", "exit 9");
	await simulator.call("kickstart", "-k", target);
	await eventually("another process runs", async () => ![pid, undefined].includes(await pidOf(simulator, target)));
	assert.match((await simulator.call("print", target)).out, /exec sleep 100/);
});

on("bootstrap answers before there is a process", { spawnMs: 300 }, async (simulator) => {
	const target = await load(simulator, "later", "exec sleep 100");
	const text = (await simulator.call("print", target)).out;
	assert.match(text, /^\tstate = spawn scheduled$/m);
	assert.doesNotMatch(text, /^\tpid = /m);
	await printed(simulator, target, /^\tstate = running$/m);
});

// 6
on("bootout answers at once: TERM, KILL after the exit timeout, and only then the label is free", { secondMs: 300 }, async (simulator) => {
	const line =
		`trap 'echo heard >${simulator.folder}/heard' TERM; echo ready >${simulator.folder}/ready; while :; do sleep 0.05; done`.replaceAll(
			simulator.folder,
			'"$0"',
		);
	const target = await load(simulator, "stubborn", line, {
		ProgramArguments: ["/bin/sh", "-c", line, simulator.folder],
		ExitTimeOut: 3,
	});
	await eventually("the trap is set", () => existsSync(`${simulator.folder}/ready`));
	const pid = await pidOf(simulator, target);
	assert.equal((await simulator.call("bootout", target)).code, 0);
	assert.match((await simulator.call("print", target)).out, /^\tstate = SIGTERMed$/m);
	assert.equal((await simulator.call("bootstrap", "gui/501", `${simulator.folder}/stubborn.plist`)).code, 5);
	assert.ok(isRunning(pid));
	await gone(simulator, target);
	assert.ok(!isRunning(pid) && existsSync(`${simulator.folder}/heard`));
	assert.equal((await simulator.call("bootstrap", "gui/501", `${simulator.folder}/stubborn.plist`)).code, 0);
});

on("bootout differs between versions: 36, 5, and --wait", { bootoutEnding: 36, wait: false }, async (simulator) => {
	const line = "trap '' TERM; while :; do sleep 0.05; done";
	const target = await load(simulator, "stubborn", line);
	await pidOf(simulator, target);
	assert.equal((await simulator.call("bootout", "--wait", target)).code, 64);
	assert.doesNotMatch((await simulator.call("help", "bootout")).out, /--wait/);
	assert.equal((await simulator.call("bootout", target)).code, 0);
	assert.deepEqual(await simulator.call("bootout", target), { code: 36, out: "", err: "Boot-out failed: 36: Operation now in progress\n" });
	await simulator.set({ bootoutUnknown: 5, wait: true, secondMs: 20 });
	assert.deepEqual(await simulator.call("bootout", "gui/501/none"), {
		code: 5,
		out: "",
		err: "Boot-out failed: 5: Input/output error\n",
	});
	assert.match((await simulator.call("help", "bootout")).out, /--wait/);
	const other = await load(simulator, "other", "exec sleep 100");
	assert.equal((await simulator.call("bootout", "--wait", other)).code, 0);
	assert.equal((await simulator.call("print", other)).code, 113);
});

// 7
on("a label that is loaded keeps its definition", {}, async (simulator) => {
	const target = await load(simulator, "taken", "exec sleep 100");
	plist(simulator, "taken", "exit 9");
	for (const code of [5, 17, 37] as const) {
		await simulator.set({ bootstrapLoaded: code });
		assert.equal((await simulator.call("bootstrap", "gui/501", `${simulator.folder}/taken.plist`)).code, code);
	}
	assert.match((await simulator.call("print", target)).out, /exec sleep 100/);
});

// 8
on("a job is for the session that it names, and the two domains are apart", {}, async (simulator) => {
	assert.equal((await simulator.call("bootstrap", "user/501", plist(simulator, "aqua", ":"))).code, 134);
	await simulator.set({ wrongSession: 5 });
	assert.equal((await simulator.call("bootstrap", "user/501", plist(simulator, "aqua", ":"))).code, 5);
	const both = { LimitLoadToSessionType: ["Aqua", "Background"] };
	await load(simulator, "both", "exec sleep 100", both, "user/501");
	assert.equal((await simulator.call("print", "gui/501/both")).code, 113);
	await load(simulator, "both", "exec sleep 100", both, "gui/501");
});

// 9
on("a property list that is not in order is refused", {}, async (simulator) => {
	const refused = async (path: string): Promise<number> => (await simulator.call("bootstrap", "gui/501", path)).code;
	const path = plist(simulator, "open", ":");
	chmodSync(path, 0o660);
	assert.equal(await refused(path), 122);
	const write = (text: string): string => {
		writeFileSync(`${simulator.folder}/bad.plist`, text, { mode: 0o600 });
		return `${simulator.folder}/bad.plist`;
	};
	const whole = (dictionary: string): string => `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0">${dictionary}</plist>`;
	for (const text of ["", "not XML", whole("<dict><key>a</key><string>&</string></dict>"), whole("<dict><key>a</key></dict>")]) {
		assert.equal(await refused(write(text)), 109, text);
	}
	assert.equal(await refused(write(whole("<dict><key>Program</key><string>/bin/true</string></dict>"))), 110);
	assert.equal(await refused(write(whole("<dict><key>Label</key><string>a</string></dict>"))), 111);
	await simulator.set({ rich: false });
	assert.equal(await refused(path), 5);
	symlinkSync(plist(simulator, "linked", ":"), `${simulator.folder}/link.plist`);
	assert.equal(await refused(`${simulator.folder}/link.plist`), 0);
});

test("its reader of property lists takes what XML is, and nothing else", () => {
	const whole = (value: string): string =>
		`<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "a" "b">\n<plist version="1.0">${value}</plist>\n`;
	const text = "<dict><key>a&amp;b</key><array><string>é &lt;漢&#x3e;&#10;</string><integer>-5</integer><true/><dict/></array></dict>";
	assert.deepEqual(parsePropertyList(whole(text)), { "a&b": ["é <漢>\n", -5, true, {}] });
	for (const wrong of ["<integer>abc</integer>", "<string>\u0001</string>", "<bool/>", "<string>a", "<dict><string/></dict>", "<true/>x"]) {
		assert.throws(() => parsePropertyList(whole(wrong)), Error, wrong);
	}
});

// 10
on("what is kept alive is started again, no sooner than the throttle allows", SHORT, async (simulator) => {
	const count = async (label: string, line: string, keepAlive: Keys[string]): Promise<string> => {
		const target = await load(simulator, label, line, { KeepAlive: keepAlive });
		return target;
	};
	const failed = await count("failed", "exit 1", { SuccessfulExit: false });
	const signalled = await count("signalled", "kill -TERM $$", { SuccessfulExit: false });
	const crashed = await count("crashed", "kill -SEGV $$", { Crashed: true });
	const always = await count("always", "exit 0", true);
	for (const target of [failed, signalled, crashed, always]) await printed(simulator, target, /^\truns = [3-9]/m);
	const done = await count("done", "exit 0", { SuccessfulExit: false });
	const terminated = await count("terminated", "kill -TERM $$", { Crashed: true });
	for (const target of [done, terminated]) {
		await printed(simulator, target, /^\tlast (?:exit code = 0|terminating signal = Terminated: 15)$/m);
		assert.match((await simulator.call("print", target)).out, /^\tstate = not running$/m);
		assert.match((await simulator.call("print", target)).out, /^\truns = 1$/m);
	}
	assert.match((await simulator.call("print", failed)).out, /^\tsemaphores = \{\n\t\tsuccessful exit => 0\n\t\}$/m);
	await simulator.set({ secondMs: 100_000 });
	const throttled = await count("throttled", "exit 1", { SuccessfulExit: false });
	assert.match(await printed(simulator, throttled, /^\tstate = spawn scheduled$/m), /^\truns = 1$/m);
});

// 11
on("a job gets its files, its folder and its environment from the definition, and nothing of the caller", {}, async (simulator) => {
	const line = `pwd; umask; env | sort; cat; sed -n 's/^Sig/Sig/p' /proc/self/status; cut -d' ' -f5,6 /proc/$$/stat; echo $$`;
	const files = { StandardOutPath: `${simulator.folder}/out`, StandardErrorPath: `${simulator.folder}/out` };
	writeFileSync(`${simulator.folder}/out`, "before\n", { mode: 0o644 });
	const target = await load(simulator, "inside", line, { ...files, Umask: 63, EnvironmentVariables: { MINE: "é" } });
	await printed(simulator, target, /last exit code = 0/);
	const lines = readFileSync(`${simulator.folder}/out`, "utf8").split("\n");
	assert.deepEqual(lines.slice(0, 3), ["before", "/", "0077"]);
	assert.deepEqual(
		lines.filter((one) => /^[A-Z_]+=/.test(one)).map((one) => one.split("=")[0]),
		["HOME", "LOGNAME", "MINE", "PATH", "PWD", "SHELL", "SSH_AUTH_SOCK", "TMPDIR", "USER", "XPC_SERVICE_NAME"],
	);
	assert.ok(lines.includes("SigIgn:\t0000000000000000"), lines.join("\n"));
	const pid = lines.at(-2);
	assert.equal(lines.at(-3), `${pid} ${pid}`); // group and session
	const made = await load(simulator, "made", "echo new", { StandardOutPath: `${simulator.folder}/new` });
	await printed(simulator, made, /last exit code = 0/);
	assert.equal(statSync(`${simulator.folder}/new`).mode & 0o777, 0o644);
	const missing = { StandardOutPath: `${simulator.folder}/a/b/new`, StandardInPath: "/no/such" };
	await printed(simulator, await load(simulator, "missing", "wc -c", missing), /last exit code = 0/);
	assert.equal(readFileSync(missing.StandardOutPath, "utf8").trim(), "0");
	mkdirSync(`${simulator.folder}/folder`);
	for (const keys of [
		{ StandardOutPath: `${simulator.folder}/folder` },
		{ WorkingDirectory: "/no/such" },
		{ ProgramArguments: ["/no/such/program"] },
	]) {
		const label = `bad.${Object.keys(keys)[0]}`;
		const bad = await load(simulator, label, "exit 0", keys);
		assert.match(await printed(simulator, bad, /^\tlast exit code = 78: EX_CONFIG$/m), /^\tjob state = spawn failed$/m);
	}
});

// 12
on("what is left in the process group dies with the main process, unless that is to be abandoned", {}, async (simulator) => {
	const line = 'sleep 1000 & echo $! >"$0"; exit 0';
	const left = async (label: string, keys: Keys): Promise<number> => {
		const file = `${simulator.folder}/${label}.pid`;
		const target = await load(simulator, label, line, { ...keys, ProgramArguments: ["/bin/sh", "-c", line, file] });
		await printed(simulator, target, /last exit code = 0/);
		return Number(readFileSync(file, "utf8"));
	};
	const swept = await left("swept", {});
	await eventually("the child is gone", () => !isRunning(swept));
	const abandoned = await left("abandoned", { AbandonProcessGroup: true });
	assert.ok(isRunning(abandoned));
	kill(abandoned, "SIGKILL");
});

// 13
on("kill reaches the main process alone; kickstart starts what does not run", SHORT, async (simulator) => {
	const target = await load(simulator, "killed", "exec sleep 100");
	const pid = await pidOf(simulator, target);
	assert.deepEqual(await simulator.call("kickstart", "-p", target), { code: 37, out: `${pid}\n`, err: "" });
	assert.equal((await simulator.call("kill", "SIGTERM", target)).code, 0);
	await printed(simulator, target, /^\tlast terminating signal = Terminated: 15$/m);
	assert.deepEqual(await simulator.call("kill", "TERM", target), { code: 3, out: "", err: "No process to signal.\n" });
	assert.equal((await simulator.call("kill", "NONSENSE", target)).code, 64);
	const { code, out } = await simulator.call("kickstart", "-p", target);
	assert.ok(code === 0 && Number(out) === (await pidOf(simulator, target)));
	assert.equal((await simulator.call("kickstart", "gui/501/none")).code, 113);
});

// 14
on("disabled stays disabled, and is told by print-disabled alone", {}, async (simulator) => {
	assert.equal((await simulator.call("disable", "gui/501/off")).code, 0);
	const path = plist(simulator, "off", ":");
	assert.equal((await simulator.call("bootstrap", "gui/501", path)).code, 5);
	await simulator.set({ bootstrapDisabled: 119 });
	assert.equal((await simulator.call("bootstrap", "gui/501", path)).code, 119);
	await simulator.reboot();
	assert.match((await simulator.call("print-disabled", "gui/501")).out, /^\t\t"off" => disabled$/m);
	await simulator.set({ disabledWords: "old" });
	assert.match((await simulator.call("print-disabled", "user/501")).out, /^\t\t"off" => true$/m);
	await simulator.call("enable", "gui/501/off");
	assert.equal((await simulator.call("bootstrap", "gui/501", path)).code, 0);
});

// 15
on("list shows ends decoded in its table, and raw for one label", SHORT, async (simulator) => {
	const failed = await load(simulator, "com.salt", "", {
		ProgramArguments: ["/bin/sh", "-c", `[ -e "$0" ] && exec sleep 100; : >"$0"; exit 78`, `${simulator.folder}/once`],
		KeepAlive: true,
	});
	await printed(simulator, failed, /^\truns = 2$/m);
	const words = (text: string): readonly string[] => text.split("\n").map((line) => line.split("=")[0]?.trim() ?? "");
	const { out } = await simulator.call("list", "com.salt");
	assert.match(out, /"LastExitStatus" = 19968;/);
	assert.deepEqual(words(out).slice(0, 8), words(LISTED).slice(0, 8));
	const killed = await load(simulator, "killed", "kill -9 $$");
	await printed(simulator, killed, /Killed: 9/);
	assert.match((await simulator.call("list", "killed")).out, /"LastExitStatus" = 9;/);
	assert.match((await simulator.call("list")).out, /^PID\tStatus\tLabel\n[0-9]+\t78\tcom\.salt\n-\t-9\tkilled\n$/);
	assert.equal((await simulator.call("list", "none")).code, 113);
});

// 16
on("at logout the graphical domain ends with its jobs; a reboot takes all, and loads the agents", SHORT, async (simulator) => {
	const agents = `${simulator.folder}/agents`;
	mkdirSync(agents);
	await simulator.set({ agents });
	const both = { LimitLoadToSessionType: ["Aqua", "Background"] };
	const inGui = await load(simulator, "in.gui", "trap 'exit 0' TERM; while :; do sleep 0.05; done");
	const inUser = await load(simulator, "in.user", "exec sleep 100", both, "user/501");
	const pids = [await pidOf(simulator, inGui), await pidOf(simulator, inUser)];
	await simulator.logout();
	assert.equal((await simulator.call("print", "gui/501")).code, 112);
	assert.deepEqual(await simulator.call("bootout", inGui), {
		code: 112,
		out: "",
		err: "Boot-out failed: 112: Could not find specified domain\n",
	});
	assert.deepEqual(pids.map(isRunning), [false, true]);
	const text = readFileSync(plist(simulator, "agent", "exec sleep 100"), "utf8");
	writeFileSync(`${agents}/agent.plist`, text, { mode: 0o600 });
	await simulator.login();
	assert.deepEqual(await simulator.labels(), ["agent", "in.user"]);
	await simulator.reboot();
	assert.deepEqual(await simulator.labels(), ["agent"]);
	await eventually("the job is gone", () => !isRunning(pids[1] ?? 0));
});

on("while the session ends nothing new is taken", { secondMs: 200 }, async (simulator) => {
	const target = await load(simulator, "slow", "trap '' TERM; while :; do sleep 0.05; done");
	await pidOf(simulator, target);
	const logout = simulator.logout();
	await printed(simulator, target, /^\tstate = SIGTERMed$/m);
	assert.equal((await simulator.call("bootstrap", "gui/501", plist(simulator, "late", ":"))).code, 124);
	await logout;
});

on("several slots that were missed start a job once", {}, async (simulator) => {
	await simulator.clock(new Date("2030-01-01T10:10:00"));
	const target = await load(simulator, "scheduled", "exit 0", {
		RunAtLoad: false,
		StartCalendarInterval: { Minute: 30 },
	});
	await simulator.clock(new Date("2030-01-01T10:29:00"));
	assert.match((await simulator.call("print", target)).out, /^\truns = 0$/m);
	await simulator.clock(new Date("2030-01-01T15:00:00"));
	await printed(simulator, target, /^\truns = 1$/m);
	await simulator.clock(new Date("2030-01-01T15:29:59"));
	assert.match((await simulator.call("print", target)).out, /^\truns = 1$/m);
});

on(
	"slots while the machine is off are lost; an agent is started at the login if it is to run at load, or a slot counts as passed",
	{},
	async (simulator) => {
		mkdirSync(simulator.agents);
		await simulator.clock(new Date("2030-01-01T10:10:00"));
		for (const [label, RunAtLoad] of [
			["at.load", true],
			["at.slots", false],
		] as const) {
			const path = plist(simulator, label, "exit 0", { RunAtLoad, StartCalendarInterval: { Minute: 30 } });
			renameSync(path, `${simulator.agents}/${label}.plist`);
		}
		const runs = (label: string, count: number): Promise<unknown> =>
			printed(simulator, `gui/501/${label}`, new RegExp(`^\truns = ${count}$`, "m"));
		await simulator.reboot(new Date("2030-01-01T15:00:00"));
		await runs("at.load", 1);
		await simulator.clock(new Date("2030-01-01T15:00:01"));
		await runs("at.slots", 0);
		await simulator.set({ passedSlots: true });
		await simulator.reboot(new Date("2030-01-01T16:00:00"));
		await runs("at.slots", 1);
	},
);

// 17
on("the small verbs answer as known", {}, async (simulator) => {
	assert.equal((await simulator.call("managername")).out, "Aqua\n");
	await simulator.set({ managerName: "Background" });
	assert.equal((await simulator.call("managername")).out, "Background\n");
	assert.equal((await simulator.call("managerpid")).out, "1\n");
	assert.equal((await simulator.call("manageruid")).out, "501\n");
	assert.equal((await simulator.call("error", "113")).out, "113: Could not find specified service\n");
	assert.equal((await simulator.call("version")).code, 0);
	assert.equal((await simulator.call("bootstrap", "gui/501")).code, 64);
	const unknown = await simulator.call("frobnicate");
	assert.deepEqual([unknown.code, unknown.err.split("\n")[0]], [1, "Unrecognized subcommand: frobnicate"]);
	assert.match((await simulator.call("bootout", "gui/501")).err, /^Unrecognized target specifier\./);
	assert.deepEqual(await simulator.call("remove", "none"), { code: 0, out: "", err: "" });
});

// 18: what hangs and what is missing is the caller's affair; see launchctl.test.ts.
on("without its process launchctl fails at once", {}, async (simulator) => {
	await simulator.crash();
	assert.deepEqual(await simulator.call("print", "gui/501"), { code: 1, out: "", err: "Could not connect to launchd\n" });
});
