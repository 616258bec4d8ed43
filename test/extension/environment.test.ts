/** The variables that jobs get from an editor. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import "./editor.ts";

const { channels, messages } = await import("./vscode.ts");
const { environmentForJobs, withoutEditor } = await import("../../extension/start/environment.ts");

describe("the variables of jobs", () => {
	test("have the values from before the snap of the editor changed them", () => {
		const found = withoutEditor({
			...{ GTK_PATH: "/snap/code/200/usr/lib/gtk-3.0", GTK_PATH_VSCODE_SNAP_ORIG: "" },
			...{ XDG_DATA_DIRS: "/snap/code/200/usr/share", XDG_DATA_DIRS_VSCODE_SNAP_ORIG: "/usr/share" },
			...{ LOCPATH_VSCODE_SNAP_ORIG: "", GDK_BACKEND: "x11" },
		});
		assert.deepEqual(found, { XDG_DATA_DIRS: "/usr/share", GDK_BACKEND: "x11" });
	});

	test("lack the editor's programs that ask for passwords of git, but keep those that the user has set", () => {
		const editor = "/usr/share/code/resources/app/extensions/git/dist";
		const found = withoutEditor({
			...{ VSCODE_GIT_ASKPASS_NODE: "/usr/share/code/code", VSCODE_GIT_IPC_HANDLE: "/run/x.sock", ELECTRON_RUN_AS_NODE: "1" },
			...{ GIT_ASKPASS: `${editor}/askpass.sh`, SSH_ASKPASS: `${editor}/ssh-askpass-empty.sh` },
			...{ GIT_EDITOR: `"${editor}/git-editor.sh"`, PATH: "/bin" },
		});
		assert.deepEqual(found, { PATH: "/bin" });
		const own = { GIT_ASKPASS: "/usr/bin/ksshaskpass", SSH_ASKPASS: "/usr/bin/ksshaskpass", GIT_EDITOR: "vi" };
		assert.deepEqual(withoutEditor(own), own);
	});

	test("are the editor's own if the login shell prints none, which one message says", async () => {
		const before = process.env["SHELL"];
		process.env["SHELL"] = "/bin/false";
		try {
			const [first, second] = await Promise.all([environmentForJobs(), environmentForJobs()]);
			assert.equal(first, second);
			assert.equal(first["PATH"], process.env["PATH"]);
		} finally {
			if (before === undefined) delete process.env["SHELL"];
			else process.env["SHELL"] = before;
		}
		assert.deepEqual(
			messages.map(({ text }) => text.replace(/:.*/, "")),
			["Jobs get the variables of the editor, not those of a terminal"],
		);
		assert.match(messages[0]?.text ?? "", /the login shell \/bin\/false did not tell its environment/);
		assert.match(channels.map(({ text }) => text).join(""), /\/bin\/false/);
	});
});
