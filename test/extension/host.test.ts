/** The jobs of another machine in a window: by a real server, which goes and comes, and to a client that may only look. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as posix from "../../platform/posix/index.ts";
import type { Caller } from "../../src/api/caller.ts";
import { serve } from "../../src/api/serve.ts";
import { connectTo } from "../../src/client/index.ts";
import type { RunOptions } from "../../src/index.ts";
import { startServer } from "../api/server.ts";
import { StandIn } from "../api/stand-in.ts";
import { eventually } from "../support/eventually.ts";
import { makeHome } from "../support/home.ts";
import "./editor.ts";

const { JobList } = await import("../../extension/jobs/job-list.ts");
const { start } = await import("../../extension/start/start.ts");
const { hostWords } = await import("../../extension/words.ts");
const { runOptions, isSame } = await import("../../extension/commands/tasks.ts");
const { StatusBar } = await import("../../extension/views/status-bar.ts");
const { Sidebar } = await import("../../extension/views/sidebar.ts");
const { contexts, EventEmitter, statusBarItems } = await import("./vscode.ts");

type List = InstanceType<typeof JobList>;
type Options = ConstructorParameters<typeof JobList>[0];

/** A window on a server. It finds out at once that it is away. */
class Looking implements AsyncDisposable {
	readonly list: List;
	/** How many connections were opened. */
	opened = 0;

	constructor(socket: string, options: Partial<ReturnType<Options>> = {}) {
		this.list = new JobList(
			() => ({ host: `unix:${socket}`, allSessions: false, ...options }),
			({ host = "", session }) => {
				this.opened++;
				return connectTo(host, { session: session || undefined, patienceMs: 0 });
			},
		);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.list.dispose();
	}
}

describe("a window on the jobs of a host", () => {
	test("shows them live, stops them, and starts new ones at home there", async () => {
		await using home = await makeHome("posix", posix);
		const socket = `${home.path}/api.sock`;
		const serving = await serve({ chore: { home: home.path, platform: "posix" }, socket, log: () => {} });
		try {
			const { id } = await home.chore.run({ command: ["sleep", "1000"], name: "there" });
			// As the editor opens them.
			const list = new JobList(() => ({ host: `unix:${socket}`, allSessions: false }));
			await list.ready();
			assert.deepEqual([list.failure, list.get(id)?.state, list.isReadOnly], [undefined, "running", false]);
			const later = await home.chore.run({ command: ["true"] });
			await eventually("a later job and its end are shown", () => list.get(later.id)?.state === "succeeded");
			await list.use({ session: "default" }, (chore) => chore.stop(id));
			await eventually("the stop is shown", () => list.get(id)?.state === "stopped");
			const made = await start(list, { command: ["pwd"] });
			assert.deepEqual([list.get(made.id)?.id, made.directory], [made.id, process.env["HOME"]]);
			await list.dispose();
		} finally {
			serving.stop();
			await serving.ended;
		}
	});

	test("goes on showing them while the server is away, says so, and is live again when it is back", async () => {
		await using home = await makeHome("posix", posix);
		const socket = `${home.path}/api.sock`;
		await using server = new StandIn(home.chore);
		await using looking = new Looking(socket);
		const { list } = looking;
		await list.ready();
		assert.equal(list.failure?.title, `unix:${socket} is out of reach`);
		await server.listen(socket);
		await eventually("it is found", () => list.failure === undefined);
		const { id } = await home.chore.run({ command: ["sleep", "1000"], name: "there" });
		await eventually("its job is shown", () => list.get(id)?.state === "running");
		await server.close();
		await eventually("it is missed", () => list.isOutOfReach);
		assert.deepEqual([list.failure?.title, list.get(id)?.state], [`unix:${socket} is out of reach`, "running"]);
		await list.again();
		assert.deepEqual([list.isOutOfReach, list.get(id)?.state], [true, "running"]);
		await home.chore.stop(id);
		await server.listen(socket);
		await eventually("what happened meanwhile is shown", () => list.get(id)?.state === "stopped");
		assert.deepEqual([list.failure, list.isOutOfReach], [undefined, false]);
		const later = await home.chore.run({ command: ["true"] });
		await eventually("it is live", () => list.get(later.id)?.state === "succeeded");
	});

	test("works with the session that the server has for this client, on one connection", async () => {
		await using server = await startServer({ http2: true, caller: { client: "alice", role: "run", sessions: ["alice"] } });
		await using looking = new Looking(server.socket);
		const { list } = looking;
		await list.ready();
		const job = await start(list, { command: ["true"] });
		assert.deepEqual([job.session, list.get(job.id)?.session], ["alice", "alice"]);
		await eventually("its end is shown", () => list.get(job.id)?.state === "succeeded");
		await list.use(job, (chore) => chore.get(job.id));
		assert.equal(looking.opened, 1);
	});

	test("shows the sessions that the server names to this client, where jobs are grouped by session", async () => {
		const caller: Partial<Caller> = { client: "alice", role: "run", sessions: ["alice", "shared"] };
		await using server = await startServer({ http2: true, caller });
		await using other = new Looking(server.socket, { session: "shared" });
		const { id } = await start(other.list, { command: ["true"] });
		await using looking = new Looking(server.socket, { allSessions: true });
		await looking.list.ready();
		assert.equal(looking.list.get(id)?.session, "shared");
	});

	test("knows that it may only look, and is told why where it does more all the same", async () => {
		await using server = await startServer({ http2: true, caller: { client: "eve", role: "read", sessions: ["default"] } });
		const { id } = await server.chore.run({ command: ["sleep", "1000"] });
		await using looking = new Looking(server.socket);
		await looking.list.ready();
		assert.deepEqual([looking.list.isReadOnly, looking.list.failure, looking.list.get(id)?.state], [true, undefined, "running"]);
		await assert.rejects(
			looking.list.use({ session: "default" }, (chore) => chore.stop(id)),
			{ code: "NOT_ALLOWED" },
		);
	});
});

