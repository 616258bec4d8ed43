import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { findBus, findSystemBus } from "../../platform/systemd/address.ts";

const userId = process.geteuid?.() ?? 0;
const skip = process.platform === "win32" ? "no unix sockets in folders here" : false;

/** A folder like /run/user/1000. */
class RuntimeFolder implements AsyncDisposable {
	readonly path = mkdtempSync(`${tmpdir()}/runtime-`);
	readonly #servers: ReturnType<typeof createServer>[] = [];

	async listen(name: string): Promise<string> {
		const server = createServer();
		this.#servers.push(server);
		mkdirSync(`${this.path}/systemd`, { recursive: true });
		await new Promise<void>((resolve) => server.listen(`${this.path}/${name}`, resolve));
		return `${this.path}/${name}`;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const server of this.#servers) server.close();
		rmSync(this.path, { recursive: true, force: true });
	}
}

function reasonOf(environment: NodeJS.ProcessEnv, user = userId): string {
	const found = findBus(environment, user);
	return "reason" in found ? found.reason : `found ${found.socketPath}`;
}

test("the bus is the one in the runtime folder, where the manager is, or else that of the environment", { skip }, async () => {
	await using folder = new RuntimeFolder();
	const XDG_RUNTIME_DIR = folder.path;
	assert.match(reasonOf({ XDG_RUNTIME_DIR }), /no message bus/);
	const other = await folder.listen("other bus");
	const DBUS_SESSION_BUS_ADDRESS = `unix:path=${other}`;
	assert.match(reasonOf({ XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS }), /no systemd user manager/);
	await folder.listen("systemd/private");
	for (const address of [
		DBUS_SESSION_BUS_ADDRESS,
		`unix:path=${other.replace(" ", "%20")},guid=0123`,
		`unix:guid=0123,path=${other}`,
		`tcp:host=localhost,port=1;unix:path=${other}`,
	]) {
		assert.deepEqual(findBus({ XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS: address }, userId), { socketPath: other }, address);
	}
	for (const address of ["", "nonsense", "unix:abstract=/x", `unix:path=${folder.path}/none`, "unix:path=%", "unix:path=/dev/null"]) {
		assert.match(reasonOf({ XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS: address }), /no message bus/, address);
	}
	const bus = await folder.listen("bus");
	assert.deepEqual(findBus({ XDG_RUNTIME_DIR }, userId), { socketPath: bus });
	assert.deepEqual(findBus({ XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS }, userId), { socketPath: bus }, "as within dbus-run-session(1)");
});

test("sockets and folders of another user are skipped", { skip }, async () => {
	await using folder = new RuntimeFolder();
	const bus = await folder.listen("bus");
	await folder.listen("systemd/private");
	const stranger = 4_000_000;
	const environment = { XDG_RUNTIME_DIR: folder.path, DBUS_SESSION_BUS_ADDRESS: `unix:path=${bus}` };
	assert.match(reasonOf(environment, stranger), /no socket \/run\/user\/4000000\/bus/);
});

test("a file that is not a socket is not a bus", { skip }, async () => {
	await using folder = new RuntimeFolder();
	writeFileSync(`${folder.path}/bus`, "");
	assert.match(reasonOf({ XDG_RUNTIME_DIR: folder.path }), /no message bus/);
	assert.match(reasonOf({ XDG_RUNTIME_DIR: "relative" }), /\/run\/user\/|found/);
});

test("the system's bus is found by root only, and only if systemd has booted the system", { skip }, async () => {
	await using folder = new RuntimeFolder();
	const places = { booted: `${folder.path}/system`, bus: `${folder.path}/system_bus_socket` };
	const reason = (user: number | undefined): string => {
		const found = findSystemBus(user, places);
		return "reason" in found ? found.reason : `found ${found.socketPath}`;
	};
	assert.match(reason(undefined), /no systemd/);
	assert.match(reason(1000), /only root/);
	assert.match(reason(0), /not booted with systemd \(no folder .*\/system\)/);
	mkdirSync(places.booted);
	assert.match(reason(0), /no message bus of the system \(no socket .*system_bus_socket\)/);
	await folder.listen("system_bus_socket");
	assert.match(reason(0), userId === 0 ? /^found .*system_bus_socket$/ : /no message bus/, "a socket of another user does not count");
});
