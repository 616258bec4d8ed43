/** Puts the units of the server into the user manager of systemd, and takes them away. Jobs are left alone. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { ChoreError } from "../../index.ts";
import { serveFolder } from "../identity/folder.ts";
import { readTlsFiles } from "../identity/tls.ts";
import { type Installed, SERVICE, SOCKET, TLS_SOCKET, units } from "./units.ts";

/** Decide where the server finds its files, so that it is the same that `chore serve` would be here. */
const VARIABLES: readonly string[] = ["CHORE_HOME", "CHORE_SESSION", "CHORE_PLATFORM", "XDG_STATE_HOME", "XDG_CONFIG_HOME"];

/**
 * @returns the paths of the units
 * @throws ChoreError CONFIG_INVALID without a certificate to listen with; PLATFORM_UNAVAILABLE without a user manager; PLATFORM_FAILED
 * with what it says
 */
export function install({ socket, listen }: Pick<Installed, "socket" | "listen">): readonly string[] {
	if (listen !== undefined && (isIP(listen.host) === 0 || listen.port === 0))
		throw new ChoreError("INVALID_ARGUMENT", `systemd cannot listen at ${listen.host}:${listen.port}`, {
			hint: "an address in digits and a port are meant: --listen 0.0.0.0:8443",
		});
	// Without it the server would end at the first request, also of the unix socket, until systemd gave the sockets up.
	if (listen !== undefined) readTlsFiles(serveFolder());
	const folder = unitFolder();
	const environment = Object.fromEntries(
		VARIABLES.map((name) => [name, process.env[name]] as const).filter((one): one is readonly [string, string] => !!one[1]),
	);
	const script = realpathSync(process.argv[1] ?? "");
	const written = units({ node: process.execPath, script, environment, socket, listen });
	// Sockets of an installation before cannot be changed while the service has them.
	const before = [SERVICE, SOCKET, TLS_SOCKET].filter((unit) => existsSync(`${folder}/${unit}`));
	if (before.length > 0) systemctl("stop", ...before);
	if (listen === undefined) remove(folder, TLS_SOCKET);
	mkdirSync(folder, { recursive: true, mode: 0o755 });
	for (const [name, text] of Object.entries(written)) writeFileSync(`${folder}/${name}`, text, { mode: 0o644 });
	systemctl("daemon-reload");
	systemctl("enable", "--now", ...Object.keys(written).filter((name) => name.endsWith(".socket")));
	return Object.keys(written).map((name) => `${folder}/${name}`);
}

/** @returns the paths of the units that were there */
export function uninstall(): readonly string[] {
	const folder = unitFolder();
	const gone = [SOCKET, TLS_SOCKET, SERVICE].filter((name) => remove(folder, name));
	systemctl("daemon-reload");
	return gone.map((name) => `${folder}/${name}`);
}

/** Stops a unit and takes it away. @returns false if there was none */
function remove(folder: string, unit: string): boolean {
	const path = `${folder}/${unit}`;
	if (!existsSync(path)) return false;
	if (unit.endsWith(".socket")) systemctl("disable", "--now", unit);
	else systemctl("stop", unit);
	rmSync(path);
	return true;
}

/** The user's own, as the manager says, whose environment may be another. */
function unitFolder(): string {
	const found = systemctl("show", "--property=UnitPath", "--value")
		.trim()
		.split(" ")
		.find((path) => path.endsWith("/systemd/user"));
	if (found === undefined) throw new ChoreError("PLATFORM_FAILED", "the user manager of systemd has no folder for units of the user");
	return found;
}

/** @returns what it prints */
function systemctl(...words: readonly string[]): string {
	const { status, stdout, stderr, error } = spawnSync("systemctl", ["--user", ...words], { encoding: "utf8" });
	if (error !== undefined)
		throw new ChoreError("PLATFORM_UNAVAILABLE", "systemctl cannot be run: --install is for systemd", { cause: error });
	if (status === 0) return stdout;
	const said = stderr.split("\n").find((line) => line !== "" && !line.startsWith("Created symlink")) ?? `exit status ${status}`;
	if (/connect to (the )?bus|not been booted|DBUS_SESSION_BUS_ADDRESS/i.test(said))
		throw new ChoreError("PLATFORM_UNAVAILABLE", `there is no user manager of systemd here: ${said}`, {
			hint: "`chore serve` in the foreground needs none",
		});
	throw new ChoreError("PLATFORM_FAILED", `systemctl --user ${words.join(" ")}: ${said}`);
}
