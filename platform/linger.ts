/** Whether logind(8) is running, and which users linger, by the files that it makes. Asks no service. */
import { existsSync } from "node:fs";
import { userInfo } from "node:os";

/** The user's name; for a user who is not in passwd(5), as in many containers, a text that is the name of no user. */
export function userName(): string {
	try {
		return userInfo().username;
	} catch {
		return `uid ${process.geteuid?.()}`;
	}
}

/** Whether logind keeps this user's manager after the last logout (loginctl(1), enable-linger). */
export function lingers(user: string): boolean {
	return existsSync(`/var/lib/systemd/linger/${user}`);
}

/** Whether logind is running: it makes this folder when it starts (sd_booted(3)). */
export function hasLogind(): boolean {
	return existsSync("/run/systemd/seats");
}
