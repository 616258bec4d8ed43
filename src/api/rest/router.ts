/** Finds the operation of a request, and the fields that its path and query hold. Pure. */
import { ChoreError } from "../../index.ts";
import type { Inputs } from "../operations/messages.ts";
import { HttpError } from "./http.ts";
import { fieldOf, parameterOf, type QueryKind, ROUTES, type Route } from "./routes.ts";

/** Where the API describes itself. */
export const DESCRIPTION = "/v1/openapi.json";

type Name = keyof Inputs;

type Fields = Readonly<Record<string, unknown>>;

export interface Address {
	/** The parts of the path, each decoded once. */
	readonly parts: readonly string[];
	readonly query: URLSearchParams;
}

export interface Match {
	readonly name: Name;
	readonly route: Route;
	/** Those of the path. */
	readonly fields: Fields;
}

/** @throws ChoreError for a path that could mean another one to somebody else */
export function readAddress(url: string): Address {
	const mark = url.indexOf("?");
	const path = mark < 0 ? url : url.slice(0, mark);
	const parts = path.split("/").slice(1).map(decoded);
	const wrong = !path.startsWith("/")
		? "does not begin with a slash"
		: parts.includes("")
			? "has an empty part"
			: parts.some((part) => part === "." || part === ".." || /[/\\\0]/.test(part))
				? "has a part that is no name"
				: undefined;
	if (wrong !== undefined) throw new HttpError(404, `there is nothing at this address: the path ${wrong}`, { hint: WHERE });
	return { parts, query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)) };
}

/** @param method HEAD is answered as GET is. @throws HttpError 404, 405 */
export function match(method: string, { parts }: Address): Match {
	const there = TABLE.flatMap(({ name, route, pattern }) => {
		const fields = fieldsIn(pattern, parts);
		return fields === undefined ? [] : [{ name, route, fields }];
	});
	const wanted = method === "HEAD" ? "GET" : method;
	const found = there.find(({ route }) => route.method === wanted);
	if (found !== undefined) return found;
	if (there.length === 0) throw new HttpError(404, `there is nothing at the address ${shown(parts)}`, { hint: WHERE });
	const methods = there.map(({ route }) => route.method);
	const allowed = [...methods, ...(methods.includes("GET") ? ["HEAD"] : [])].join(", ");
	throw new HttpError(405, `${shown(parts)} cannot be asked for by ${method.slice(0, 20)}`, {
		hint: `it takes ${allowed}`,
		headers: { Allow: allowed },
	});
}

/** @throws ChoreError INVALID_ARGUMENT for a parameter that is unknown, given twice or not of its kind */
export function readQuery(route: Pick<Route, "query">, query: URLSearchParams): Fields {
	const fields: Record<string, unknown> = {};
	for (const name of new Set(query.keys())) {
		const parameter = parameterOf(route, name);
		if (parameter === undefined) {
			const names = Object.keys(route.query);
			throw new ChoreError("INVALID_ARGUMENT", `there is no parameter ${JSON.stringify(name.slice(0, 60))} here`, {
				hint: names.length === 0 ? "this address takes none but session" : `there are ${[...names, "session"].join(", ")}`,
			});
		}
		const { field, kind } = parameter;
		const values = query.getAll(name);
		const [first = ""] = values;
		if (kind !== "list" && values.length > 1) throw new ChoreError("INVALID_ARGUMENT", `the parameter ${name} is given twice`);
		fields[field] = kind === "list" ? values : readValue(name, kind, first);
	}
	return fields;
}

const WHERE = `${DESCRIPTION} describes all addresses`;

/** The routes with the parts of their paths. */
const TABLE = (Object.keys(ROUTES) as Name[]).map((name) => ({
	name,
	route: ROUTES[name],
	pattern: ROUTES[name].path.split("/").slice(1),
}));

function fieldsIn(pattern: readonly string[], parts: readonly string[]): Fields | undefined {
	if (pattern.length !== parts.length) return undefined;
	const fields: Record<string, string> = {};
	for (const [index, wanted] of pattern.entries()) {
		const part = parts[index] ?? "";
		const field = fieldOf(wanted);
		if (field !== undefined) fields[field] = part;
		else if (wanted !== part) return undefined;
	}
	return fields;
}

function readValue(name: string, kind: QueryKind, text: string): unknown {
	if (kind === "number" && /^-?[0-9]{1,16}(\.[0-9]{1,16})?$/.test(text)) return Number(text);
	// `?follow` alone is a yes.
	if (kind === "boolean" && ["", "true", "1", "false", "0"].includes(text)) return text !== "false" && text !== "0";
	if (kind === "text") return text;
	throw new ChoreError("INVALID_ARGUMENT", `the parameter ${name} must be ${kind === "number" ? "a number" : "true or false"}`);
}

function decoded(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		throw new ChoreError("INVALID_ARGUMENT", "the path is not percent-encoded UTF-8");
	}
}

function shown(parts: readonly string[]): string {
	return JSON.stringify(`/${parts.join("/")}`.slice(0, 100));
}
