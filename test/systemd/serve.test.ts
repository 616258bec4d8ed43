/** `chore serve --install` on a real user manager: started by the first request, gone when idle, started again by the next. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { units } from "../../src/api/install/units.ts";
import { eventually, HANGS_MS } from "../support/eventually.ts";
import { userManager } from "../support/user-manager.ts";

const { skip } = userManager(import.meta);

test("units hold paths and values with special characters as they are", () => {
	const made = units({
		node: "/opt/a b/node",
		script: '/opt/50%/$HOME/"x".cjs',
		environment: { CHORE_HOME: "/a\\b%h" },
		socket: "/run/50%/s",
		listen: { host: "::1", port: 8443 },
	});
	assert.match(made["chore.service"] ?? "", /^ExecStart="\/opt\/a b\/node" "\/opt\/50%%\/\$\$HOME\/\\"x\\".cjs" serve$/m);
	assert.match(made["chore.service"] ?? "", /^Environment="CHORE_HOME=\/a\\\\b%%h"$/m);
	assert.match(made["chore.socket"] ?? "", /^ListenStream=\/run\/50%%\/s$/m);
	assert.match(made["chore-tls.socket"] ?? "", /^ListenStream=\[::1\]:8443$/m);
});

describe("chore serve --install", { skip, timeout: HANGS_MS }, () => {
	let home = "";
	before(() => {
		home = mkdtempSync(join(tmpdir(), "chore-serve-"));
		mkdirSync(`${home}/config/chore/serve`, { recursive: true, mode: 0o700 });
		writeFileSync(`${home}/config/chore/serve/config.toml`, "idle_seconds = 1\n");
	});
	after(() => {
		chore("serve", "--uninstall");
		rmSync(home, { recursive: true, force: true });
	});

	const chore = (...words: readonly string[]) => {
		const env = { ...process.env, CHORE_HOME: `${home}/state`, CHORE_PLATFORM: "posix", XDG_CONFIG_HOME: `${home}/config` };
		return spawnSync(process.execPath, ["dist/cli.cjs", ...words], { encoding: "utf8", env, timeout: HANGS_MS });
	};
	const systemctl = (...words: readonly string[]) => spawnSync("systemctl", ["--user", ...words], { encoding: "utf8" }).stdout.trim();
	const shown = (property: string) => systemctl("show", `--property=${property}`, "--value", "chore.service");
	const ask = async (socketPath: string) => {
		const [response] = (await once(get({ socketPath, path: "/v1", agent: false }), "response")) as [IncomingMessage];
		response.resume();
		return response.statusCode;
	};

	test("the first request starts the server, and the next one after it has ended starts it again", async () => {
		const socket = `${process.env["XDG_RUNTIME_DIR"]}/chore/api.sock`;
		const installed = chore("serve", "--install");
		assert.equal(installed.status, 0, installed.stderr);
		const paths = installed.stdout.trim().split("\n");
		assert.deepEqual(
			paths.map((path) => path.split("/").at(-1)),
			["chore.socket", "chore.service"],
		);
		assert.match(readFileSync(paths[1] ?? "", "utf8"), new RegExp(`^Environment="CHORE_HOME=${home}/state"$`, "m"));
		assert.equal(shown("ActiveState"), "inactive");
		const servers = new Set();
		for (let round = 0; round < 2; round++) {
			assert.equal(await ask(socket), 200);
			servers.add(shown("ExecMainPID"));
			await eventually("it has ended", () => shown("ActiveState"), "inactive");
			assert.deepEqual([shown("Result"), shown("ExecMainStatus")], ["success", "0"]);
		}
		assert.equal(servers.size, 2);
		assert.equal(systemctl("is-active", "chore.socket"), "active");
		const other = createServer().listen(0, "127.0.0.1");
		await once(other, "listening");
		const { port } = other.address() as AddressInfo;
		other.close();
		const early = chore("serve", "--install", "--listen", `127.0.0.1:${port}`);
		assert.match(early.stderr, /server\.pem is missing\nhint: `chore cert init` /);
		assert.equal(systemctl("is-active", "chore.socket"), "active");
		assert.equal(chore("cert", "init").status, 0);
		const again = chore("serve", "--install", "--listen", `127.0.0.1:${port}`);
		assert.equal(again.status, 0, again.stderr);
		assert.equal(systemctl("is-active", "chore-tls.socket"), "active");
		const gone = chore("serve", "--uninstall");
		assert.deepEqual([gone.status, gone.stdout.trim().split("\n").length], [0, 3], gone.stderr);
		for (const path of gone.stdout.trim().split("\n")) assert.equal(existsSync(path), false);
		assert.equal(systemctl("is-active", "chore.socket"), "inactive");
	});
});
