/** The platform of systems without a supervisor: a shell as parent of each run, and nothing between the commands. */
import type { Description, LogoutFate, Platform, RunSpec } from "../contract.ts";
import { ShellPlatform } from "../shell/platform.ts";
import type { ProcessTable } from "../shell/processes.ts";
import { description } from "./describe.ts";
import { detach } from "./detach.ts";
import { currentLogoutFate } from "./logind.ts";

export class PosixPlatform extends ShellPlatform implements Platform {
	readonly name = "posix";
	readonly #installShim: () => string;

	/**
	 * @param shell the words by which the shim and the start scripts are run
	 * @param installShim puts the shim where it stays, and gives its path
	 */
	constructor(shell: readonly string[], table: ProcessTable, installShim: () => string) {
		super(shell, table);
		this.#installShim = installShim;
	}

	start(run: RunSpec): Promise<void> {
		return detach(run, this.shell, this.#installShim());
	}

	/** Nothing is kept but the run's folder, which is the core's. */
	async forget(): Promise<void> {}

	async logout(): Promise<LogoutFate> {
		return currentLogoutFate();
	}

	async describe(): Promise<Description> {
		return description(this.shell, this.table);
	}
}
