/** Jobs that ended long ago, made of one that has just ended. */
import assert from "node:assert/strict";
import { cpSync, lutimesSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { v7 as uuid } from "uuid";
import type { Session } from "../../src/core/session.ts";

export interface Past {
	/** Hours since its end. */
	readonly hoursAgo: number;
	readonly name?: string;
	/** Bytes of output. */
	readonly bytes?: number;
	/** Whether the machine was restarted since. Default: yes. */
	readonly isOfThisBoot?: boolean;
}

const HOUR_MS = 3_600_000;

/** Copies a job of one run that is over, as if it had ended so long ago. @returns the id of the copy */
export function makePast(session: Session, id: string, { hoursAgo, name = "past", bytes, isOfThisBoot = false }: Past): string {
	const ended = Date.now() - hoursAgo * HOUR_MS;
	const copy = uuid({ msecs: ended - 1000 });
	const folder = `${session.jobs}/${copy}`;
	cpSync(`${session.jobs}/${id}`, folder, { recursive: true, filter: (path) => !path.endsWith("alive") });
	const run = `${folder}/runs/1`;
	edit(`${folder}/job.json`, (job) => ({ ...job, id: copy, name, createdAtMs: ended - 1000 }));
	edit(`${run}/run.json`, (record) => ({
		...record,
		createdAtMs: ended - 1000,
		place: isOfThisBoot ? record["place"] : { ...(record["place"] as object), bootId: "another" },
	}));
	edit(`${run}/end.json`, (end) => ({
		...end,
		id: copy,
		name,
		createdAt: new Date(ended - 1000).toISOString(),
		startedAt: new Date(ended - 1000).toISOString(),
		endedAt: new Date(ended).toISOString(),
	}));
	if (bytes !== undefined) truncateSync(`${run}/output`, bytes);
	for (const path of [...readdirSync(run).map((file) => `${run}/${file}`), run]) lutimesSync(path, ended / 1000, ended / 1000);
	mkdirSync(`${session.names}/${name}`, { recursive: true, mode: 0o700 });
	const next = 1 + Math.max(0, ...readdirSync(`${session.names}/${name}`).map(Number));
	symlinkSync(copy, `${session.names}/${name}/${next}`);
	return copy;
}

function edit(path: string, change: (record: Record<string, unknown>) => object): void {
	const record: unknown = JSON.parse(readFileSync(path, "utf8"));
	assert.ok(typeof record === "object" && record !== null);
	writeFileSync(path, `${JSON.stringify(change(record as Record<string, unknown>))}\n`);
}
