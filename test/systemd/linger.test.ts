/** Lingering, asked for of the real logind on a system bus of its own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { Report } from "../../src/index.ts";
import { eventually, HANGS_MS } from "../support/eventually.ts";
import { userManager } from "../support/user-manager.ts";

const { skip: noManager } = userManager(import.meta, { logind: true });
const parts = ["/lib/systemd/systemd-logind", "/usr/bin/loginctl", "/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service"];
const missing = parts.find((path) => !existsSync(path));
const skip = noManager || (missing === undefined ? false : `there is no ${missing}`);

describe("lingering", () => {
	const home = mkdtempSync(join(tmpdir(), "chore-linger-"));
	after(() => rmSync(home, { recursive: true, force: true }));

	const doctor = (...words: readonly string[]): { readonly status: number | null; readonly stderr: string; readonly report: Report } => {
		const env = { ...process.env, CHORE_HOME: home };
		const command = ["dist/cli.cjs", "--json", "doctor", "--no-test", ...words];
		const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8", env, timeout: HANGS_MS });
		return { status, stderr, report: stdout === "" ? null : JSON.parse(stdout) };
	};
	const fate = ({ platforms }: Report) => {
		const systemd = platforms.find(({ name }) => name === "systemd");
		return [systemd?.logout?.survives, systemd?.facts.find(({ name }) => name === "lingering")?.value];
	};

	test("is off, is turned on by chore doctor --linger, and is seen to be on", { skip }, async () => {
		await eventually("logind is there", () => existsSync("/run/systemd/seats"));
		assert.deepEqual(fate(doctor().report), [false, "off"]);
		const asked = doctor("--linger");
		assert.equal(asked.status, 0, asked.stderr);
		assert.deepEqual(fate(asked.report), [true, "on"]);
		assert.ok(existsSync(`/var/lib/systemd/linger/${userInfo().username}`));
		const again = doctor("--linger");
		assert.equal(again.status, 0, again.stderr);
	});
});
