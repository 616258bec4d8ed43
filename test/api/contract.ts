/**
 * What the API does, written once for all doors. Each step asks a door and gives back facts; the facts of every door are those of
 * the library. The steps build on one another.
 */
import { cpSync, writeFileSync } from "node:fs";
import type { Inputs, Outputs, Streams } from "../../src/api/operations/messages.ts";
import { isChoreError, type Job } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";
import type { Beside, Door } from "./contract-doors.ts";

export interface Step {
	readonly title: string;
	act(walk: Walk): Promise<unknown>;
	/** What it gives at every door, if the library alone is not to say so. */
	readonly gives?: unknown;
}

/** Where everything about a job that differs from door to door is. */
const VOLATILE = new Set(["pid", "cpuTimeMs", "memoryPeakBytes", "origin", "usage", "by", "durationMs"]);
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const MOMENT = /^20[0-9]{2}-[0-9-]{5}T[0-9:.]+Z$/;

/** One walk through all steps by one door. */
export class Walk {
	readonly door: Door;
	/** The state folder. */
	readonly home: string;
	/** What refusals said. */
	readonly said: string[] = [];
	readonly #ids: string[] = [];

	constructor(door: Door, home: string) {
		this.door = door;
		this.home = home;
	}

	call<Name extends keyof Outputs>(name: Name, input: Inputs[Name], beside?: Beside): Promise<Outputs[Name]> {
		return this.door.call(name, input, beside) as Promise<Outputs[Name]>;
	}

	/** The code of the error; "none" if there is none. */
	async refusal<Name extends keyof Outputs>(name: Name, input: Inputs[Name], beside?: Beside): Promise<string> {
		try {
			await this.call(name, input, beside);
			return "none";
		} catch (error) {
			if (!isChoreError(error)) throw error;
			this.said.push(error.message);
			return error.code;
		}
	}

	run(line: string, more: object = {}): Promise<Job> {
		return this.call("run", { command: ["sh", "-c", line], ...PLACE, ...more });
	}

	/** All output: of each stream where it begins and what it is; and how a followed job ended. @param taken is told each text */
	async output(input: Inputs["logs"], taken: (text: string) => unknown = () => {}): Promise<Readonly<Record<string, unknown>>> {
		const found: Record<string, { from: number; text: string } | string> = {};
		for await (const piece of this.door.stream("logs", input) as AsyncIterable<Streams["logs"]>) {
			if ("ended" in piece) found["ended"] = piece.ended.state;
			else {
				const { from, text } = (found[piece.stream] ?? { from: piece.offset, text: "" }) as { from: number; text: string };
				const whole = text + Buffer.from(piece.bytes).toString();
				found[piece.stream] = { from, text: whole };
				await taken(whole);
			}
		}
		return found;
	}

	/** The events up to the first that will do. */
	async events(
		input: Inputs["events"],
		isLast: (event: Streams["events"]) => boolean = () => false,
	): Promise<readonly Streams["events"][]> {
		const found: Streams["events"][] = [];
		for await (const event of this.door.stream("events", input) as AsyncIterable<Streams["events"]>) {
			found.push(event);
			if (isLast(event)) break;
		}
		return found;
	}

	/** The same facts in the same words at every door. */
	facts(value: unknown): unknown {
		if (value === undefined) return null;
		if (typeof value === "string") return this.#text(value);
		if (Array.isArray(value)) return value.map((one) => this.facts(one));
		if (typeof value !== "object" || value === null) return value;
		return Object.fromEntries(
			Object.entries(value).flatMap(([name, one]) => (VOLATILE.has(name) || one === undefined ? [] : [[name, this.facts(one)]])),
		);
	}

	#text(text: string): string {
		if (MOMENT.test(text)) return "MOMENT";
		return text.replaceAll(this.door.session, "SESSION").replaceAll(ID, (id) => {
			if (!this.#ids.includes(id)) this.#ids.push(id);
			return `JOB-${this.#ids.indexOf(id) + 1}`;
		});
	}
}

