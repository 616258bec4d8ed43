/** The platform of the system's own manager, as far as that goes on a manager of a user's. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { findBus } from "../../platform/systemd/address.ts";
import * as systemd from "../../platform/systemd/index.ts";
import { SystemdPlatform } from "../../platform/systemd/platform.ts";
import { SYSTEM } from "../../platform/systemd/scope.ts";
import { begun } from "../support/begun.ts";
import { eventually } from "../support/eventually.ts";
import { makeHome } from "../support/home.ts";
import { userManager } from "../support/user-manager.ts";

const { skip, skipHarm } = userManager(import.meta);

/** As the module `system`, but with the bus of the user. */
const onUsersBus: typeof systemd.system = {
	detect: () => ({ available: true, reason: "a manager for tests", paths: [] }),
	async open(context) {
		const userId = process.geteuid?.() ?? -1;
		const bus = findBus(process.env, userId);
		assert.ok("socketPath" in bus);
		return new SystemdPlatform(bus.socketPath, { userId, scope: SYSTEM }, context);
	},
};

test("jobs have the name of this platform, and the platform of the user's manager does not touch them", { skip }, async () => {
	await using home = await makeHome("systemd-system", onUsersBus);
	const job = await home.chore.run({ command: ["sleep", "600"], restart: { policy: "always", delayMs: 0 } });
	assert.equal(job.platform, "systemd-system");
	assert.equal((await begun(() => home.chore.get(job.id))).state, "running");
	assert.equal((await home.chore.pause(job.id)).state, "paused");
	assert.equal((await home.chore.resume(job.id)).state, "running");
	const unit = String(job.unit);
	const theirs = await systemd.open({ install: () => "/nowhere" });
	try {
		const handle = {
			platform: "systemd-system",
			version: 1,
			data: { unit, jobId: job.id, run: 1, runFolder: "/x", signal: "SIGTERM", graceMs: 0 },
		};
		const [seen] = await theirs.inspect([handle]);
		assert.ok(seen?.kind === "unreachable" && /systemd-system/.test(seen.reason));
		await assert.rejects(theirs.stop(handle, { signal: "SIGKILL", graceMs: 0, hangUp: false }), /systemd-system/);
	} finally {
		await theirs[Symbol.asyncDispose]();
	}
	assert.equal(execFileSync("systemctl", ["--user", "is-active", unit], { encoding: "utf8" }).trim(), "active");
	assert.equal((await home.chore.stop(job.id)).state, "stopped");
});

test("a schedule starts its runs on the system's bus", { skip: skip || skipHarm }, async () => {
	await using home = await makeHome("systemd-system", onUsersBus);
	const job = await home.chore.run({ command: ["/bin/sh", "-c", "exit 5"], schedule: { calendar: ["daily"] } });
	const systemctl = (...words: readonly string[]) => execFileSync("systemctl", ["--user", ...words]);
	const bus = findBus(process.env, process.geteuid?.() ?? -1);
	assert.ok("socketPath" in bus);
	systemctl("set-environment", `DBUS_SYSTEM_BUS_ADDRESS=unix:path=${bus.socketPath}`);
	systemctl("start", String(job.unit).replace(/\.service$/, "-r1.service"));
	systemctl("unset-environment", "DBUS_SYSTEM_BUS_ADDRESS");
	await eventually("it has run", async () => (await home.chore.get(job.id)).exitCode, 5);
	assert.equal((await home.chore.get(job.id)).platform, "systemd-system");
});

test("its jobs outlive every logout, and lingering cannot be asked for", { skip }, async () => {
	await using platform = (await onUsersBus.open({ install: () => "/nowhere" })) as SystemdPlatform;
	assert.deepEqual(await platform.logout(), { survives: true });
	assert.equal(platform.linger, undefined);
	const { facts } = await platform.describe();
	assert.equal(
		facts.some(({ name }) => name === "lingering"),
		false,
	);
});

test("it is not available, with the reason, without systemd as the system's manager or without root", () => {
	const { available, reason, paths } = systemd.system.detect();
	if (available) return;
	assert.match(reason, process.geteuid?.() === 0 ? /not booted with systemd|no message bus/ : /only root/);
	assert.deepEqual(
		paths.map(({ name }) => name),
		["booted", "bus"],
	);
});
