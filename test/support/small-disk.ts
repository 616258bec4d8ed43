/** A small file system for the tests of one file that need a systemd user manager, too. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

/**
 * To be called before `userManager`. Root can make a small file system, which the user of the private manager cannot: then
 * the file is run again where there is one. It is in a mount namespace of its own, and gone with the last process there.
 *
 * @param meta of the test file
 * @returns its folder, or undefined where there is none
 */
export function smallDisk(meta: ImportMeta): string | undefined {
	if (process.geteuid?.() !== 0 || process.env["CHORE_TEST_MANAGER"] !== undefined) return process.env["CHORE_TEST_SMALL_DISK"];
	const needed = ["/lib/systemd/systemd", "/usr/bin/setpriv", "/usr/bin/nsenter", "/usr/bin/dbus-daemon"];
	// userManager says why.
	if (!needed.every((path) => existsSync(path)) || spawnSync("unshare", ["-m", "true"]).status !== 0) return undefined;
	const folder = mkdtempSync(`${tmpdir()}/chore-small-`);
	try {
		const script = fileURLToPath(new URL("../../../test/support/user-manager.sh", import.meta.url));
		const mount = `mount -t tmpfs -o size=2m,mode=1777 chore-test "$0" && exec setpriv --pdeathsig TERM "$@"`;
		const file = [process.execPath, ...process.execArgv, fileURLToPath(meta.url)];
		const words = [script, "with", "/usr/bin/env", `CHORE_TEST_SMALL_DISK=${folder}`, ...file];
		process.exitCode = spawnSync("unshare", ["-m", "/bin/sh", "-c", mount, folder, ...words], { stdio: "inherit" }).status ?? 1;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
	process.exit();
}
