/** The mark of a start says only that the request is under way: other commands do not wait for a process that merely lives. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { uptime } from "node:os";
import { test } from "node:test";
import type { PlatformModule } from "../../platform/contract.ts";
import { ChoreError } from "../../platform/errors.ts";
import { claimMark } from "../../src/core/disk/mark.ts";
import { openSession } from "../../src/core/disk/session.ts";
import { eventually } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { fakeWith, held } from "../support/held.ts";
import { type Home, makeHome } from "../support/home.ts";

const PATIENCE = { timeout: 120_000 };

/** The id of the job that is being started. */
function begun(home: Home): Promise<string> {
	return eventually("a job is written down", async () => (await home.open().list())[0]?.id);
}

function markOf(home: Home, id: string): string {
	return `${home.path}/default/active/${id}`;
}

test("the platform is not asked about a start that is certainly refused", async () => {
	let questions = 0;
	const module = fakeWith((original) => ({
		start: async () => {
			throw new ChoreError("INVALID_ARGUMENT", "it cannot be", { refused: true });
		},
		inspect: async (handles) => {
			questions++;
			return original.inspect(handles);
		},
	}));
	await using home = await makeHome("fake", module);
	await assert.rejects(home.chore.run({ command: ["true"], name: "web" }), { code: "INVALID_ARGUMENT", message: "it cannot be" });
	assert.equal(questions, 0);
	for (const folder of ["jobs", "active", "names"]) assert.deepEqual(readdirSync(`${home.path}/default/${folder}`), [], folder);
});

test("after a start with unknown outcome the platform alone decides the state, for first and later runs", PATIENCE, async () => {
	let isBroken = true;
	const module = fakeWith((original) => ({
		start: async (...given) => {
			if (!isBroken) return original.start(...given);
			throw new ChoreError("PLATFORM_UNAVAILABLE", "no manager answers");
		},
		inspect: async (handles) =>
			isBroken ? handles.map(() => ({ kind: "unreachable", reason: "no manager answers" }) as const) : original.inspect(handles),
	}));
	await using home = await makeHome("fake", module);
	const unknown = { code: "PLATFORM_UNAVAILABLE", message: /^no manager answers; whether job [0-9a-f-]{36} runs is not known$/ };
	await assert.rejects(home.chore.run({ command: ["true"], name: "web" }), unknown);
	assert.equal((await home.chore.get("web")).state, "unknown");
	isBroken = false;
	assert.equal((await home.chore.stop("web")).state, "lost");

	isBroken = true;
	await assert.rejects(home.chore.rerun("web"), unknown);
	assert.deepEqual([(await home.chore.get("web")).state, (await home.chore.get("web")).run], ["unknown", 2]);
	isBroken = false;
	assert.equal((await home.chore.wait("web")).state, "lost");
	await home.chore.remove("web");
	assert.deepEqual(readdirSync(`${home.path}/default/active`), []);
});

test("a start with unknown outcome that happened is noted before its end", PATIENCE, async () => {
	const module = fakeWith((original) => ({
		start: async (...given) => {
			await original.start(...given);
			throw new ChoreError("PLATFORM_UNAVAILABLE", "the answer was lost");
		},
	}));
	await using home = await makeHome("fake", module);
	await assert.rejects(home.chore.run({ command: ["sleep", "60"], name: "web" }), /is not known/);
	await eventually("it runs", async () => (await home.chore.get("web")).state === "running");
	await home.chore.stop("web");
	const events: string[] = [];
	for await (const { event } of home.chore.events()) events.push(event);
	assert.deepEqual(events, ["created", "stopped", "started", "exited"]);
});

test("a mark does not count after five minutes although its process lives; one of an earlier version does", PATIENCE, async () => {
	const { module, letGo } = held();
	await using home = await makeHome("fake", module);
	const start = home.chore.run({ command: ["true"], name: "web" });
	const id = await begun(home);
	const mark = JSON.parse(readFileSync(markOf(home, id), "utf8"));
	assert.equal(mark.pid, process.pid);
	const state = async (changes: object): Promise<string> => {
		writeFileSync(markOf(home, id), `${JSON.stringify({ ...mark, ...changes })}\n`);
		return (await home.chore.get(id)).state;
	};
	assert.equal(await state({ uptimeSeconds: undefined }), "starting");
	assert.equal(await state({ uptimeSeconds: uptime() - 240 }), "starting");
	assert.equal(await state({ uptimeSeconds: uptime() - 301 }), "lost");
	letGo();
	await start;
});

