/** The doctor on a real user manager: the built command, and units whose jobs are gone. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Finding, Report } from "../../src/index.ts";
import { eventually, HANGS_MS } from "../support/eventually.ts";
import { userManager } from "../support/user-manager.ts";

const { skip } = userManager(import.meta);

/** A state folder whose path has characters that cause trouble. */
class Place implements Disposable {
	readonly folder = mkdtempSync(join(tmpdir(), "chore-doctor it's $HOME; "));

	run(words: readonly string[], home = this.folder): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
		const env = { ...process.env, CHORE_HOME: `${home}/state`, CHORE_PLATFORM: "" };
		return spawnSync(process.execPath, ["dist/cli.cjs", ...words], { encoding: "utf8", env, timeout: HANGS_MS });
	}

	/** @returns its id */
	begin(...words: readonly string[]): string {
		const { status, stdout, stderr } = this.run(["run", "-q", ...words]);
		assert.equal(status, 0, stderr);
		return stdout.trim();
	}

	unitOf(id: string): string {
		return JSON.parse(this.run(["--json", "status", id]).stdout)[0].unit;
	}

	/** The findings of the doctor, without those about other tests. */
	findings(home = this.folder): readonly Finding[] {
		const { stdout, stderr } = this.run(["--json", "doctor", "--no-test"], home);
		assert.notEqual(stdout, "", stderr);
		return (JSON.parse(stdout) as Report).findings.filter(({ kind }) => kind !== "disk");
	}

	[Symbol.dispose](): void {
		this.run(["stop", "--all", "--grace", "0"]);
		rmSync(this.folder, { recursive: true, force: true });
	}
}

function systemctl(...words: readonly string[]): string {
	return execFileSync("systemctl", ["--user", ...words], { encoding: "utf8" }).trim();
}

test("doctor shows how systemd was found, what it lacks and why, and that it works", { skip }, () => {
	using place = new Place();
	const { status, stdout, stderr } = place.run(["--json", "doctor"]);
	assert.equal(status, 0, stderr);
	const { platforms, selfTest } = JSON.parse(stdout) as Report;
	const [systemd] = platforms;
	assert.deepEqual([systemd?.name, systemd?.used, systemd?.error], ["systemd", true, null]);
	assert.match(systemd?.reason ?? "", /systemd manager and a message bus/);
	const bus = systemd?.locations.find(({ name }) => name === "bus");
	assert.deepEqual([bus?.kind, bus?.owner], ["socket", process.geteuid?.()]);
	for (const [capability, controller] of [
		["memoryLimit", "memory"],
		["cpuLimit", "cpu"],
		["taskLimit", "pids"],
	] as const) {
		if (systemd?.capabilities?.[capability] === true) continue;
		assert.match(systemd?.lacking[capability] ?? "", new RegExp(`the ${controller} controller is not delegated|no cgroup v2 tree`));
	}
	assert.deepEqual([selfTest?.platform, selfTest?.checks.filter(({ problem }) => problem !== null)], ["systemd", []]);
});

test("doctor reports a unit whose job is gone, with the command that ends it, and no unit of another state folder", { skip }, async () => {
	using place = new Place();
	using other = new Place();
	const [gone, kept] = [place.begin("-n", "gone", "sleep", "600"), place.begin("-n", "kept", "sleep", "600")];
	other.begin("-n", "other", "sleep", "600");
	const unit = place.unitOf(gone);
	rmSync(`${place.folder}/state/default/jobs/${gone}`, { recursive: true });
	rmSync(`${place.folder}/state/default/active/${gone}`);
	const [stray, ...more] = place.findings();
	assert.deepEqual([stray?.kind, stray?.what, more], ["stray", `${unit} is active, but the job that it was started for is gone`, []]);
	assert.deepEqual(other.findings(), [stray]);
	execFileSync("/bin/sh", ["-c", stray?.cure ?? ""]);
	// Its hook has nowhere to write to, which is a failure to systemd.
	await eventually(
		"the unit is over",
		() => stateOf(unit),
		(state) => ["inactive", "failed"].includes(state),
	);
	for (const left of place.findings()) execFileSync("/bin/sh", ["-c", left.cure ?? ""]);
	assert.deepEqual(place.findings(), []);
	assert.equal(stateOf(place.unitOf(kept)), "active");
});

test("doctor does not report a unit whose state folder was moved", { skip }, () => {
	using place = new Place();
	place.begin("-n", "web", "sleep", "600");
	mkdirSync(`${place.folder}/elsewhere`);
	execFileSync("mv", [`${place.folder}/state`, `${place.folder}/elsewhere/state`]);
	assert.deepEqual(
		place.findings(`${place.folder}/elsewhere`).filter(({ kind }) => kind === "stray"),
		[],
	);
	place.run(["stop", "--all", "--grace", "0"], `${place.folder}/elsewhere`);
});

test("doctor reports that a job without unit and record will be lost, and does not settle it", { skip }, async () => {
	using place = new Place();
	const id = place.begin("-n", "web", "sleep", "600");
	const unit = place.unitOf(id);
	// As when the hook is killed, too: nothing is written, and the unit is forgotten.
	rmSync(`${place.folder}/state/libexec`, { recursive: true });
	systemctl("kill", "--signal=KILL", unit);
	await eventually(
		"the unit is over",
		() => stateOf(unit),
		(state) => ["inactive", "failed"].includes(state),
	);
	systemctl("reset-failed", unit);
	await eventually("the unit is unloaded", () => systemctl("show", "-p", "LoadState", "--value", unit), "not-found");
	const [lost, ...more] = place.findings();
	assert.deepEqual([lost?.kind, more], ["lost", []]);
	assert.equal(place.findings().length, 1, "it is not settled by that");
	assert.match(place.run(["status", id]).stdout, /^web .* lost/);
	assert.deepEqual(place.findings(), []);
});

test("--linger is refused with the reason if there is no logind", { skip: skip || hasLogind() }, () => {
	using place = new Place();
	const { status, stdout, stderr } = place.run(["doctor", "--linger"]);
	assert.deepEqual([status, stdout], [1, ""]);
	assert.match(stderr, /^chore: lingering could not be turned on: .+\nhint: there is no systemd-logind here/);
});

function stateOf(unit: string): string {
	return systemctl("show", "-p", "ActiveState", "--value", unit);
}

function hasLogind(): string | false {
	return spawnSync("test", ["-e", "/run/systemd/seats"]).status === 0 && "there is a logind, which is not to be asked in earnest";
}
