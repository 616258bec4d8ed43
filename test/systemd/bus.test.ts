import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { promisify } from "node:util";
import type { Handle } from "../../platform/contract.ts";
import { type ChoreError, isChoreError } from "../../platform/errors.ts";
import { SystemdPlatform } from "../../platform/systemd/platform.ts";
import { USER } from "../../platform/systemd/scope.ts";
import { planUnit } from "../../platform/systemd/unit.ts";
import { Bus, type Patience, type Request } from "../../platform/systemd/wire.ts";
import { busy } from "../support/busy.ts";
import { eventually, HANGS_MS } from "../support/eventually.ts";
import { GoBetween, noDaemon, startBus } from "./fake-bus.ts";
import { contextIn, prepareRun } from "./support.ts";

const LIST_NAMES: Request = {
	destination: "org.freedesktop.DBus",
	path: "/org/freedesktop/DBus",
	interface: "org.freedesktop.DBus",
	member: "ListNames",
};
const IMPATIENT: Patience = { connectMs: 200, silenceMs: 300 };
const PATIENT: Patience = { connectMs: 10_000, silenceMs: 10_000 };

function isUnavailable(message: RegExp) {
	return (error: unknown) =>
		isChoreError(error) && error.code === "PLATFORM_UNAVAILABLE" && message.test(error.message) && error.hint !== undefined;
}

test("a bus that accepts and never answers is an error after the limit", async () => {
	using hanging = await GoBetween.to(() => {});
	using bus = new Bus(hanging.socketPath, IMPATIENT);
	await assert.rejects(bus.call(LIST_NAMES), isUnavailable(/did not answer within 200 ms/));
	assert.equal(bus.open, false);
	await assert.rejects(bus.call(LIST_NAMES), isUnavailable(/did not answer/), "and at once from then on");
});

test("every request of the platform to a hanging bus is an error, and every observation unreachable", async () => {
	using hanging = await GoBetween.to(() => {});
	const folder = mkdtempSync(`${tmpdir()}/chore-`);
	try {
		await using platform = new SystemdPlatform(hanging.socketPath, { userId: 0, scope: USER }, contextIn(folder), IMPATIENT);
		const run = prepareRun(folder, "exit 0");
		const handle: Handle = planUnit(run);
		const [observation] = await platform.inspect([handle]);
		assert.ok(observation?.kind === "unreachable" && /did not answer/.test(observation.reason));
		const requests: readonly (() => Promise<unknown>)[] = [
			() => platform.start(run, handle),
			() => platform.stop(handle, run.stopping),
			() => platform.kill(handle, "SIGTERM", "all"),
			() => platform.watch([handle], () => {}),
			() => platform.forget(handle),
			() => platform.usage(handle),
			() => platform.describe(),
		];
		for (const request of requests) await assert.rejects(request, isUnavailable(/did not answer/));
	} finally {
		rmSync(folder, { recursive: true });
	}
});

test("a socket without a listener, a missing socket, and one that does not speak D-Bus are errors", async () => {
	using gone = await GoBetween.to(() => {});
	gone[Symbol.dispose]();
	using nonsense = await GoBetween.to((client) => client.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
	using refusing = await GoBetween.to((client) => client.write("REJECTED EXTERNAL\r\n"));
	using closing = await GoBetween.to((client) => client.destroy());
	for (const { socketPath } of [gone, nonsense, refusing, closing]) {
		using bus = new Bus(socketPath, PATIENT);
		await assert.rejects(bus.call(LIST_NAMES), isUnavailable(/message bus/));
	}
});

test("a bus that knows this process as another user's has received no request", async () => {
	using refusing = await GoBetween.to((client) => client.write("REJECTED EXTERNAL\r\n"));
	using bus = new Bus(refusing.socketPath, PATIENT);
	const isRefused = (error: unknown) => isUnavailable(/as that of another user than [0-9]+$/)(error) && (error as ChoreError).refused;
	await assert.rejects(bus.call(LIST_NAMES), isRefused);
});

test("a bus that takes no more connections is an error, not a crash", { skip: noDaemon }, async () => {
	using daemon = await startBus('<limit name="max_connections_per_user">1</limit>');
	using first = new Bus(daemon.socketPath, PATIENT);
	await first.call(LIST_NAMES);
	using second = new Bus(daemon.socketPath, PATIENT);
	await assert.rejects(second.call(LIST_NAMES), isUnavailable(/refused the connection/));
});

/** A bus that greets and then sends these bytes. */
function sending(bytes: Buffer): (client: Socket) => void {
	return (client) =>
		client.on("data", (data: Buffer) => {
			if (data.includes("AUTH")) client.write("OK 0123456789abcdef0123456789abcdef\r\n");
			if (data.includes("BEGIN")) client.end(bytes);
		});
}

test("a bus that dies in the middle of a message, or sends what is none, is an error, not a crash", async () => {
	const header = Buffer.from("6c01000100000000010000006e000000", "hex"); // 110 bytes of fields are to follow
	const spoilt = Buffer.concat([header, Buffer.alloc(112, 0xff)]);
	for (const bytes of [header.subarray(0, 7), header, spoilt.subarray(0, 40), spoilt]) {
		using dying = await GoBetween.to(sending(bytes));
		using bus = new Bus(dying.socketPath, PATIENT);
		await assert.rejects(bus.call(LIST_NAMES), isUnavailable(/closed the connection|not a message/), `after ${bytes.length} bytes`);
	}
});

test("requests are not answered one after another but 64 together", { skip: noDaemon }, async () => {
	using daemon = await startBus();
	using between = await GoBetween.to(daemon.socketPath);
	using bus = new Bus(between.socketPath, { ...PATIENT, silenceMs: HANGS_MS });
	await bus.call(LIST_NAMES);
	const asked = () => between.sent.split(LIST_NAMES.member).length - 2; // without the one above
	const release = between.hold();
	const order: number[] = [];
	const calls = Array.from({ length: 500 }, (_, index) => bus.call(LIST_NAMES).then(() => order.push(index)));
	await eventually("some are asked while none is answered", asked, (count) => count >= 64);
	assert.equal(asked(), 64);
	release();
	await Promise.all(calls);
	assert.deepEqual(order, [...order.keys()]);
	assert.equal(asked(), 500);
});

test("an error in a listener for signals is thrown, not told to the manager", { skip: noDaemon }, async () => {
	using daemon = await startBus();
	const script = `
		import { Bus } from ${JSON.stringify(new URL("../../platform/systemd/wire.js", import.meta.url).href)};
		const bus = new Bus(${JSON.stringify(daemon.socketPath)});
		bus.onSignal(() => { throw new Error("a bug"); });
		await bus.match("type='signal',member='NameOwnerChanged'");
		const other = new Bus(${JSON.stringify(daemon.socketPath)});
		for (const one of [other, bus]) await one.call(${JSON.stringify(LIST_NAMES)});
		for (const one of [other, bus]) one[Symbol.dispose]();`;
	await assert.rejects(
		promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { timeout: HANGS_MS }),
		(error: Error & { readonly stderr: string }) => /Error: a bug/.test(error.stderr),
	);
});

