/** One label: the definition as it was at bootstrap, its process, and how the last one ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { dirname } from "node:path";
import type { Value } from "./property-list.ts";
import type { Switches } from "./switches.ts";

export type Definition = Readonly<Record<string, Value>>;

export type End = { readonly code: number } | { readonly signal: number } | { readonly reason: string };

/** What is started again with `Crashed`. */
const CRASHES: ReadonlySet<number> = new Set([4, 5, 6, 7, 8, 11, 31]);
/** sysexits(3): could not be started as it is configured. */
const EX_CONFIG = 78;
const BASE_PATH = "/usr/bin:/bin:/usr/sbin:/sbin";

export class Service {
	readonly label: string;
	readonly definition: Definition;
	/** The file that it came from. */
	readonly path: string;
	readonly number: number;
	runs = 0;
	crashes = 0;
	end: End | undefined;
	#child: ChildProcess | undefined;
	#spawnedAtMs = 0;
	#scheduled: NodeJS.Timeout | undefined;
	#killer: NodeJS.Timeout | undefined;
	#asked: "nothing" | "TERM" | "KILL" = "nothing";
	#isLeaving = false;
	#startsAnew = false;
	readonly #switches: () => Switches;
	readonly #gone: () => void;

	/** @param gone called once, when nothing is left of it */
	constructor(definition: Definition, path: string, number: number, switches: () => Switches, gone: () => void) {
		this.definition = definition;
		this.label = String(definition["Label"]);
		this.path = path;
		this.number = number;
		this.#switches = switches;
		this.#gone = gone;
	}

	get pid(): number | undefined {
		return this.#child?.pid;
	}

	get isLeaving(): boolean {
		return this.#isLeaving;
	}

