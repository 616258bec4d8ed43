/**
 * A systemd user manager for the tests of one file. Root gets a private one, and the whole file is run again beside it;
 * any other user uses the one of the session. See user-manager.sh.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { detect } from "../../platform/systemd/index.ts";
import { eventually } from "./eventually.ts";

export interface UserManager {
	/** Why tests that need a manager cannot run here, or false. */
	readonly skip: string | false;
	/** Why tests that harm the manager cannot run here, or false. */
	readonly skipHarm: string | false;
}

/** Compiled tests are one folder deeper than their sources. */
const SCRIPT = fileURLToPath(new URL("../../../test/support/user-manager.sh", import.meta.url));

/** Brought up by user-manager.sh, which tells where by this variable. */
const folder = process.env["CHORE_TEST_MANAGER"];

/**
 * To be awaited before the first test of a file.
 *
 * @param meta of the test file, which is run again when it has to be another user's process
 * @param options.logind whether a systemd-logind has to be there, which only a private manager has beside it
 * @param options.unified it has to see a pure cgroup v2 tree, whatever the machine has
 */
export function userManager(meta: ImportMeta, options: { readonly logind?: boolean; readonly unified?: boolean } = {}): UserManager {
	if (folder !== undefined) return { skip: false, skipHarm: false };
	if (process.platform !== "linux") return unusable("systemd is for Linux");
	if (process.geteuid?.() === 0) {
		const missing = ["/lib/systemd/systemd", "/usr/bin/setpriv", "/usr/bin/nsenter", "/usr/bin/dbus-daemon"].find(
			(path) => !existsSync(path),
		);
		if (missing !== undefined) return unusable(`no private user manager without ${missing}`);
		if (spawnSync("unshare", ["-m", "true"]).status !== 0)
			return unusable("no private user manager where mount namespaces are not allowed");
		if (options.unified && spawnSync("unshare", ["-C", "true"]).status !== 0) return unusable("cgroup namespaces are not allowed here");
		const env = {
			...process.env,
			...(options.logind && { CHORE_TEST_LOGIND: "yes" }),
			...(options.unified && { CHORE_TEST_UNIFIED: "yes" }),
		};
		// This process stands still meanwhile. Whatever ends it ends the manager with all that is beside it, too.
		const words = ["--pdeathsig", "TERM", SCRIPT, "with", process.execPath, ...process.execArgv, fileURLToPath(meta.url)];
		const { status } = spawnSync("setpriv", words, { stdio: "inherit", env });
		process.exit(status ?? 1);
	}
	if (options.logind === true) return unusable("the logind of this machine is not to be asked in earnest");
	const detection = detect();
	if (!detection.available) return unusable(detection.reason);
	if (options.unified && !existsSync("/sys/fs/cgroup/cgroup.controllers")) return unusable("there is no pure cgroup v2 tree here");
	return { skip: false, skipHarm: "the user manager of this session is not to be harmed" };
}

/** Kills the manager as a crash would, and returns when the next one answers. Only where `skipHarm` is false. */
export async function crashManager(): Promise<void> {
	await replaceManager((pid) => process.kill(pid, "SIGKILL"));
}

/** Ends the manager with all its units, as the last logout does, and returns when the next one answers. */
export async function endSession(): Promise<void> {
	await replaceManager(() => execFileSync("systemctl", ["--user", "exit"]));
}

async function replaceManager(end: (pid: number) => void): Promise<void> {
	const ended = managerPid();
	writeFileSync(`${folder}/flags/restart`, "");
	end(ended);
	await eventually("another manager answers on the bus", () => managerPid() !== ended && pidOnBus() === managerPid());
}

function managerPid(): number {
	return Number(readFileSync(`${folder}/pid`, "utf8"));
}

function pidOnBus(): number | undefined {
	try {
		const status = execFileSync("busctl", ["--user", "status", "org.freedesktop.systemd1"], {
			encoding: "utf8",
			stdio: ["ignore", "pipe", "ignore"],
		});
		return Number(/^PID=([0-9]+)$/m.exec(status)?.[1]);
	} catch {
		return undefined;
	}
}

function unusable(reason: string): UserManager {
	return { skip: reason, skipHarm: reason };
}
