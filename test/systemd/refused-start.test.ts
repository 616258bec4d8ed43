/**
 * A start that the manager cannot make leaves nothing, gives the reason, and ends within a bounded time: however quickly the
 * unit restarts, and whatever happens to the bus or the manager meanwhile.
 */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { promisify } from "node:util";
import type { PlatformModule } from "../../platform/contract.ts";
import { isChoreError } from "../../platform/errors.ts";
import * as systemd from "../../platform/systemd/index.ts";
import { SystemdPlatform } from "../../platform/systemd/platform.ts";
import { USER } from "../../platform/systemd/scope.ts";
import { Chore } from "../../src/core/chore.ts";
import { hasEnded } from "../../src/core/job.ts";
import { eventually, HANGS_MS } from "../support/eventually.ts";
import { type Home, makeHome } from "../support/home.ts";
import { rounds } from "../support/rounds.ts";
import { userManager } from "../support/user-manager.ts";
import { GoBetween } from "./fake-bus.ts";

const { skip, skipHarm } = userManager(import.meta);
const ROUNDS = rounds(5);
const patience = { skip, timeout: HANGS_MS * Math.max(1, ROUNDS / 50) };

/** Properties that a user's manager cannot apply, and the message for each. It refuses the last one at once. */
const REFUSED: readonly (readonly [property: string, message: RegExp])[] = [
	["CPUSchedulingPriority=10", /^systemd cannot give a job CPUSchedulingPriority=10 here: it failed at SETSCHEDULER \(exit code 214\)$/],
	[
		"InaccessiblePaths=/not/there",
		/^systemd cannot give a job InaccessiblePaths=\/not\/there here: it failed at NAMESPACE \(exit code 226\)$/,
	],
	["IOSchedulingClass=realtime", /^systemd cannot give a job IOSchedulingClass=realtime here: it failed at IOPRIO \(exit code 211\)$/],
	["Requires=chore-not-there.service", /^Requires=chore-not-there.service: systemd refused /],
];
const [CANNOT_BE_SET] = REFUSED[0] as readonly [string, RegExp];

function startRefused(chore: Chore, property = CANNOT_BE_SET, delayMs = 1): Promise<unknown> {
	return chore.run({ command: ["true"], name: "refused", native: { properties: [property] }, restart: { policy: "always", delayMs } });
}

/** The units of the jobs of these tests that the manager has. */
function units(): string {
	return execFileSync("systemctl", ["--user", "list-units", "--all", "--plain", "--no-legend", "chore-refused-*"], { encoding: "utf8" });
}

async function assertNothingLeft(home: Home, when: string): Promise<void> {
	assert.deepEqual(await home.chore.list({ all: true }), [], when);
	for (const folder of ["jobs", "active", "names"])
		assert.deepEqual(readdirSync(`${home.path}/default/${folder}`), [], `${folder}, ${when}`);
	assert.equal(units(), "", when);
}

/** A home on the manager of this session, which is reached by another bus. */
function homeBy(socketPath: string): Promise<Home> {
	const userId = process.geteuid?.() as number;
	const module: PlatformModule = {
		detect: systemd.detect,
		open: async (context) => new SystemdPlatform(socketPath, { userId, scope: USER }, context),
	};
	return makeHome("systemd", module);
}

/** Where the manager's bus is. */
function busPath(): string {
	return (process.env["DBUS_SESSION_BUS_ADDRESS"] as string).replace(/^unix:path=/, "");
}

/** How an impossible start that was disturbed ended: it is refused, or whether it runs is not known. It never succeeds. */
async function endOf(start: Promise<unknown>): Promise<"refused" | "unknown"> {
	try {
		await start;
	} catch (error) {
		assert.ok(isChoreError(error), String(error));
		if (error.code === "INVALID_ARGUMENT" && error.refused) return "refused";
		assert.ok(["PLATFORM_UNAVAILABLE", "INVALID_ARGUMENT"].includes(error.code), `${error.code}: ${error.message}`);
		return "unknown";
	}
	return assert.fail("the start was a success");
}

/** Ends every job that is left, by the verbs of the library, and sees that nothing stays of them. */
async function clearAway(chore: Chore, home: Home): Promise<void> {
	for (const { id } of await chore.list({ all: true })) await chore.remove(id, { force: true, graceMs: 0 });
	await eventually("their units are gone", () => units() === "").catch(() => assert.equal(units(), ""));
	await assertNothingLeft(home, "cleared");
}

