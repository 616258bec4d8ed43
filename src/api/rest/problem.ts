/** The body of an answer that is not a success (RFC 9457), and the ChoreError that it tells of. Pure. */
import { ChoreError, type ErrorCode } from "../../index.ts";
import { STATUS } from "./status.ts";

/** The body of an answer that is not a success, of type application/problem+json. */
export interface Problem {
	readonly type: "about:blank";
	/** The words of the status: "Not Found". */
	readonly title: string;
	readonly status: number;
	/** What happened, to what. */
	readonly detail: string;
	readonly code: ErrorCode;
	/** What to do next, or null. */
	readonly hint: string | null;
}

/** The error that an answer of another server tells of; undefined if it is not one of chore's. */
export function errorOf(body: unknown): ChoreError | undefined {
	if (typeof body !== "object" || body === null || !("code" in body) || !("detail" in body)) return undefined;
	const { code, detail } = body;
	if (typeof code !== "string" || typeof detail !== "string" || !Object.hasOwn(STATUS, code)) return undefined;
	const hint = "hint" in body && typeof body.hint === "string" ? { hint: body.hint } : {};
	return new ChoreError(code as ErrorCode, detail, hint);
}
