/** What a client may do, as `clients/<name>.toml` says it. Pure: the text comes and goes by others. */
import { isDeepStrictEqual } from "node:util";
import { ChoreError, isSessionName } from "../../index.ts";
import type { Quota, Role } from "../caller.ts";
import { parse, stringify, TomlError } from "../toml.ts";
import { isPasswordHash } from "./password.ts";

export interface Settings {
	readonly role: Role;
	/** The client's own first. */
	readonly sessions: readonly string[];
	readonly quota: Quota;
	/** As `hashPassword` makes it; undefined for a client that comes by certificate only. */
	readonly password: string | undefined;
}

export const ROLES: readonly Role[] = ["read", "run", "admin"];

/** The keys of the file, and what each must be. */
const KEYS: Readonly<Record<string, { readonly fits: (value: unknown) => boolean; readonly what: string }>> = {
	role: { fits: (value) => ROLES.some((role) => role === value), what: `one of ${ROLES.join(", ")}` },
	sessions: { fits: isSessions, what: 'a list of names of sessions, or of "*" for any' },
	password: { fits: isPasswordHash, what: "what `chore serve passwd` writes" },
	max_jobs: { fits: isCount, what: "a whole number, 0 or more" },
	keep_bytes: { fits: isCount, what: "a whole number, 0 or more" },
	slice: { fits: (value) => typeof value === "string" && /^[\w:.-]+\.slice$/.test(value), what: 'the name of a slice, "alice.slice"' },
};

/**
 * Reads the file. Without one a client has the role run, and its own session only.
 * @param what the file, for messages
 * @throws ChoreError CONFIG_INVALID
 */
export function readSettings(name: string, source = "", what = ""): Settings {
	const found = parsed(source, what);
	for (const [key, value] of Object.entries(found)) {
		const kind = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
		if (kind === undefined) throw invalid(`${what}: there is no setting "${key}"`);
		if (!kind.fits(value)) throw invalid(`${what}: ${key} must be ${kind.what}, not ${JSON.stringify(value)}`);
	}
	const { role = "run", sessions = [name], password, max_jobs: maxJobs, keep_bytes: keepBytes, slice } = found;
	const quota = { maxJobs, keepBytes, slice };
	return {
		role: role as Role,
		sessions: ownFirst(name, sessions as readonly string[]),
		quota: Object.fromEntries(Object.entries(quota).filter(([, value]) => value !== undefined)) as Quota,
		password: password as string | undefined,
	};
}

/** The text of the file with other values. What is not changed, comments included, stays as it is where that can be. */
export function changeSettings(
	source: string,
	what: string,
	changes: Readonly<Record<string, string | readonly string[] | undefined>>,
): string {
	const wanted: Record<string, unknown> = { ...parsed(source, what) };
	let text = source;
	for (const [key, value] of Object.entries(changes)) {
		const line = value === undefined ? "" : stringify({ [key]: value }).replace(/\n*$/, "\n");
		const present = new RegExp(`^[ \\t]*${key}[ \\t]*=.*(\\n|$)`, "m");
		text = present.test(text) ? text.replace(present, () => line) : text.replace(/([^\n])$/, "$1\n") + line;
		if (value === undefined) delete wanted[key];
		else wanted[key] = value;
	}
	return isDeepStrictEqual(tried(text), wanted) ? text : stringify(wanted);
}

function parsed(source: string, what: string): Readonly<Record<string, unknown>> {
	try {
		return { ...parse(source) };
	} catch (error) {
		const line = error instanceof TomlError ? `:${error.line}` : "";
		throw invalid(`${what}${line}: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
	}
}

function tried(source: string): unknown {
	try {
		return { ...parse(source) };
	} catch {
		return undefined;
	}
}

/** "*" stands for any session, but none is called so: the first, where the jobs of the client go, is a name. */
function ownFirst(name: string, sessions: readonly string[]): readonly string[] {
	return sessions[0] === "*" ? [name, ...sessions] : sessions;
}

function isSessions(value: unknown): boolean {
	return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string" && (one === "*" || isSessionName(one)));
}

function isCount(value: unknown): boolean {
	return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function invalid(message: string): ChoreError {
	return new ChoreError("CONFIG_INVALID", message, { hint: `the settings of a client are ${Object.keys(KEYS).join(", ")}` });
}
