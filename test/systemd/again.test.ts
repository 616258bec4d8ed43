/** Requests that are made again: while the manager is restarted and therefore not on the bus, or in another form. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { mock, test } from "node:test";
import type { RunSpec } from "../../platform/contract.ts";
import { ChoreError } from "../../platform/errors.ts";
import { answered, delivered } from "../../platform/systemd/again.ts";
import type { Property } from "../../platform/systemd/property.ts";
import type { LoadedUnit, Systemd } from "../../platform/systemd/requests.ts";
import { USER } from "../../platform/systemd/scope.ts";
import { submitUnit } from "../../platform/systemd/start.ts";
import { stopRun } from "../../platform/systemd/stop.ts";
import { type PlannedUnit, planUnit, readHandle } from "../../platform/systemd/unit.ts";
import { Waiter } from "../../platform/systemd/waiter.ts";
import { prepareRun } from "./support.ts";

const { DBusError } = createRequire(import.meta.url)("dbus-next");

function busError(name: string, message = name): ChoreError {
	return new ChoreError("PLATFORM_FAILED", message, { cause: new DBusError(`org.freedesktop.DBus.Error.${name}`, "no manager") });
}

test("a restart of the manager may take three seconds from the first failed request, however long that request took", async () => {
	let nowMs = 1_000_000;
	const clock = mock.method(performance, "now", () => nowMs);
	try {
		const tookMs = [60_000, 2_000, 900, 0];
		const request = async (): Promise<string> => {
			nowMs += tookMs.shift() ?? 0;
			if (tookMs.length > 0) throw busError("ServiceUnknown");
			return "answer";
		};
		assert.equal(await delivered(request), "answer");
		let count = 0;
		const never = async (): Promise<string> => {
			nowMs += 1_000;
			count++;
			throw busError("NameHasNoOwner");
		};
		await assert.rejects(answered(never), { message: "NameHasNoOwner" });
		assert.equal(count, 5);
	} finally {
		clock.mock.restore();
	}
});

test("of the requests that the manager received and did not answer only questions are repeated", async () => {
	let count = 0;
	const request = async (): Promise<number> => {
		if (++count % 2 === 1) throw busError("NoReply");
		return count;
	};
	assert.equal(await answered(request), 2);
	await assert.rejects(delivered(request), { message: "NoReply" });
});

test("a manager that does not know a property starts the job without it, unless it was asked for", async () => {
	const given: (readonly string[])[] = [];
	const systemd = {
		managerPid: async () => process.pid,
		startTransientUnit: async (_name: string, properties: readonly Property[]) => {
			given.push(properties.map(({ name }) => name));
			const unknown = ["OOMPolicy", "LimitNICE"].find((name) => given.at(-1)?.includes(name));
			if (unknown === undefined) return { finished: Promise.resolve("done") };
			throw busError("PropertyReadOnly", `Cannot set property ${unknown}, or unknown property.`);
		},
	} as unknown as Systemd;
	const folder = mkdtempSync(`${tmpdir()}/chore-again-`);
	try {
		const installation = { hookPath: "/hook", isPrivileged: false, scope: USER };
		const submit = (changes: Partial<RunSpec>) => {
			const run = prepareRun(folder, "exit 0", changes);
			return submitUnit(systemd, run, readHandle(planUnit(run)), installation);
		};
		await submit({});
		const [first, , last] = given;
		assert.deepEqual([given.length, first?.filter((name) => !last?.includes(name))], [3, ["OOMPolicy", "LimitNICE"]]);
		await assert.rejects(submit({ native: { properties: ["OOMPolicy=stop"] } }), /OOMPolicy=stop/);
	} finally {
		rmSync(folder, { recursive: true });
	}
});

test("a stop whose manager is restarted at the end of the grace sends SIGKILL and does not begin the grace anew", async () => {
	const unit: LoadedUnit = { name: "job.service", activeState: "active", subState: "running", path: "/", controlGroup: "", properties: {} };
	const sent: string[] = [];
	let isOver = false;
	const waiter = new Waiter(async () => ({ kind: isOver ? "absent" : "running", paused: false }));
	const systemd = {
		find: async () => unit,
		stop: async () => sent.push("stop"),
		kill: async (_unit: LoadedUnit, whom: string, number: number) => {
			sent.push(`${number} to ${whom}`);
			if (sent.length < 4) throw busError("ServiceUnknown");
			isOver = true;
			waiter.hint();
			return true;
		},
	} as unknown as Systemd;
	const stopping = { signal: "SIGTERM", graceMs: 100, hangUp: false } as const;
	const run: PlannedUnit = { unit: unit.name, jobId: "job", run: 1, runFolder: "/nowhere", stopping };
	assert.deepEqual(await stopRun(() => systemd, run, { ...stopping, graceMs: 50 }, waiter), { kind: "ended" });
	assert.deepEqual(sent, ["stop", "9 to all", "9 to all", "9 to all"]);
});