test("a job for a host gets neither a directory nor a variable of this machine", async () => {
	const asked: RunOptions[] = [];
	const run = async (options: RunOptions): Promise<object> => {
		asked.push(options);
		return {};
	};
	const list = { host: "build", useForNew: (act: (chore: object) => unknown) => act({ run }), look: async () => {} } as unknown as List;
	const folder = { uri: { fsPath: "/here/app" }, name: "app", index: 0 } as never;
	const task = { type: "chore", command: "make" };
	await start(list, await runOptions(task, folder, "make", "build"));
	assert.deepEqual([asked[0]?.directory, asked[0]?.environment], [undefined, undefined]);
	assert.equal((await runOptions({ ...task, cwd: "/srv/app/" }, folder, "make", "build")).directory, "/srv/app");
	await assert.rejects(runOptions({ ...task, cwd: "web" }, folder, "make", "build"), { code: "INVALID_ARGUMENT" });
});

test("a task on a host finds its job that runs, wherever home is there", async () => {
	await using home = await makeHome("posix", posix);
	const options = await runOptions({ type: "chore", command: "true" }, undefined as never, "make", "build");
	const job = await home.chore.run({ ...options, directory: "/" });
	assert.ok(isSame(job, options));
	assert.ok(!isSame(job, { ...options, directory: "/srv" }));
});

test("a host is shown without what is before it in a URL", () => {
	for (const [host, words] of [
		["build", "build"],
		["me@build", "me@build"],
		["https://alice:s%40cr@t@build:8443/", "build:8443"],
		["ssh://me@build", "build"],
		["unix:/run/user/1000/chore/api.sock", "unix:/run/user/1000/chore/api.sock"],
	] as const)
		assert.equal(hostWords(host), words);
});

test("the views say of which machine the jobs are, and the menus know that files are there and what is not allowed", () => {
	const changed = new EventEmitter<void>();
	const job = {
		id: "1",
		name: "web",
		state: "running",
		attempt: 1,
		command: ["true"],
		directory: "/",
		createdAt: "2026-11-21T09:00:00.000Z",
	};
	const all = [{ ...job, reason: null, schedule: null, startedAt: null, endedAt: null }];
	const place = { host: "build" as string | undefined, isOutOfReach: false, isReadOnly: true, all };
	const list = Object.assign(place, { onDidChange: changed.event });
	const memory = { get: () => undefined, update: async () => {} };
	const sidebar = new Sidebar(list as unknown as List, memory as never);
	const shown = (): unknown[] => [sidebar.finished.description, contexts.get("chore.remote"), contexts.get("chore.readOnly")];
	assert.deepEqual(shown(), ["build", true, true]);
	place.isOutOfReach = true;
	changed.fire();
	sidebar.filter("web");
	assert.deepEqual(shown(), ["build · as last seen · filter: web", true, true]);
	Object.assign(place, { host: undefined, isOutOfReach: false, isReadOnly: false });
	changed.fire();
	assert.deepEqual(shown(), ["filter: web", false, false]);
	sidebar.dispose();
});

test("the status bar says of which machine the jobs are, and that it is out of reach", () => {
	const sidebar = { unseen: [], onDidChangeUnseen: () => ({ dispose() {} }) };
	let draw = (): void => {};
	const onDidChange = (listener: () => void): object => {
		draw = listener;
		return { dispose() {} };
	};
	const list = { host: "build", isOutOfReach: false, all: [{ state: "running", schedule: null }], onDidChange };
	new StatusBar(list as unknown as List, sidebar as never);
	const shown = [false, true].map((isOutOfReach) => {
		list.isOutOfReach = isOutOfReach;
		draw();
		return statusBarItems.at(-1)?.tooltip;
	});
	assert.deepEqual(shown, ["Chore on build: 1 job runs", "Chore on build, as last seen: 1 job runs"]);
});
