// Steps with the jobs of another machine: a server whose state folder is not that of the editor.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { has, hasNot } from "../page.mjs";
import { environment, ROOT } from "../rig.mjs";

export const host = [
	{
		title: "the jobs of a host are shown with its name beside the views, and a server that is away is one row",
		act: async ({ workbench, page, folders, run, shot }) => {
			const base = join(folders.base, "host");
			mkdirSync(base, { mode: 0o700 });
			const settings = join(folders.data, "Machine/settings.json");
			const config = { XDG_CONFIG_HOME: join(folders.home, ".config") };
			const variables = { ...environment(folders, config), CHORE_HOME: join(base, "state") };
			const chore = (...words) => {
				const options = { env: variables, cwd: base, stdio: "ignore" };
				return spawn(process.execPath, [join(ROOT, "dist/cli.cjs"), ...words], options);
			};
			const socket = join(base, "api.sock");
			const [added] = await once(chore("host", "add", "build", `unix:${socket}`), "exit");
			assert.equal(added, 0);
			let server = chore("serve", "-q", "--socket", socket);
			try {
				await run("-n", "here", "sleep", "1000");
				await workbench.untilRows("a job of this machine", has("here running"));
				mkdirSync(join(folders.data, "Machine"), { recursive: true });
				writeFileSync(settings, JSON.stringify({ "chore.host": "build" }));
				await workbench.untilRows("it is hidden", hasNot("here running"));
				await once(chore("run", "-q", "-n", "there", "-c", "echo from there; exec sleep 1000"), "exit");
				await once(chore("run", "-q", "-n", "over", "--wait", "true"), "exit");
				await workbench.untilRows("the jobs of the host", (rows) => has("there running")(rows) && has("over succeeded")(rows));
				await page.locator(".part.sidebar .pane-header .description", { hasText: "build" }).first().waitFor();
				await workbench.row("there running").click();
				await workbench.untilOutput("from there");
				await workbench.row("there running").click({ button: "right" });
				await page.locator('.monaco-menu .action-label[aria-label="Restart"]').waitFor();
				assert.equal(await page.locator('.monaco-menu .action-label[aria-label="Open Log File"]').count(), 0);
				await shot("host-menu");
				await page.keyboard.press("Escape");
				await shot("host");
				const gone = once(server, "exit");
				server.kill("SIGKILL");
				await gone;
				const rows = await workbench.untilRows("the server is missed", has("build is out of reach"));
				assert.ok(has("there running")(rows), rows.join("; "));
				assert.equal(await page.locator(".notifications-toasts .notification-list-item").count(), 0);
				await page.locator(".part.sidebar .pane-header .description", { hasText: "build · as last seen" }).first().waitFor();
				await shot("host-away");
				server = chore("serve", "-q", "--socket", socket);
				await workbench.row("build is out of reach").click();
				await workbench.untilRows("it is there again", hasNot("build is out of reach"));
				await workbench.inline("there running", "Stop");
				await workbench.answer("Stop");
				await workbench.untilRows("it was stopped", has("there stopped"));
			} finally {
				writeFileSync(settings, "{}");
				server.kill();
				await once(chore("rm", "-f", "there"), "exit");
			}
			await workbench.untilRows("the jobs of this machine", has("here running"));
		},
	},
];