/** Without what a message cannot say: what is null or empty is not there. */
export function sparse(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(sparse);
	if (typeof value !== "object" || value === null) return value;
	const entries = Object.entries(value).map(([name, one]) => [name, sparse(one)] as const);
	return Object.fromEntries(
		entries.filter(([, one]) => one !== null && !(typeof one === "object" && Object.keys(one as object).length === 0)),
	);
}

/** Where jobs run, and with which variables: nothing is left to the surroundings of a door. */
const PLACE = { directory: "/", environment: { PATH: process.env["PATH"] ?? "/bin:/usr/bin", LANG: "C" } } as const;
const LATER = "2199-01-01T10:00:00.000Z";
const states = (jobs: readonly Job[]): readonly string[] => jobs.map(({ name, state }) => `${name} ${state}`);

/** How many jobs of a session may be active. */
export const MOST_JOBS = 4;

/** An operation of which an input is refused, with the code of the error. */
const REFUSALS: readonly (readonly [keyof Outputs, object, string])[] = [
	["get", { reference: "nobody" }, "JOB_NOT_FOUND"],
	["get", { reference: "00000000-0000-7000-8000-000000000000" }, "JOB_NOT_FOUND"],
	["kill", { reference: "first" }, "JOB_NOT_ACTIVE"],
	["kill", { reference: "keeps", signal: "SIGNONE" }, "INVALID_ARGUMENT"],
	["pause", { reference: "first" }, "JOB_NOT_ACTIVE"],
	["resume", { reference: "keeps" }, "none"],
	["send", { reference: "keeps", bytes: Buffer.from("x") }, "NO_INPUT"],
	["send", { reference: "first", bytes: Buffer.from("x") }, "JOB_NOT_ACTIVE"],
	["start", { reference: "keeps" }, "JOB_ACTIVE"],
	["remove", { reference: "keeps" }, "JOB_ACTIVE"],
	["run", { ...PLACE, command: ["true"], name: "keeps" }, "NAME_IN_USE"],
	["run", { ...PLACE, command: ["no-such-program"] }, "COMMAND_NOT_FOUND"],
	["run", { ...PLACE, command: ["/etc/passwd"] }, "COMMAND_NOT_EXECUTABLE"],
	["run", { ...PLACE, command: ["true"], directory: "/no/such/folder" }, "DIRECTORY_UNUSABLE"],
	["run", { ...PLACE, command: [""] }, "INVALID_ARGUMENT"],
	["run", { ...PLACE, command: ["true"], name: "no name" }, "INVALID_ARGUMENT"],
	["run", { ...PLACE, command: ["true"], memoryBytes: 1_000_000_000 }, "OPTION_UNSUPPORTED"],
	["run", { ...PLACE, command: ["true"], native: { slice: "mine.slice" } }, "OPTION_UNSUPPORTED"],
	["run", { ...PLACE, command: ["true"], requestKey: "key", name: "other" }, "KEY_REUSED"],
	["wait", { reference: "first", run: 7 }, "INVALID_ARGUMENT"],
	["stop", { reference: "keeps", graceMs: -1 }, "INVALID_ARGUMENT"],
	["status", { reference: "nobody" }, "JOB_NOT_FOUND"],
	["list", { limit: 0 }, "INVALID_ARGUMENT"],
	["list", { after: "no id" }, "INVALID_ARGUMENT"],
	["pauseSchedule", { reference: "first" }, "JOB_NOT_ACTIVE"],
	["moveCursor", { cursor: "no cursor", to: "0" }, "INVALID_ARGUMENT"],
	["eventsAfter", { cursor: "mine", max: 0 }, "INVALID_ARGUMENT"],
];

