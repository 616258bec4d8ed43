/** Makes the request of an operation by the table of addresses. Pure. */
import type { OutgoingHttpHeaders } from "node:http2";
import type { Inputs } from "../api/operations/messages.ts";
import { bodyKind, parameterOf, ROUTES } from "../api/rest/routes.ts";
import { ChoreError } from "../index.ts";

export interface Request {
	readonly headers: OutgoingHttpHeaders;
	/** JSON; undefined if the request has no body, or one of bytes. */
	readonly body: Buffer | undefined;
}

/** @throws ChoreError INVALID_ARGUMENT for an empty reference */
export function requestOf<Name extends keyof Inputs>(name: Name, input: Inputs[Name]): Request {
	const route = ROUTES[name];
	const { method, path } = route;
	const rest: Record<string, unknown> = { ...input };
	const filled = path.replace(/\{(\w+)\}/g, (_, field: string) => {
		const value = String(rest[field]);
		delete rest[field];
		return segment(field, value);
	});
	const parameters = new URLSearchParams();
	for (const parameter of Object.keys(route.query)) {
		const field = parameterOf(route, parameter)?.field ?? parameter;
		const value = rest[field];
		delete rest[field];
		if (value === undefined) continue;
		for (const one of Array.isArray(value) ? value : [value]) parameters.append(parameter, String(one));
	}
	const kind = bodyKind(route);
	const type = { json: "application/json", bytes: "application/octet-stream", none: undefined }[kind];
	return {
		headers: {
			":method": method,
			":path": parameters.size === 0 ? filled : `${filled}?${parameters}`,
			...(type === undefined ? {} : { "content-type": type }),
		},
		body: kind === "json" ? Buffer.from(JSON.stringify(rest)) : undefined,
	};
}

/** Moments and bytes as they are in JSON. What is undefined, a function or a signal is left out. */
export function wired<Input>(options: object): Input {
	const converted = Object.entries(options).flatMap(([name, value]) => {
		const one = wire(value);
		return one === undefined || typeof one === "function" || one instanceof AbortSignal ? [] : [[name, one]];
	});
	return Object.fromEntries(converted) as Input;
}

function wire(value: unknown): unknown {
	if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString();
	if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
	if (Array.isArray(value)) return value.map(wire);
	if (typeof value !== "object" || value === null || value instanceof AbortSignal) return value;
	return wired(value);
}

/** A field as one part of a path. Dots alone would be taken for a way up. */
function segment(field: string, value: string): string {
	if (value === "")
		throw new ChoreError("INVALID_ARGUMENT", field === "reference" ? "the reference to a job is empty" : `the ${field} is empty`, {
			hint: "a name, an id, or the last 4 or more characters of an id",
		});
	return /^\.+$/.test(value) ? value.replaceAll(".", "%2E") : encodeURIComponent(value.toWellFormed());
}
