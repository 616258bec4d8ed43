// Starts a private systemd user manager for a test (test/support/user-manager.sh) and runs programs beside it, as its user.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");
const SCRIPT = join(ROOT, "test/support/user-manager.sh");

/** Where the user of the manager sees the workbench. */
const EDITOR = "/run/editor";

/** @returns the manager; or `skip`, the reason why there is none */
export function startManager() {
	if (process.getuid?.() !== 0) return { skip: "a systemd user manager of the test's own takes root" };
	const needed = ["/lib/systemd/systemd", "/usr/bin/setpriv", "/usr/bin/nsenter", "/usr/bin/dbus-daemon"];
	const missing = needed.find((path) => !existsSync(path));
	if (missing !== undefined) return { skip: `no private user manager without ${missing}` };
	if (spawnSync("unshare", ["-m", "true"]).status !== 0) return { skip: "mount namespaces are not allowed" };
	const folder = mkdtempSync(join(tmpdir(), "chore-manager."));
	execFileSync(SCRIPT, ["start", folder], { stdio: ["ignore", "ignore", "inherit"] });
	const [uid, gid] = ["-u", "-g"].map((which) => Number(execFileSync(SCRIPT, ["run", folder, "id", which], { encoding: "utf8" })));
	const shown = spawnSync(SCRIPT, ["run", folder, "test", "-d", "/run/checkout"]).status === 0;
	return {
		/** The path under which that user sees a file of this checkout. */
		path: (path) =>
			shown && path.startsWith(`${ROOT}/`) ? path.replace(ROOT, "/run/checkout") : shown && path === ROOT ? "/run/checkout" : path,
		/** A workbench as that user sees it: it may be installed in a home folder that only its owner can enter. */
		shown: ({ folder: installed, node, entry, ...rest }) => {
			const namespace = readFileSync(join(folder, "namespace"), "utf8").trim();
			const mount = `mkdir ${EDITOR} && mount --bind "$1" ${EDITOR}`;
			execFileSync("nsenter", ["-t", namespace, "-m", "/bin/sh", "-c", mount, "sh", installed]);
			const there = (path) => path.replace(installed, EDITOR);
			return { ...rest, folder: EDITOR, node: there(node), entry: there(entry) };
		},
		/** The words that run a program beside the manager with these variables. */
		command: (variables, ...words) => [
			SCRIPT,
			["run", folder, "env", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`), ...words],
		],
		/** Makes that user the owner of a folder and all that it holds. Only the namespace of the manager may know its name. */
		give: (path) => execFileSync("chown", ["-R", `${uid}:${gid}`, path]),
		uid,
		stop: () => execFileSync(SCRIPT, ["stop", folder], { stdio: "ignore" }),
	};
}
