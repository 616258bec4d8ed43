/** A cron for the tests of one file, which is run again beside it: Debian's, with a clock in which a minute takes three seconds. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Compiled tests are one folder deeper than their sources. */
const SCRIPT = fileURLToPath(new URL("../../../test/support/private-cron.sh", import.meta.url));

/** To be called before the first test of a file. @returns why there can be none here, or false */
export function privateCron(meta: ImportMeta): string | false {
	if (process.env["CHORE_TEST_CRON"] === "inside") return false;
	if (process.geteuid?.() !== 0) return "only root can have a cron of its own";
	if (!existsSync("/usr/sbin/cron") || fakeTime() === undefined) return "cron and libfaketime of Debian are not installed";
	if (spawnSync("unshare", ["-m", "-p", "--fork", "--mount-proc", "true"]).status !== 0) return "namespaces are not allowed here";
	// This process stands still meanwhile. Whatever ends it ends all that is in the namespaces, too.
	const words = ["--pdeathsig", "KILL", SCRIPT, process.execPath, ...process.execArgv, fileURLToPath(meta.url)];
	const { status } = spawnSync("setpriv", words, { stdio: "inherit" });
	process.exit(status ?? 1);
}

function fakeTime(): string | undefined {
	return readdirSync("/usr/lib")
		.map((name) => `/usr/lib/${name}/faketime/libfaketime.so.1`)
		.find((path) => existsSync(path));
}

/**
 * Starts cron as at the start of the machine; ends it at disposal.
 * @param fromMs the time that it has at first, by its clock; default that of the machine
 * @param speed how much faster its clock is
 */
export function startCron({ fromMs, speed = 20 }: { readonly fromMs?: number; readonly speed?: number } = {}): AsyncDisposable {
	rmSync("/run/crond.reboot", { force: true });
	const now = Date.now();
	writeFileSync("/run/clock", `${now} ${fromMs ?? now} ${speed}\n`);
	const offset = fromMs === undefined ? 0 : Math.round((fromMs - now) / 1000);
	const env = { PATH: process.env["PATH"], LD_PRELOAD: fakeTime(), FAKETIME: `${offset < 0 ? "" : "+"}${offset} x${speed}` };
	const cron: ChildProcess = spawn("/usr/sbin/cron", ["-f"], { env, stdio: "ignore" });
	return {
		[Symbol.asyncDispose]: async () => {
			if (cron.exitCode === null && cron.kill("SIGKILL")) await once(cron, "exit");
		},
	};
}