test("a mark from before a reboot does not count", PATIENCE, async () => {
	const { module, letGo } = held();
	await using home = await makeHome("fake", module);
	const start = home.chore.run({ command: ["true"], name: "web" });
	const id = await begun(home);
	const mark = JSON.parse(readFileSync(markOf(home, id), "utf8"));
	writeFileSync(markOf(home, id), JSON.stringify({ ...mark, uptimeSeconds: uptime() + 1000 }));
	assert.equal((await home.chore.get(id)).state, "lost");
	letGo();
	await start;
});

for (const [where, change] of [
	["in another container", { pidNamespace: "pid:[1]" }],
	["on another machine", { machine: "0123456789abcdef0123456789abcdef", bootId: "00000000-0000-4000-8000-000000000000" }],
	["on a clone of this machine", { host: "other-host", bootId: "00000000-0000-4000-8000-000000000000" }],
] as const) {
	test(`the files of a start that is under way ${where} are left alone for five minutes`, PATIENCE, async () => {
		await using home = await makeHome("fake", fakePlatform);
		await home.chore.wait((await home.chore.run({ command: ["true"] })).id);
		const session = openSession(home.path, "default");
		const id = "01900000-0000-7000-8000-000000000001";
		const draft = `${session.trash}/new-${id}`;
		mkdirSync(draft);
		claimMark(session, id);
		// As a process there would write it, with a pid that no process has here.
		const made = JSON.parse(readFileSync(markOf(home, id), "utf8"));
		const elsewhere = { ...made, pid: 2 ** 22, place: { ...made.place, ...change } };
		writeFileSync(markOf(home, id), JSON.stringify(elsewhere));
		await home.open().list({ all: true });
		assert.deepEqual([existsSync(draft), existsSync(markOf(home, id))], [true, true]);
		writeFileSync(markOf(home, id), JSON.stringify({ ...elsewhere, madeAtMs: Date.now() - 301_000 }));
		await home.open().list({ all: true });
		assert.deepEqual([existsSync(draft), existsSync(markOf(home, id))], [false, false]);
	});
}

test("a mark whose process has ended and is a zombie does not count", PATIENCE, async () => {
	const { module, letGo } = held();
	await using home = await makeHome("fake", module);
	const start = home.chore.run({ command: ["true"], name: "web" });
	const id = await begun(home);
	const mark = JSON.parse(readFileSync(markOf(home, id), "utf8"));
	// sleep(1) does not wait for the child that it has from the shell. The child ends when the shell, which might, is gone.
	const child = "sh -c 'until [ \"$(cat /proc/$PPID/comm)\" = sleep ]; do :; done'";
	const parent = spawn("/bin/sh", ["-c", `${child} & echo $!; exec sleep 600`], { stdio: ["ignore", "pipe", "ignore"] });
	try {
		const [said] = (await once(parent.stdout, "data")) as [Buffer];
		const pid = Number(said.toString());
		const stat = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ");
		await eventually("it is a zombie", () => stat()?.[0] === "Z");
		writeFileSync(markOf(home, id), JSON.stringify({ ...mark, pid, startTicks: stat()?.[19] }));
		assert.equal((await home.chore.get(id)).state, "lost");
	} finally {
		parent.kill("SIGKILL");
		letGo();
		await start;
	}
});

test("a stop during a start ends the job that comes up", PATIENCE, async () => {
	const { module, letGo } = held();
	let stops = 0;
	const counting: PlatformModule = {
		...module,
		open: async (context) => {
			const platform = await module.open(context);
			const stop = platform.stop.bind(platform);
			platform.stop = async (...given) => {
				const outcome = await stop(...given);
				if (++stops === 1) letGo();
				return outcome;
			};
			return platform;
		},
	};
	await using home = await makeHome("fake", counting);
	const start = home.chore.run({ command: ["sleep", "600"], name: "web" });
	const id = await begun(home);
	assert.equal((await home.chore.stop(id)).state, "stopped");
	await start;
});

test("a name is in use while another process is about to start its job again", PATIENCE, async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["true"], name: "web" });
	await home.chore.wait(id);
	const ticks = readFileSync(`/proc/${process.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19];
	writeFileSync(markOf(home, id), JSON.stringify({ pid: process.pid, startTicks: ticks, uptimeSeconds: uptime() }));
	await assert.rejects(home.chore.run({ command: ["true"], name: "web", ifRunning: "replace" }), {
		code: "NAME_IN_USE",
		message: /is in use by a job that is being started/,
	});
});
