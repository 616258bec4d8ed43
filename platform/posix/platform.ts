/** The platform for systems without a supervisor. A small shell is the parent of each run; nothing else keeps running. */
import type { Capabilities, Description, LogoutFate, Platform, PlatformContext, RunSpec, Schedules, Stray } from "../contract.ts";
import { CAPABILITIES } from "../shell/describe.ts";
import { ShellPlatform } from "../shell/platform.ts";
import type { ProcessTable } from "../shell/processes.ts";
import { SHIM_TEXT, shimCommand } from "../shell/shim.ts";
import { HALT_TEXT, haltAndCheck } from "../shell/without-node.ts";
import { lackingCron } from "./cron.ts";
import { description } from "./describe.ts";
import { launcherText } from "./launcher.ts";
import { currentLogoutFate } from "./logind.ts";
import { schedulesOn } from "./schedules.ts";
import { detach } from "./start.ts";
import { strayLines } from "./strays.ts";

export class PosixPlatform extends ShellPlatform implements Platform {
	readonly name = "posix";
	override readonly capabilities: Capabilities = {
		...CAPABILITIES,
		get schedule() {
			return lackingCron() === undefined;
		},
	};
	readonly schedules: Schedules = schedulesOn(this.name);
	readonly #install: PlatformContext["install"];

	/**
	 * @param shell the words by which the shim and the start scripts are run
	 * @param install installs a shell program in the state folder and returns its path
	 */
	constructor(shell: readonly string[], table: ProcessTable, leader: string, install: PlatformContext["install"]) {
		super(shell, table, leader);
		this.#install = install;
	}

	start(run: RunSpec): Promise<void> {
		return detach(run, shimCommand(run, this.shell, this.#install("shim", SHIM_TEXT), this.leader));
	}

	async launcher(run: RunSpec): Promise<string> {
		const shim = this.#install("shim", SHIM_TEXT);
		const launch = launcherText(run, shimCommand(run, this.shell, shim, this.leader));
		const { shell, leader } = this;
		return `${launch}${haltAndCheck(run, { shell, leader, shim, halt: this.#install("halt", HALT_TEXT) })}`;
	}

	strays(): Promise<readonly Stray[]> {
		return strayLines();
	}

	async logout(): Promise<LogoutFate> {
		return currentLogoutFate();
	}

	async describe(): Promise<Description> {
		return description(this.shell, this.table, this.leader);
	}
}