	get state(): string {
		if (this.#child !== undefined) return { nothing: "running", TERM: "SIGTERMed", KILL: "SIGKILLed" }[this.#asked];
		return this.#scheduled === undefined ? "not running" : "spawn scheduled";
	}

	get exitTimeout(): number {
		return Number(this.definition["ExitTimeOut"] ?? 5);
	}

	get throttle(): number {
		return Number(this.definition["ThrottleInterval"] || 10);
	}

	get keepsAlive(): boolean {
		return this.definition["KeepAlive"] !== undefined && this.definition["KeepAlive"] !== false;
	}

	/** After bootstrap: whatever is to run at load, soon. */
	load(): void {
		if (this.definition["RunAtLoad"] === true || this.keepsAlive) this.#schedule(this.#switches().spawnMs);
	}

	/** Starts it now, unless it runs. */
	start(): void {
		clearTimeout(this.#scheduled);
		this.#scheduled = undefined;
		if (this.#child === undefined && !this.#isLeaving) this.#spawn();
	}

	/** Kills what runs, and starts it anew. */
	restart(): void {
		if (this.#child === undefined) this.start();
		else this.#startsAnew = this.kill(constants.signals.SIGKILL);
	}

	/** A signal to the main process alone. False when there is none. */
	kill(signal: number): boolean {
		return this.#child?.kill(signal) ?? false;
	}

	/** SIGTERM, SIGKILL after the exit timeout, and then it is gone; not yet when this returns. */
	leave(): void {
		if (this.#isLeaving) return;
		this.#isLeaving = true;
		clearTimeout(this.#scheduled);
		this.#scheduled = undefined;
		if (this.#child === undefined) {
			setImmediate(this.#gone);
			return;
		}
		this.#asked = "TERM";
		this.kill(constants.signals.SIGTERM);
		if (this.exitTimeout === 0) return; // for ever
		this.#killer = setTimeout(() => {
			this.#asked = "KILL";
			this.kill(constants.signals.SIGKILL);
		}, this.exitTimeout * this.#switches().secondMs);
	}

	/** As at a loss of power: nothing is told, nothing is waited for. */
	cut(): void {
		clearTimeout(this.#scheduled);
		clearTimeout(this.#killer);
		this.#child?.removeAllListeners();
		if (this.pid !== undefined) killTree(this.pid);
		this.#child = undefined;
	}

	#schedule(delayMs: number): void {
		this.#scheduled = setTimeout(() => this.start(), delayMs);
	}

	#spawn(): void {
		this.runs++;
		this.#spawnedAtMs = performance.now();
		this.#asked = "nothing";
		try {
			this.#child = this.#spawned();
		} catch {
			this.#over({ code: EX_CONFIG });
			return;
		}
		this.#child.once("error", () => this.#over({ code: EX_CONFIG }));
		this.#child.once("exit", (code, signal) => this.#over(signal === null ? { code: code ?? 0 } : { signal: constants.signals[signal] }));
	}

	/** In a process session of its own, with nothing of the caller's. @throws when a file or folder is not to be used */
	#spawned(): ChildProcess {
		const definition = this.definition;
		const words = (definition["ProgramArguments"] ?? [definition["Program"]]) as readonly string[];
		const program = String(definition["Program"] ?? words[0]);
		const directory = String(definition["WorkingDirectory"] ?? "/");
		if (!statSync(directory).isDirectory() || !statSync(program).isFile()) throw new Error("not there");
		const umask = process.umask(umaskOf(definition["Umask"]));
		const opened: number[] = [];
		const open = (path: string, flags: string): number => {
			const descriptor = openSync(path, flags, 0o666);
			opened.push(descriptor);
			return descriptor;
		};
		// A folder that is missing is made, and an input that is missing is empty.
		const output = (key: string): number => {
			const path = String(definition[key] ?? "/dev/null");
			mkdirSync(dirname(path), { recursive: true });
			return open(path, "a+");
		};
		const input = String(definition["StandardInPath"] ?? "/dev/null");
		try {
			const stdio = [open(existsSync(input) ? input : "/dev/null", "r"), output("StandardOutPath"), output("StandardErrorPath")];
			return spawn(program, words.slice(1), {
				argv0: words[0],
				cwd: directory,
				detached: true,
				stdio,
				env: {
					PATH: BASE_PATH,
					SSH_AUTH_SOCK: "/var/run/com.apple.launchd.simulator/Listeners",
					XPC_SERVICE_NAME: this.label,
					HOME: "/Users/simulated",
					USER: "simulated",
					LOGNAME: "simulated",
					SHELL: "/bin/zsh",
					TMPDIR: "/var/folders/simulated/",
					...(definition["EnvironmentVariables"] as Readonly<Record<string, string>> | undefined),
				},
			});
		} finally {
			for (const descriptor of opened) closeSync(descriptor);
			process.umask(umask);
		}
	}

	#over(end: End): void {
		const pid = this.pid;
		this.#child = undefined;
		clearTimeout(this.#killer);
		this.end = end;
		this.crashes = "signal" in end && CRASHES.has(end.signal) ? this.crashes + 1 : 0;
		if (pid !== undefined && this.definition["AbandonProcessGroup"] !== true) endGroup(pid);
		if (this.#isLeaving) {
			this.#gone();
			return;
		}
		if (this.#startsAnew) {
			this.#startsAnew = false;
			this.start();
			return;
		}
		if (!startsAgain(this.definition["KeepAlive"], end)) return;
		const { secondMs } = this.#switches();
		this.#schedule(Math.max(0, this.throttle * secondMs - (performance.now() - this.#spawnedAtMs)));
	}
}

/** launchd.plist(5), KeepAlive: the conditions of a dictionary are ORed. */
function startsAgain(keepAlive: Value | undefined, end: End): boolean {
	if (typeof keepAlive !== "object") return keepAlive === true;
	const { SuccessfulExit: success, Crashed: crashed } = keepAlive as Readonly<Record<string, boolean>>;
	const isSuccess = "code" in end && end.code === 0;
	const isCrash = "signal" in end && CRASHES.has(end.signal);
	return success === isSuccess || crashed === isCrash;
}

/** An integer is decimal; a string with a zero in front is octal. */
function umaskOf(value: Value | undefined): number {
	if (typeof value === "string") return Number.parseInt(value, value.startsWith("0") ? 8 : 10);
	return typeof value === "number" ? value : 0o22;
}

/** Kills what a power failure ends: the process, and all that descends from it, in whatever group or session. @see proc(5), stat */
function killTree(root: number): void {
	const sessions = new Set([root]);
	const found = new Set([root]);
	for (let before = 0; before < found.size; ) {
		before = found.size;
		for (const { pid, parent, session } of processes()) {
			if (found.has(pid) || !(found.has(parent) || sessions.has(session))) continue;
			found.add(pid);
			if (session === pid) sessions.add(session);
		}
	}
	for (const pid of found) {
		try {
			process.kill(pid, "SIGKILL");
		} catch {
			// it ended meanwhile
		}
	}
}

function processes(): readonly { readonly pid: number; readonly parent: number; readonly session: number }[] {
	return readdirSync("/proc").flatMap((name) => {
		if (!/^[0-9]+$/.test(name)) return [];
		try {
			const stat = readFileSync(`/proc/${name}/stat`, "latin1");
			const [, parent, , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
			return [{ pid: Number(name), parent: Number(parent), session: Number(session) }];
		} catch {
			return []; // it ended meanwhile
		}
	});
}

/** The signal is that of the last launchd whose source is open. */
function endGroup(group: number): void {
	try {
		process.kill(-group, "SIGTERM");
	} catch {
		// no process is left in it
	}
}
