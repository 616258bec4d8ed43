/**
 * The addresses of REST: which operation each is, and where the fields of its input are. The server finds operations by this
 * table, the client makes requests by it, and OpenAPI describes it. Fields that are neither in the path nor in the query are
 * in the body, a JSON object.
 */
import type { Inputs } from "../operations/messages.ts";

/** How the text of a query parameter is read. A `list` may be given several times. */
export type QueryKind = "text" | "number" | "boolean" | "list";

export interface Route {
	readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
	/** With the names of input fields in braces: "/v1/jobs/{reference}". */
	readonly path: string;
	/** By the name of the parameter: the input field, if it has another name, and how it is read. */
	readonly query: Readonly<Record<string, QueryKind | { readonly field: string; readonly kind: QueryKind }>>;
	/** What the body is. Default: JSON for POST, PUT and PATCH, else none. */
	readonly body?: "json" | "bytes" | "none";
}

/** What the body of a request is. */
export function bodyKind({ method, body }: Route): "json" | "bytes" | "none" {
	return body ?? (method === "POST" || method === "PUT" || method === "PATCH" ? "json" : "none");
}

/** The field that a parameter of the query is for, and how it is read. */
export function parameterOf(
	{ query }: Pick<Route, "query">,
	name: string,
): { readonly field: string; readonly kind: QueryKind } | undefined {
	const asked = Object.hasOwn(query, name) ? query[name] : undefined;
	return typeof asked === "string" ? { field: name, kind: asked } : asked;
}

const JOB = "/v1/jobs/{reference}";

export const ROUTES: { readonly [Name in keyof Inputs]: Route } = {
	info: { method: "GET", path: "/v1", query: {} },
	run: { method: "POST", path: "/v1/jobs", query: {} },
	list: {
		method: "GET",
		path: "/v1/jobs",
		query: { all: "boolean", state: { field: "states", kind: "list" }, limit: "number", after: "text" },
	},
	get: { method: "GET", path: JOB, query: {} },
	wait: { method: "GET", path: `${JOB}/end`, query: { run: "number", timeoutMs: "number" } },
	runs: { method: "GET", path: `${JOB}/runs`, query: {} },
	status: { method: "GET", path: `${JOB}/status`, query: { lines: "number" } },
	logs: {
		method: "GET",
		path: `${JOB}/output`,
		query: { run: "number", fromByte: "number", lines: "number", tailBytes: "number", stream: "text", follow: "boolean" },
	},
	stop: { method: "POST", path: `${JOB}/stop`, query: {} },
	kill: { method: "POST", path: `${JOB}/kill`, query: {} },
	start: { method: "POST", path: `${JOB}/start`, query: {} },
	restart: { method: "POST", path: `${JOB}/restart`, query: {} },
	set: { method: "PATCH", path: JOB, query: {} },
	pause: { method: "POST", path: `${JOB}/pause`, query: {} },
	resume: { method: "POST", path: `${JOB}/resume`, query: {} },
	send: { method: "POST", path: `${JOB}/input`, query: { end: "boolean" }, body: "bytes" },
	remove: { method: "DELETE", path: JOB, query: { force: "boolean", graceMs: "number" } },
	history: {
		method: "GET",
		path: "/v1/history",
		query: {
			job: { field: "jobs", kind: "list" },
			state: { field: "states", kind: "list" },
			since: "text",
			until: "text",
			limit: "number",
		},
	},
	events: { method: "GET", path: "/v1/events", query: { since: "text", follow: "boolean", changes: "boolean" } },
	eventsAfter: { method: "GET", path: "/v1/cursors/{cursor}/events", query: { from: "text", max: "number" } },
	moveCursor: { method: "PUT", path: "/v1/cursors/{cursor}", query: {} },
	schedules: { method: "GET", path: "/v1/schedules", query: {} },
	upcoming: { method: "GET", path: `${JOB}/upcoming`, query: { count: "number" } },
	reschedule: { method: "PATCH", path: `${JOB}/schedule`, query: {} },
	addTriggers: { method: "POST", path: `${JOB}/triggers`, query: {} },
	changeTrigger: { method: "PUT", path: `${JOB}/triggers/{trigger}`, query: {} },
	removeTriggers: { method: "POST", path: `${JOB}/triggers/remove`, query: {} },
	pauseTriggers: { method: "POST", path: `${JOB}/triggers/pause`, query: {} },
	resumeTriggers: { method: "POST", path: `${JOB}/triggers/resume`, query: {} },
	pauseSchedule: { method: "POST", path: `${JOB}/schedule/pause`, query: {} },
	resumeSchedule: { method: "POST", path: `${JOB}/schedule/resume`, query: {} },
	prune: { method: "POST", path: "/v1/prune", query: {} },
	doctor: { method: "GET", path: "/v1/doctor", query: { selfTest: "boolean" } },
};

/** The field that a part of a path stands for: "{reference}". */
export function fieldOf(part: string): string | undefined {
	return /^\{(\w+)\}$/.exec(part)?.[1];
}
