/** Which systemd manager runs the jobs: the user's or the system's. */

export interface Scope {
	/** The platform's name, which is in every handle. */
	readonly name: string;
	/** What messages call it. */
	readonly manager: string;
	/** The commands for it and its log, for hints. */
	readonly systemctl: string;
	readonly journalctl: string;
	/** Whether it is the system's: it runs as root, until shutdown. */
	readonly isSystem: boolean;
}

export const USER: Scope = {
	name: "systemd",
	manager: "the user manager",
	systemctl: "systemctl --user",
	journalctl: "journalctl --user",
	isSystem: false,
};

export const SYSTEM: Scope = {
	name: "systemd-system",
	manager: "the system's manager",
	systemctl: "systemctl",
	journalctl: "journalctl",
	isSystem: true,
};
