/**
 * The platform of macOS. launchd starts waiter.sh for each run, which starts the shim that posix has, too. Runs are
 * observed by their files, as on posix. launchd is asked only about a run that has not begun, and told to end or forget
 * the services of runs.
 */
import { existsSync } from "node:fs";
import type {
	Capabilities,
	Description,
	Handle,
	LogoutFate,
	Observation,
	Platform,
	RunSpec,
	Schedules,
	StopOutcome,
	Stopping,
	Stray,
} from "../contract.ts";
import { isChoreError } from "../errors.ts";
import { CAPABILITIES } from "../shell/describe.ts";
import { liveness } from "../shell/liveness.ts";
import { ShellPlatform } from "../shell/platform.ts";
import type { ProcessTable } from "../shell/processes.ts";
import { firstNumber, hasBegun, isStopRequested, type Run, runOf } from "../shell/run-folder.ts";
import { haltAndCheck } from "../shell/without-node.ts";
import { description } from "./describe.ts";
import { currentDomain, type Domain } from "./domain.ts";
import type { Launchctl } from "./launchctl.ts";
import { launcherText } from "./launcher.ts";
import { refuseUnlessXml } from "./plist.ts";
import { observationOf } from "./print.ts";
import { plistFile, targetOf, waiterFile } from "./run-files.ts";
import { schedulesOn } from "./schedules.ts";
import { bootout, look } from "./service.ts";
import { type Means, start } from "./start.ts";
import { straysOf } from "./strays.ts";

/** The end of a run that was stopped before its shells began, and therefore has no record. */
const STOPPED_BEFORE: Observation = {
	kind: "ended",
	end: { status: { signal: "SIGTERM" }, result: "signal", endedAtMs: null },
};

/** The shell programs. Each method installs its program in the state folder if it is not there and returns the path. */
export interface Programs {
	/** The path of the bash that runs the waiter. */
	readonly waiterShell: string;
	waiter(): string;
	shim(): string;
	/** HALT_TEXT of shell/without-node.ts. */
	halt(): string;
	/** The file `chore`, which wakes jobs. */
	agent(): string;
}

export class LaunchdPlatform extends ShellPlatform implements Platform {
	readonly name = "launchd";
	override readonly capabilities: Capabilities = { ...CAPABILITIES, schedule: true };
	readonly schedules: Schedules;
	readonly #launchctl: Launchctl;
	readonly #uid: number;
	readonly #agents: string;
	readonly #programs: Programs;
	/** The domain in which the last job was started. */
	#domain: Promise<Domain> | undefined;

	/** @param user the number of the user, and the folder from which launchd loads the user's agents */
	constructor(
		shell: readonly string[],
		table: ProcessTable,
		leader: string,
		launchctl: Launchctl,
		{ uid, agents }: { readonly uid: number; readonly agents: string },
		programs: Programs,
	) {
		super(shell, table, leader);
		this.#launchctl = launchctl;
		this.#uid = uid;
		this.#agents = agents;
		this.#programs = programs;
		this.schedules = { ...schedulesOn({ launchctl, uid, agents, program: programs.agent }, this.name), logout: () => this.logout() };
	}

	override plan(run: RunSpec): Handle {
		refuseUnlessXml(run.runFolder);
		return super.plan(run);
	}

	async start(run: RunSpec): Promise<void> {
		this.#domain ??= currentDomain(this.#launchctl, this.#uid);
		try {
			await start(run, { ...this.#means(), domain: (await this.#domain).name });
		} catch (error) {
			this.#domain = undefined; // the user may have logged in or out meanwhile
			throw error;
		}
	}

	async launcher(run: RunSpec): Promise<string> {
		const { shim, halt } = this.#programs;
		const launch = launcherText(run, this.#uid, this.#means());
		return `${launch}${haltAndCheck(run, { shell: this.shell, leader: this.leader, shim: shim(), halt: halt() })}`;
	}

	override async stop(handle: Handle, options: Stopping): Promise<StopOutcome> {
		const run = runOf(handle);
		const target = targetOf(run);
		if (target !== undefined && isToCome(run)) await bootout(this.#launchctl, target);
		return super.stop(handle, options);
	}

	override async inspect(handles: readonly Handle[]): Promise<readonly Observation[]> {
		const seen = await super.inspect(handles);
		return Promise.all(seen.map((one, index) => this.#unlessToCome(one, handles[index])));
	}

	/** Has launchd forget the service, unless the waiter is still running: that does it by itself. */
	override async forget(handle: Handle): Promise<void> {
		await super.forget(handle);
		const run = runOf(handle);
		const target = targetOf(run);
		if (target === undefined || !existsSync(plistFile(run)) || this.#isAwaited(run)) return;
		await bootout(this.#launchctl, target);
	}

	strays(): Promise<readonly Stray[]> {
		return straysOf(this.#launchctl, this.#uid, this.#agents);
	}

	async logout(): Promise<LogoutFate> {
		const { kind, name } = await currentDomain(this.#launchctl, this.#uid);
		if (kind === "user") return { survives: true };
		return {
			survives: false,
			reason: `launchd ends the jobs of the graphical session (${name}) with it`,
			cure: "chore --platform posix run, for a job that is to go on after the logout",
		};
	}

	async describe(): Promise<Description> {
		return description(this.#launchctl, this.#uid, this.#agents, this.shell, this.table, this.leader);
	}

	/** What a start needs besides the domain. */
	#means(): Omit<Means, "domain"> {
		return {
			launchctl: this.#launchctl,
			shell: this.shell,
			leader: this.leader,
			waiterShell: this.#programs.waiterShell,
			waiter: this.#programs.waiter(),
			shim: this.#programs.shim(),
		};
	}

	/** Whether the run's waiter lives. Its pid may be another process's by now. */
	#isAwaited(run: Run): boolean {
		const waiter = firstNumber(waiterFile(run));
		return waiter !== undefined && (this.table.find(waiter)?.command().includes(run.jobId) ?? false);
	}

	/** Asks launchd about a run that seems absent because its shell has not begun. Returns what was seen of any other. */
	async #unlessToCome(seen: Observation, handle: Handle | undefined): Promise<Observation> {
		if (seen.kind !== "absent" || handle === undefined) return seen;
		try {
			const run = runOf(handle);
			const target = targetOf(run);
			if (target === undefined || !isToCome(run)) return seen;
			const known = await look(this.#launchctl, target);
			// It may have begun, and even ended, while launchd answered.
			if (!isToCome(run)) return (await super.inspect([handle]))[0] ?? seen;
			if (known.kind === "gone") return isStopRequested(run) ? STOPPED_BEFORE : seen;
			return known.kind === "loaded" ? observationOf(known.text) : { kind: "unreachable", reason: known.reason };
		} catch (error) {
			if (!isChoreError(error)) throw error;
			return { kind: "unreachable", reason: error.message };
		}
	}
}

function isToCome(run: Run): boolean {
	return liveness(run.runFolder) !== "alive" && !hasBegun(run);
}