test("a bus that falls silent in the middle of a request is an error after the limit", { skip: noDaemon }, async () => {
	using daemon = await startBus();
	using between = await GoBetween.to(daemon.socketPath);
	using bus = new Bus(between.socketPath, { connectMs: 10_000, silenceMs: 3000 });
	await bus.call(LIST_NAMES);
	between.silence();
	await assert.rejects(bus.call(LIST_NAMES), isUnavailable(/did not answer for 3000 ms/));
});

test("an answer that arrives while this process is busy is in time", { skip: noDaemon }, async () => {
	using daemon = await startBus();
	using bus = new Bus(daemon.socketPath, { connectMs: 2000, silenceMs: 2000 });
	busy(2500);
	await bus.call(LIST_NAMES);
	const call = bus.call(LIST_NAMES);
	busy(2500);
	await call;
});

test("a lost connection rejects all requests at once and calls its listeners", { skip: noDaemon }, async () => {
	using daemon = await startBus();
	using between = await GoBetween.to(daemon.socketPath);
	using bus = new Bus(between.socketPath, PATIENT);
	await bus.call(LIST_NAMES);
	let losses = 0;
	bus.onLoss(() => losses++);
	between.silence();
	const calls = Array.from({ length: 20 }, () => bus.call(LIST_NAMES));
	between.cut();
	for (const { status } of await Promise.allSettled(calls)) assert.equal(status, "rejected");
	assert.equal(losses, 1);
	await assert.rejects(bus.call(LIST_NAMES), isUnavailable(/closed the connection|failed/));
});

test("a bus without a systemd user manager is an error that says so", { skip: noDaemon }, async () => {
	using daemon = await startBus();
	await using platform = new SystemdPlatform(daemon.socketPath, { userId: 0, scope: USER }, contextIn(tmpdir()), PATIENT);
	await assert.rejects(platform.describe(), isUnavailable(/no systemd manager/));
});

test("the next request after a lost connection connects again", { skip: noDaemon }, async () => {
	using daemon = await startBus();
	using between = await GoBetween.to(daemon.socketPath);
	await using platform = new SystemdPlatform(between.socketPath, { userId: 0, scope: USER }, contextIn(tmpdir()), PATIENT);
	await assert.rejects(platform.describe());
	await assert.rejects(platform.describe());
	assert.equal(between.connections, 2);
});

test("a process that has closed its connections ends by itself", { skip: noDaemon }, async () => {
	using daemon = await startBus();
	using hanging = await GoBetween.to(() => {});
	const script = `
		import { Bus } from ${JSON.stringify(new URL("../../platform/systemd/wire.js", import.meta.url).href)};
		const request = ${JSON.stringify(LIST_NAMES)};
		const bus = new Bus(${JSON.stringify(daemon.socketPath)});
		await bus.call(request);
		bus[Symbol.dispose]();
		const hanging = new Bus(${JSON.stringify(hanging.socketPath)});
		const call = hanging.call(request).catch(() => {});
		setTimeout(() => hanging[Symbol.dispose](), 100);
		await call;`;
	await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { timeout: HANGS_MS });
});
