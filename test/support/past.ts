/** Jobs that ended long ago, made of one that has just ended. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { v7 as uuid } from "uuid";
import type { Session } from "../../src/core/disk/session.ts";

export interface Past {
	/** Hours since its end. */
	readonly hoursAgo: number;
	readonly name?: string;
	/** Bytes of output. */
	readonly bytes?: number;
	/** Whether the machine was restarted since. Default: yes. */
	readonly isOfThisBoot?: boolean;
	/** Whether the user has looked how it ended. Default: yes. */
	readonly isSeen?: boolean;
}

const HOUR_MS = 3_600_000;

/** Copies a job of one run that is over, as if it had ended so long ago. @returns the id of the copy */
export function makePast(session: Session, id: string, past: Past): string {
	const { hoursAgo, name = "past", bytes, isOfThisBoot = false, isSeen = true } = past;
	const endedMs = Date.now() - hoursAgo * HOUR_MS;
	const began = new Date(endedMs - 1000);
	const copy = uuid({ msecs: began.getTime() });
	const folder = `${session.jobs}/${copy}`;
	const run = `${folder}/runs/1`;
	mkdirSync(run, { recursive: true, mode: 0o700 });
	for (const [path, content] of filesOf(`${session.jobs}/${id}`)) {
		const change = CHANGES[path];
		if (path === "runs/1/end.json" && !isSeen) continue;
		const changed = change?.(JSON.parse(content.toString()), { copy, name, began, endedMs, isOfThisBoot });
		const text = changed === undefined ? content : `${JSON.stringify(changed)}\n`;
		writeFileSync(`${folder}/${path}`, path === "runs/1/output" && bytes !== undefined ? Buffer.alloc(bytes) : text, { mode: 0o600 });
	}
	if (isSeen) utimesSync(`${run}/end.json`, endedMs / 1000, endedMs / 1000);
	else writeFileSync(`${session.active}/${copy}`, "");
	mkdirSync(`${session.names}/${name}`, { recursive: true, mode: 0o700 });
	const next = 1 + Math.max(0, ...readdirSync(`${session.names}/${name}`).map(Number));
	symlinkSync(copy, `${session.names}/${name}/${next}`);
	return copy;
}

interface Copy {
	readonly copy: string;
	readonly name: string;
	readonly began: Date;
	readonly endedMs: number;
	readonly isOfThisBoot: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** What of its records is not that of the original. */
const CHANGES: Readonly<Record<string, (record: Fields, copy: Copy) => Fields>> = {
	"job.json": (record, { copy, name, began }) => ({ ...record, id: copy, name, createdAtMs: began.getTime() }),
	"runs/1/run.json": (record, { began, isOfThisBoot }) => ({
		...record,
		createdAtMs: began.getTime(),
		place: isOfThisBoot ? record["place"] : { ...(record["place"] as Fields), bootId: "another" },
	}),
	"runs/1/end.json": (record, { copy, name, began, endedMs }) => ({
		...record,
		id: copy,
		name,
		createdAt: began.toISOString(),
		startedAt: began.toISOString(),
		endedAt: new Date(endedMs).toISOString(),
	}),
};

/** What of a job's folder matters when it is over; read once. */
function filesOf(folder: string): ReadonlyMap<string, Buffer> {
	const known = read.get(folder);
	if (known !== undefined) return known;
	const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
		(entry) => entry.isFile() && !["start", "stop.blank", "attempts"].includes(entry.name),
	);
	const paths = entries.map((entry) => `${entry.parentPath}/${entry.name}`);
	const files = new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path)]));
	read.set(folder, files);
	return files;
}

const read = new Map<string, ReadonlyMap<string, Buffer>>();
