/** Whose systemd manager runs the jobs. */

export interface Scope {
	/** The platform's name, which is in every handle. */
	readonly name: string;
	/** What is said of it. */
	readonly manager: string;
	/** The commands by which people reach it and its log. */
	readonly systemctl: string;
	readonly journalctl: string;
	/** Whether it runs as long as the machine, and as root. */
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