for (const [property, message] of REFUSED) {
	for (const delayMs of [1, 10]) {
		test(`${property} is refused at every try, with a restart after ${delayMs} ms`, patience, async () => {
			await using home = await makeHome("systemd", systemd);
			for (let round = 0; round < ROUNDS; round++) {
				await assert.rejects(
					startRefused(home.chore, property, delayMs),
					(error) => isChoreError(error) && error.code === "INVALID_ARGUMENT" && error.refused && message.test(error.message),
				);
				await assertNothingLeft(home, `round ${round}`);
			}
		});
	}
}

test("a refused rerun leaves the job unchanged", patience, async () => {
	await using home = await makeHome("systemd", systemd);
	const folder = mkdtempSync(`${tmpdir()}/chore-there-`);
	const native = { properties: [`InaccessiblePaths=${folder}`] };
	const { id } = await home.chore.run({ command: ["true"], name: "refused", native, restart: { policy: "on-failure", delayMs: 1 } });
	const before = await home.chore.wait(id);
	rmSync(folder, { recursive: true });
	for (let round = 0; round < ROUNDS; round++) {
		await assert.rejects(home.chore.rerun(id), (error) => isChoreError(error) && error.code === "INVALID_ARGUMENT" && error.refused);
		assert.deepEqual(await home.chore.list({ all: true }), [before]);
		assert.deepEqual(readdirSync(`${home.path}/default/jobs/${id}/runs`), ["1"]);
		assert.deepEqual(readdirSync(`${home.path}/default/active`), []);
	}
	assert.equal(units(), "");
});

test("when the connection breaks in the middle, no verb waits without bound, and a refusal is still found", patience, async () => {
	using between = await GoBetween.to(busPath());
	await using home = await homeBy(between.socketPath);
	for (let round = 0; round < ROUNDS * 4; round++) {
		const start = endOf(startRefused(home.chore));
		setTimeout(() => between.cut(), (round % 20) * 2);
		if ((await start) === "refused") await assertNothingLeft(home, `round ${round}`);
		await clearAway(home.chore, home);
	}
});

test("when the bus dies in the middle of a start, the job is unknown until the manager can be asked", patience, async () => {
	for (let round = 0; round < ROUNDS / 5; round++) {
		const between = await GoBetween.to(busPath());
		await using home = await homeBy(between.socketPath);
		await using other = new Chore([{ name: "systemd", scope: "user", load: async () => systemd }], "test", { home: home.path });
		await home.chore.list();
		const start = endOf(startRefused(home.chore));
		setTimeout(() => between[Symbol.dispose](), 4 + (round % 10) * 4);
		if ((await start) === "unknown") {
			for (const job of await home.chore.list()) {
				assert.equal(job.state, "unknown");
				await assert.rejects(home.chore.stop(job.id), { code: "JOB_UNKNOWN" });
			}
		}
		between[Symbol.dispose]();
		await clearAway(other, home);
	}
});

test("a manager that is re-executed again and again still refuses", { ...patience, skip: skip || skipHarm }, async () => {
	await using home = await makeHome("systemd", systemd);
	let isOver = false;
	const reexecute = async (): Promise<void> => {
		while (!isOver) await promisify(execFile)("systemctl", ["--user", "daemon-reexec"]).catch(() => {});
	};
	const reexecuting = reexecute();
	try {
		for (let round = 0; round < ROUNDS * 0.4; round++) {
			await endOf(startRefused(home.chore, undefined, round % 2 === 0 ? 1 : 10));
			// While the manager is away a job is unknown, and cannot be stopped: each such answer comes, and at last another.
			await eventually("what is left is stopped", async () => {
				for (const { id } of await home.chore.list()) await home.chore.stop(id, { graceMs: 0 }).catch(assertIsNoBug);
				return (await home.chore.list()).every(hasEnded);
			});
		}
	} finally {
		isOver = true;
		await reexecuting;
	}
	await clearAway(home.chore, home);
});

function assertIsNoBug(error: unknown): void {
	assert.ok(isChoreError(error), String(error));
}
