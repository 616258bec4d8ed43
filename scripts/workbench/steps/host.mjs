// Steps with the jobs of another machine: a server whose state folder is not that of the editor.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { has, hasNot } from "../page.mjs";
import { environment, ROOT } from "../rig.mjs";

/** The other machine: its configuration, state and server. */
class Machine {
	#server;

	constructor(folders, name) {
		this.folders = folders;
		this.base = join(folders.base, name);
		mkdirSync(this.base, { mode: 0o700 });
		this.variables = { ...environment(folders), CHORE_HOME: join(this.base, "state"), XDG_CONFIG_HOME: join(this.base, "config") };
		this.socket = join(this.base, "api.sock");
	}

	/** Runs the command line there. */
	chore(...words) {
		return this.#spawn(this.variables, words);
	}

	/** Runs it as the user of the editor does, who knows hosts. */
	async add(...words) {
		await this.#spawn({ ...environment(this.folders), XDG_CONFIG_HOME: join(this.folders.home, ".config") }, ["host", "add", ...words]);
	}

	/** @returns once it listens: the line that says where */
	async serve(...words) {
		this.#server = this.#begin(this.variables, ["serve", "--socket", this.socket, ...words]);
		for await (const text of this.#server.stderr) if (/listens on/.test(text)) return String(text);
		throw new Error("the server has ended");
	}

	async kill() {
		if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
		const gone = once(this.#server, "exit");
		this.#server.kill("SIGKILL");
		await gone;
	}

	#begin(env, words) {
		return spawn(process.execPath, [join(ROOT, "dist/cli.cjs"), ...words], { env, cwd: this.base, stdio: ["ignore", "ignore", "pipe"] });
	}

	async #spawn(env, words) {
		const child = this.#begin(env, words);
		let said = "";
		child.stderr.on("data", (text) => {
			said += text;
		});
		const [code] = await once(child, "close");
		assert.equal(code, 0, `chore ${words.join(" ")}: ${said}`);
	}
}

/** Sets chore.host, or takes it back: a setting of the machine, which those of the user and the folder do not hold. */
function setHost(folders, name) {
	mkdirSync(join(folders.data, "Machine"), { recursive: true });
	writeFileSync(join(folders.data, "Machine/settings.json"), JSON.stringify(name === undefined ? {} : { "chore.host": name }));
}

export const host = [
	{
		title: "the jobs of a host are shown with its name beside the views, and a server that is away is one row",
		act: async ({ workbench, page, folders, run, shot }) => {
			const machine = new Machine(folders, "build");
			await machine.add("build", `unix:${machine.socket}`);
			await machine.serve();
			try {
				await run("-n", "here", "sleep", "1000");
				await workbench.untilRows("a job of this machine", has("here running"));
				setHost(folders, "build");
				await workbench.untilRows("it is hidden", hasNot("here running"));
				await machine.chore("run", "-n", "there", "-c", "echo from there; exec sleep 1000");
				await machine.chore("run", "-n", "over", "--wait", "true");
				await workbench.untilRows("the jobs of the host", (rows) => has("there running")(rows) && has("over succeeded")(rows));
				await page.locator(".part.sidebar .pane-header .description", { hasText: "build" }).first().waitFor();
				await workbench.row("there running").click();
				await workbench.untilOutput("from there");
				await workbench.row("there running").click({ button: "right" });
				await page.locator('.monaco-menu .action-label[aria-label="Restart"]').waitFor();
				assert.equal(await page.locator('.monaco-menu .action-label[aria-label="Open Log File"]').count(), 0);
				await page.keyboard.press("Escape");
				await shot("host");
				await machine.kill();
				const rows = await workbench.untilRows("the server is missed", has("build is out of reach"));
				assert.ok(has("there running")(rows), rows.join("; "));
				assert.equal(await page.locator(".notifications-toasts .notification-list-item").count(), 0);
				await page.locator(".part.sidebar .pane-header .description", { hasText: "build · as last seen" }).first().waitFor();
				await shot("host-away");
				await machine.serve();
				await workbench.row("build is out of reach").click();
				await workbench.untilRows("it is there again", hasNot("build is out of reach"));
				await workbench.inline("there running", "Stop");
				await workbench.answer("Stop");
				await workbench.untilRows("it was stopped", has("there stopped"));
			} finally {
				setHost(folders, undefined);
				await machine.kill();
				await machine.chore("rm", "-f", "there");
			}
			await workbench.untilRows("the jobs of this machine", has("here running"));
		},
	},
	{
		title: "a client of a host that may only look is offered nothing else",
		act: async ({ workbench, page, folders, shot }) => {
			const machine = new Machine(folders, "watched");
			await machine.chore("cert", "init", "--reached-by", "localhost");
			await machine.chore("cert", "new", "eve", "--role", "read");
			const [, port] = /https:\/\/127\.0\.0\.1:(\d+)/.exec(await machine.serve("--listen", "127.0.0.1:0")) ?? [];
			const files = ["--cacert", join(machine.base, "config/chore/serve/server.pem"), "--cert", join(machine.base, "eve.pem")];
			await machine.add("watched", `https://localhost:${port}`, ...files, "--key", join(machine.base, "eve.key"));
			try {
				await machine.chore("--session", "eve", "run", "-n", "seen", "-c", "echo readable; exec sleep 1000");
				setHost(folders, "watched");
				await workbench.untilRows("its job", has("seen running"));
				await workbench.row("seen running").click();
				await workbench.untilOutput("readable");
				assert.equal(await page.locator('.part.sidebar .pane-header .action-label[aria-label^="Run Command"]').count(), 0);
				await workbench.row("seen running").click({ button: "right" });
				await page.locator('.monaco-menu .action-label[aria-label="Show Log"]').waitFor();
				const offered = await page.locator(".monaco-menu .action-label[aria-label]").evaluateAll((all) => all.map((one) => one.ariaLabel));
				assert.deepEqual(offered.filter(Boolean), ["Show Log", "Follow in Terminal", "Notify When Done", "Copy"]);
				await shot("host-read");
				await page.keyboard.press("Escape");
			} finally {
				setHost(folders, undefined);
				await machine.chore("--session", "eve", "rm", "-f", "seen");
				await machine.kill();
			}
			await workbench.untilRows("the jobs of this machine", hasNot("seen running"));
		},
	},
];
