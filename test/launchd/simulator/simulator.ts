/** A launchd of a test's own, with the launchctl that belongs to it. Nothing outlives it. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { eventually, isRunning } from "../../support/eventually.ts";
import type { Switches } from "./switches.ts";

/** What is seen of processes in the tests is what Linux shows. */
export const noProc: string | false = !existsSync("/proc/self/stat") && "the simulator is for systems with /proc";

/** What one call of launchctl gave. */
export interface Answer {
	readonly code: number;
	readonly out: string;
	readonly err: string;
}

export interface Simulator extends AsyncDisposable {
	readonly folder: string;
	/** The path of the executable. */
	readonly launchctl: string;
	/** The user's LaunchAgents. Not there at first. */
	readonly agents: string;
	/** The process that starts the jobs. */
	readonly pid: number;
	/** Kills that process; resolved once it is reaped, since kill(2) still reaches a zombie. */
	crash(): Promise<void>;
	call(...words: string[]): Promise<Answer>;
	/** Changes how it behaves from now on. */
	set(switches: Partial<Switches>): Promise<void>;
	/** Ends the graphical session; resolved once its jobs are gone. */
	logout(): Promise<void>;
	login(): Promise<void>;
	/** @param time at which it is on again */
	reboot(time?: Date): Promise<void>;
	clock(time: Date): Promise<void>;
	/** All that is loaded, in both domains. */
	labels(): Promise<readonly string[]>;
}

const RESIDENT = fileURLToPath(import.meta.resolve("./resident.js"));
/** tsc copies no shell programs. */
const LAUNCHCTL = "test/launchd/simulator/launchctl.sh";

export async function startSimulator(switches: Partial<Switches> = {}): Promise<Simulator> {
	const folder = mkdtempSync(`${tmpdir()}/chore launchd-`);
	const launchctl = `${folder}/launchctl`;
	const agents = `${folder}/LaunchAgents`;
	mkdirSync(`${folder}/calls`);
	copyFileSync(LAUNCHCTL, launchctl);
	chmodSync(launchctl, 0o755);
	execFileSync("mkfifo", [`${folder}/requests`]);
	const resident = spawn(process.execPath, [RESIDENT, folder, JSON.stringify({ agents, ...switches })], {
		stdio: ["ignore", "ignore", "inherit"],
	});
	const ended = once(resident, "exit");
	const pid = resident.pid ?? 0;
	await eventually("the simulator is ready", () => existsSync(`${folder}/pid`) && readFileSync(`${folder}/pid`, "utf8").endsWith("\n"));

	const call = (...words: string[]): Promise<Answer> =>
		new Promise((resolve) => {
			execFile(launchctl, words, (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }));
		});
	const control = async (...words: string[]): Promise<string> => {
		const { code, out, err } = await call(...words);
		if (code !== 0) throw new Error(`${words.join(" ")}: ${err}`);
		return out;
	};
	return {
		folder,
		launchctl,
		agents,
		pid,
		async crash() {
			resident.kill("SIGKILL");
			await ended;
		},
		call,
		set: async (more) => void (await control("simulator:set", JSON.stringify(more))),
		logout: async () => void (await control("simulator:logout")),
		login: async () => void (await control("simulator:login")),
		reboot: async (time) => void (await control("simulator:reboot", ...(time === undefined ? [] : [time.toISOString()]))),
		clock: async (time) => void (await control("simulator:clock", time.toISOString())),
		labels: async () => (await control("simulator:labels")).split("\n").slice(0, -1),
		async [Symbol.asyncDispose]() {
			if (isRunning(pid)) resident.kill();
			await ended;
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
