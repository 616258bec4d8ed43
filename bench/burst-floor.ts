/**
 * The floor under burst-chore.ts: the same requests on one connection and the same files with the same content, by
 * the shortest program that does just that. Prints how many milliseconds it took.
 */
import { appendFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { Message, MessageType, sessionBus, Variant } from "dbus-next";
import { v7 as uuid } from "uuid";
import type { RunSpec } from "../platform/contract.ts";
import { unitProperties } from "../platform/systemd/unit.ts";
import { inFlight } from "./support/in-flight.ts";

/** @param home of a session in which chore has run one job, whose files are the model of those here */
const [home = "", session = "", count, width, acknowledge, hook = ""] = process.argv.slice(2);

const folder = `${home}/${session}`;
const [modelName = ""] = readFileSync(`${folder}/ledger.jsonl`, "utf8").split("\n");
const modelId: string = JSON.parse(modelName).id;
const model = (path: string): Buffer => readFileSync(`${folder}/jobs/${modelId}/${path}`);
const content = {
	job: model("job.json"),
	start: model("start"),
	run: model("runs/1/run.json"),
	exit: Buffer.alloc(512, " "),
	started: Buffer.alloc(64, " "),
	stop: model("runs/1/stop.blank"),
};
const [created, started] = readFileSync(`${folder}/ledger.jsonl`, "utf8").split("\n");
const mode = 0o600;

const bus = sessionBus();
const finished = new Map<string, () => void>();
const early = new Set<string>();
bus.on("message", ({ type, member, body }: Message) => {
	if (type !== MessageType.SIGNAL || member !== "JobRemoved") return;
	const path = String(body[1]);
	const resolve = finished.get(path);
	if (resolve === undefined) early.add(path);
	else resolve();
});

const began = performance.now();
const systemd = {
	destination: "org.freedesktop.systemd1",
	path: "/org/freedesktop/systemd1",
	interface: "org.freedesktop.systemd1.Manager",
};
const dbus = { destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus" };
const matches = [
	"type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.systemd1.Manager',member='JobRemoved'",
	"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.freedesktop.systemd1'",
];
for (const rule of matches) await bus.call(new Message({ ...dbus, member: "AddMatch", signature: "s", body: [rule] }));
await inFlight(Number(count), Number(width), async (index) => {
	const id = uuid();
	const spec = writeFiles(id, index);
	const properties = unitProperties(spec, { hookPath: hook, isPrivileged: false }).map(({ name, signature, value }) => [
		name,
		new Variant(signature, value),
	]);
	const body = [`chore-${spec.label}.service`, "fail", properties, []];
	const answer = await bus.call(new Message({ ...systemd, member: "StartTransientUnit", signature: "ssa(sv)a(sa(sv))", body }));
	const path = String(answer?.body[0]);
	if (acknowledge === "acknowledged" && !early.delete(path)) await new Promise<void>((resolve) => finished.set(path, resolve));
	truncateSync(`${folder}/active/${id}`);
	appendFileSync(`${folder}/ledger.jsonl`, `${started}\n`);
});
console.log(performance.now() - began);
bus.disconnect();

function writeFiles(id: string, index: number): RunSpec {
	const name = `floor-${index}`;
	writeFileSync(`${folder}/active/${id}`, `{"pid":${process.pid},"startTicks":"123456"}\n`, { mode });
	mkdirSync(`${folder}/names/${name}`, 0o700);
	symlinkSync(id, `${folder}/names/${name}/1`);
	const aside = `${folder}/trash/new-${id}`;
	for (const path of [aside, `${aside}/runs`, `${aside}/runs/1`]) mkdirSync(path, 0o700);
	writeFileSync(`${aside}/job.json`, content.job, { mode });
	writeFileSync(`${aside}/start`, content.start, { mode });
	const run = `${aside}/runs/1`;
	writeFileSync(`${run}/run.json`, content.run, { mode });
	writeFileSync(`${run}/exit`, content.exit, { mode });
	writeFileSync(`${run}/started`, content.started, { mode });
	writeFileSync(`${run}/stop.blank`, content.stop, { mode });
	writeFileSync(`${run}/output`, "", { mode });
	const jobFolder = `${folder}/jobs/${id}`;
	renameSync(aside, jobFolder);
	appendFileSync(`${folder}/ledger.jsonl`, `${created}\n`);
	return {
		jobId: id,
		run: 1,
		label: `${name}-${id.slice(-8)}`,
		description: `chore job ${name}`,
		jobFolder,
		start: `${jobFolder}/start`,
		runFolder: `${jobFolder}/runs/1`,
		limits: { timeoutMs: null, memoryBytes: null, cpus: null, tasks: null },
		stopping: { signal: "SIGTERM", graceMs: 10_000, hangUp: false },
		restart: { policy: "no", delayMs: 0, max: null },
		native: {},
		acknowledge: acknowledge === "acknowledged",
	};
}
