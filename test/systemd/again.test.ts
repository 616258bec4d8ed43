/** Requests while the manager is restarted and therefore not on the bus. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mock, test } from "node:test";
import { ChoreError } from "../../platform/errors.ts";
import { answered, delivered } from "../../platform/systemd/again.ts";
import type { LoadedUnit, Systemd } from "../../platform/systemd/requests.ts";
import { stopRun } from "../../platform/systemd/stop.ts";
import type { PlannedUnit } from "../../platform/systemd/unit.ts";
import { Waiter } from "../../platform/systemd/waiter.ts";

const { DBusError } = createRequire(import.meta.url)("dbus-next");

function busError(name: string): ChoreError {
	return new ChoreError("PLATFORM_FAILED", name, { cause: new DBusError(`org.freedesktop.DBus.Error.${name}`, "no manager") });
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