export const STEPS: readonly Step[] = [
	{
		title: "what the platform can do is told",
		act: async (walk) => (await walk.call("info", {})).capabilities,
	},
	{
		title: "a job is run with its variables, directory and words",
		act: async (walk) => {
			const { state: _, ...job } = await walk.run("echo one; echo $A; pwd; exit 3", {
				name: "first",
				setEnvironment: { A: "hé" },
				description: "says three things",
				tag: "t",
			});
			return [job.name, job.command, job.directory, job.description, job.tag, job.session, job.run];
		},
	},
	{
		title: "its end is waited for",
		act: (walk) => walk.call("wait", { reference: "first" }),
	},
	{
		title: "it is found by its name, its id and the end of that",
		async act(walk) {
			const job = await walk.call("get", { reference: "first" });
			const others = [await walk.call("get", { reference: job.id }), await walk.call("get", { reference: job.id.slice(-12) })];
			return [job.state, job.result, job.exitCode, others.map(({ id }) => id === job.id)];
		},
		gives: ["failed", "exit-code", 3, [true, true]],
	},
	{
		title: "its output is read whole",
		act: (walk) => walk.output({ reference: "first" }),
		gives: { output: { from: 0, text: "one\nhé\n/\n" } },
	},
	{
		title: "its output is read from a byte, by lines and from its end",
		act: (walk) =>
			Promise.all([{ fromByte: 4 }, { lines: 1 }, { tailBytes: 3 }].map((part) => walk.output({ reference: "first", ...part }))),
		gives: [{ output: { from: 4, text: "hé\n/\n" } }, { output: { from: 8, text: "/\n" } }, { output: { from: 7, text: "\n/\n" } }],
	},
	{
		title: "its status has its last lines",
		act: (walk) => walk.call("status", { reference: "first", lines: 2 }),
	},
	{
		title: "two streams are kept apart",
		async act(walk) {
			const { id } = await walk.run("echo out; echo err >&2", { name: "split", output: "split" });
			await walk.call("wait", { reference: id });
			return [await walk.output({ reference: id, stream: "stderr" }), await walk.output({ reference: id })];
		},
		gives: [{ stderr: { from: 0, text: "err\n" } }, { stdout: { from: 0, text: "out\n" }, stderr: { from: 0, text: "err\n" } }],
	},
	{
		title: "output that is thrown away cannot be read",
		async act(walk) {
			const { id } = await walk.run("echo out", { name: "silent", output: "null" });
			await walk.call("wait", { reference: id });
			return walk.output({ reference: id }).catch((error) => (isChoreError(error) ? error.code : error));
		},
		gives: "NO_OUTPUT",
	},
	{
		title: "a job is followed while it reads what it is sent, to its end",
		async act(walk) {
			await walk.run("echo ready; while read line; do echo got $line; done; exit 4", { name: "reader", stdin: "fifo" });
			const sent = new Set<string>();
			const send = async (text: string, after: string, has: string): Promise<void> => {
				if (!has.includes(after) || sent.has(text)) return;
				sent.add(text);
				await walk.call("send", { reference: "reader", bytes: Buffer.from(text), ...(text === "" ? { end: true } : {}) });
			};
			return walk.output({ reference: "reader", follow: true }, async (text) => {
				await send("a b\n", "ready\n", text);
				await send("c\n", "got a b\n", text);
				await send("", "got c\n", text);
			});
		},
		gives: { output: { from: 0, text: "ready\ngot a b\ngot c\n" }, ended: "failed" },
	},
	{
		title: "a wait that is over in time answers with the job as it is",
		async act(walk) {
			await walk.run("exec sleep 600", { name: "keeps" });
			await eventually("it runs", async () => (await walk.call("get", { reference: "keeps" })).state === "running");
			return (await walk.call("wait", { reference: "keeps", timeoutMs: 1 })).state;
		},
		gives: "running",
	},
	{
		title: "a job is paused and goes on",
		act: async (walk) => [
			(await walk.call("pause", { reference: "keeps" })).state,
			(await walk.call("get", { reference: "keeps" })).state,
			(await walk.call("resume", { reference: "keeps" })).state,
		],
		gives: ["paused", "paused", "running"],
	},
	{
		title: "a job is killed by the signal that is named",
		async act(walk) {
			const { id } = await walk.run("exec sleep 600", { name: "killed" });
			await walk.call("kill", { reference: id, signal: "SIGUSR1", whom: "all" });
			const { state, signal, result } = await walk.call("wait", { reference: id });
			return [state, signal, result];
		},
		gives: ["failed", "SIGUSR1", "signal"],
	},
	{
		title: "a job that ignores the stop signal is stopped after its grace, and to stop it again does nothing",
		async act(walk) {
			await walk.run("trap '' TERM; echo ready; while :; do sleep 600; done", { name: "stubborn" });
			await eventually("it is ready", async () => "output" in (await walk.output({ reference: "stubborn" })));
			const { state, signal } = await walk.call("stop", { reference: "stubborn", graceMs: 0 });
			return [state, signal, (await walk.call("stop", { reference: "stubborn" })).state];
		},
		gives: ["stopped", "SIGKILL", "stopped"],
	},
	{
		title: "a job is changed, and its next run is what it was changed to",
		async act(walk) {
			const changed = await walk.call("set", { reference: "first", command: ["sh", "-c", "echo two"], description: null, tag: "u" });
			const again = await walk.call("start", { reference: "first" });
			const ended = await walk.call("wait", { reference: "first", run: 2 });
			return [changed.nextRun, again.run, ended.state, ended.description, ended.tag, (await walk.output({ reference: "first" }))["output"]];
		},
	},
	{
		title: "earlier runs are told, and their output is there",
		act: async (walk) => [
			(await walk.call("runs", { reference: "first" })).map(({ run, state }) => [run, state]),
			await walk.output({ reference: "first", run: 1, lines: 1 }),
		],
		gives: [
			[
				[1, "failed"],
				[2, "succeeded"],
			],
			{ output: { from: 8, text: "/\n" } },
		],
	},
	{
		title: "a running job is restarted",
		async act(walk) {
			const { run } = await walk.call("restart", { reference: "keeps", graceMs: 1000 });
			await eventually("it runs", async () => (await walk.call("get", { reference: "keeps" })).state === "running");
			return [run, (await walk.call("runs", { reference: "keeps" })).map(({ state }) => state)];
		},
		gives: [2, ["stopped", "running"]],
	},
	{
		title: "the same key starts nothing twice",
		async act(walk) {
			const both = [await walk.run("echo once", { requestKey: "key" }), await walk.run("echo once", { requestKey: "key" })];
			await walk.call("wait", { reference: both[0]?.id ?? "" });
			return [both[0]?.id === both[1]?.id, (await walk.output({ reference: both[0]?.id ?? "" }))["output"]];
		},
		gives: [true, { from: 0, text: "once\n" }],
	},
	{
		title: "a variable may have any name and any text",
		async act(walk) {
			const { id } = await walk.run(`printf '%s|' "$__proto__" "$B"`, {
				setEnvironment: JSON.parse('{"__proto__":"x","B":"a\\nb=\\"\\u00fc"}'),
			});
			await walk.call("wait", { reference: id });
			return walk.output({ reference: id });
		},
		gives: { output: { from: 0, text: 'x|a\nb="ü|' } },
	},
	{
		title: "an HTTP job says what it asks for",
		async act(walk) {
			const { id } = await walk.call("run", {
				...PLACE,
				kind: "http",
				url: "http://127.0.0.1:1/a?b",
				method: "PUT",
				data: "x",
			} as Inputs["run"]);
			const { state, request, command } = await walk.call("wait", { reference: id });
			return [state, request, command];
		},
	},
	{
		title: "jobs are listed: those that are active, all, and those in a state",
		act: async (walk) => [
			states(await walk.call("list", {})),
			states(await walk.call("list", { all: true })),
			states(await walk.call("list", { states: ["stopped", "running"] })),
		],
	},
	{
		title: "a list is given in pages",
		async act(walk) {
			const first = await walk.call("list", { limit: 2 });
			const second = await walk.call("list", { limit: 2, after: first.at(-1)?.id });
			return [states(first), states(second)];
		},
	},
	{
		title: "a job with a schedule waits for its moment",
		async act(walk) {
			const job = await walk.run("true", { name: "later", schedule: { at: LATER, wake: "tick", zone: "UTC" } });
			return [job.state, job.run, job.schedule?.next, await walk.call("upcoming", { reference: "later", count: 2 })];
		},
	},
	{
		title: "the jobs with a schedule are listed",
		act: async (walk) => states(await walk.call("schedules", {})),
		gives: ["later scheduled"],
	},
	{
		title: "a schedule is changed, paused and resumed",
		act: async (walk) => [
			(await walk.call("reschedule", { reference: "later", keepRuns: 3, overlap: "queue" })).schedule,
			(await walk.call("pauseSchedule", { reference: "later" })).schedule?.paused,
			(await walk.call("resumeSchedule", { reference: "later" })).schedule?.paused,
		],
	},
	{
		title: "triggers are added, changed, paused, resumed and removed, each alone",
		async act(walk) {
			await walk.run("true", { name: "often", schedule: { calendar: ["10:00 UTC"], wake: "tick" } });
			const added = await walk.call("addTriggers", { reference: "often", calendar: ["Mon 10:00 UTC"] });
			const [, second = { id: "" }] = added.schedule?.triggers ?? [];
			const changed = await walk.call("changeTrigger", { reference: "often", trigger: second.id, calendar: ["Tue 10:00 UTC"] });
			const triggers = [second.id];
			return [
				[added, changed].map(({ schedule }) => [schedule?.triggers.length, schedule?.next]),
				(await walk.call("pauseTriggers", { reference: "often", triggers })).schedule?.triggers.map(({ paused }) => paused),
				(await walk.call("resumeTriggers", { reference: "often", triggers })).schedule?.triggers.map(({ paused }) => paused),
				(await walk.call("removeTriggers", { reference: "often", triggers })).schedule?.triggers.length,
			];
		},
		gives: [
			[
				[2, "MOMENT"],
				[2, "MOMENT"],
			],
			[false, true],
			[false, false],
			1,
		],
	},
	{
		title: "what cannot be done is refused with its code",
		act: async (walk) => {
			const found: string[] = [];
			for (const [name, input] of REFUSALS) found.push(`${name} ${await walk.refusal(name, input as never)}`);
			return found;
		},
		gives: REFUSALS.map(([name, , code]) => `${name} ${code}`),
	},
	{
		title: "what is refused is said in the same words",
		act: async (walk) => walk.said.map((text) => text.replaceAll(/\b[0-9a-f]{8}\b/g, "TAIL")),
	},
	{
		title: "more jobs than may be active are refused",
		async act(walk) {
			const names: string[] = [];
			for (let count = 0; count < MOST_JOBS; count++) {
				const name = `many-${count}`;
				const code = await walk.refusal("run", { ...PLACE, command: ["sleep", "600"], name });
				if (code === "none") names.push(name);
				else {
					for (const reference of names) await walk.call("stop", { reference, graceMs: 0 });
					return code;
				}
			}
			return `${names.length} more were run`;
		},
		gives: "TOO_MANY_JOBS",
	},
	{
		title: "a record that cannot be read is told, and a reference to two jobs is refused",
		async act(walk) {
			const { id } = await walk.call("get", { reference: "first" });
			const folder = (one: string) => `${walk.home}/${walk.door.session}/jobs/${one}`;
			const twin = `00${id.slice(2)}`;
			cpSync(folder(id), folder(twin), { recursive: true });
			writeFileSync(`${folder(twin)}/job.json`, "{");
			const ambiguous = await walk.refusal("get", { reference: id.slice(-12) });
			const found: string[] = [ambiguous, await walk.refusal("start", { reference: twin })];
			for (const follow of [false, true])
				found.push(
					await walk.output({ reference: twin, follow }).then(String, (error) => (isChoreError(error) ? error.code : String(error))),
				);
			await walk.call("remove", { reference: twin, force: true });
			return found;
		},
		gives: ["JOB_AMBIGUOUS", "JOB_UNKNOWN", "JOB_UNREADABLE", "JOB_UNREADABLE"],
	},
	{
		title: "a session that is not there has no jobs",
		act: async (walk) =>
			walk.door.name === "the library" ? "JOB_NOT_FOUND" : walk.refusal("get", { reference: "first" }, { session: "nobody" }),
		gives: "JOB_NOT_FOUND",
	},
	{
		title: "the history tells how runs ended",
		act: async (walk) => [
			await walk.call("history", { jobs: ["first"] }),
			(await walk.call("history", { states: ["stopped"], since: "2020-01-01T00:00:00Z", until: LATER, limit: 1 })).length,
		],
	},
	{
		title: "events are told in their order",
		act: async (walk) =>
			(await walk.events({ since: "2020-01-01T00:00:00Z" })).flatMap((one) =>
				"event" in one && one.event !== "removed" ? [`${one.name} ${one.run} ${one.event}`] : [],
			),
	},
	{
		title: "events are followed from now on",
		async act(walk) {
			const from = new Date().toISOString();
			const { id } = await walk.run("true", { name: "told" });
			const events = await walk.events({ since: from, follow: true }, (one) => "event" in one && one.event === "exited" && one.id === id);
			return events.flatMap((one) => ("event" in one && one.id === id ? [one.event] : []));
		},
		gives: ["created", "started", "exited"],
	},
	{
		title: "a cursor goes on where it was moved to",
		async act(walk) {
			const first = await walk.call("eventsAfter", { cursor: "mine", max: 2 });
			const again = await walk.call("eventsAfter", { cursor: "mine", max: 1 });
			await walk.call("moveCursor", { cursor: "mine", to: first.next });
			const next = await walk.call("eventsAfter", { cursor: "mine", max: 1 });
			return [first.events, again.events.length, next.events];
		},
	},
	{
		title: "a running job is removed only by force",
		async act(walk) {
			const { id } = await walk.call("remove", { reference: "keeps", force: true, graceMs: 0 });
			return [await walk.refusal("get", { reference: id }), await walk.refusal("remove", { reference: "keeps" })];
		},
		gives: ["JOB_NOT_FOUND", "JOB_NOT_FOUND"],
	},
	{
		title: "pruning tells what it would forget, and forgets it",
		async act(walk) {
			for (const { id } of await walk.call("list", {})) await walk.call("remove", { reference: id, force: true, graceMs: 0 });
			const dry = await walk.call("prune", { all: true, dryRun: true });
			const done = await walk.call("prune", { all: true });
			return [dry.jobs.map(({ name }) => name).sort(), done.jobs.length === dry.jobs.length, await walk.call("list", { all: true })];
		},
	},
	{
		title: "the server examines itself",
		async act(walk) {
			const report = await walk.call("doctor", {});
			return [report.schema, Object.keys(sparse(report) as object).includes("platforms")];
		},
	},
];

/** An input that is right, for each operation. None of the jobs is there. */
export const INPUTS: { readonly [Name in keyof Inputs]: Inputs[Name] } = {
	info: {},
	run: { ...PLACE, command: ["true"] },
	list: {},
	get: { reference: "none" },
	wait: { reference: "none" },
	runs: { reference: "none" },
	status: { reference: "none" },
	logs: { reference: "none" },
	stop: { reference: "none" },
	kill: { reference: "none" },
	start: { reference: "none" },
	restart: { reference: "none" },
	set: { reference: "none", tag: "t" },
	pause: { reference: "none" },
	resume: { reference: "none" },
	send: { reference: "none", bytes: Buffer.from("x") },
	remove: { reference: "none" },
	history: {},
	events: {},
	eventsAfter: { cursor: "mine" },
	moveCursor: { cursor: "mine", to: "0" },
	schedules: {},
	upcoming: { reference: "none", count: 1 },
	reschedule: { reference: "none", keepRuns: 1 },
	addTriggers: { reference: "none", everyMs: 60_000 },
	changeTrigger: { reference: "none", trigger: "t", everyMs: 60_000 },
	removeTriggers: { reference: "none", triggers: ["t"] },
	pauseTriggers: { reference: "none", triggers: ["t"] },
	resumeTriggers: { reference: "none", triggers: ["t"] },
	pauseSchedule: { reference: "none" },
	resumeSchedule: { reference: "none" },
	prune: {},
	doctor: {},
};

/** The code of the error of any operation; "none" if there is none. */
export async function codeOf(door: Door, name: keyof Inputs, input: object, beside?: Beside): Promise<string> {
	try {
		if (name === "logs" || name === "events") await door.stream(name, input, beside).next();
		else await door.call(name, input, beside);
		return "none";
	} catch (error) {
		if (isChoreError(error)) return error.code;
		throw error;
	}
}
