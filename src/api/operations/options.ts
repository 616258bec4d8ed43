/** Makes the library's options of what a client sent: nothing of the client's own surroundings is taken over. */
import { homedir } from "node:os";
import { isAbsolute } from "node:path";
import { ChoreError, loginEnvironment, type RequestOptions, type RunOptions, type SetOptions } from "../../index.ts";
import type { RunHttpRequest, RunRequest, SetRequest } from "./messages.ts";
import { readSchedule } from "./moments.ts";
import type { Call } from "./operation.ts";

/** What both a new job and a change of one may have. */
type Asked = Pick<SetRequest, "directory" | "native" | "user" | "group">;

/** Options that say more than what a job is: who it runs as, and how the platform runs it. */
const FOR_ADMINS = ["native", "user", "group"] as const;

/** @throws ChoreError INVALID_ARGUMENT, NOT_ALLOWED; and as `loginEnvironment` */
export async function runOptions(request: RunRequest, call: Call): Promise<RunOptions | RequestOptions> {
	checkAsked(request, call);
	const { schedule, environment, requestKey, ...rest } = request;
	const { onFound } = call;
	return {
		...rest,
		...("kind" in rest ? { data: readData(rest) } : {}),
		directory: rest.directory ?? homedir(),
		environment: environment ?? (await variablesOfUser()),
		native: await nativeOf(request, call),
		signal: call.signal,
		onWarning: (text) => call.warn(text),
		...(schedule === undefined ? {} : { schedule: readSchedule(schedule) }),
		origin: { client: call.caller.client },
		requestKey,
		onFound,
	} as RunOptions | RequestOptions;
}

/** @throws ChoreError INVALID_ARGUMENT, NOT_ALLOWED; and as `loginEnvironment` */
export async function setOptions(request: SetRequest, call: Call): Promise<SetOptions> {
	checkAsked(request, call);
	const { schedule, refreshEnvironment, ...rest } = request;
	return {
		...rest,
		...(refreshEnvironment ? { environment: rest.environment ?? (await variablesOfUser()) } : {}),
		...(rest.native === undefined ? {} : { native: await nativeOf(request, call) }),
		onWarning: (text) => call.warn(text),
		...(schedule === undefined ? {} : { schedule: readSchedule(schedule) }),
	};
}

function checkAsked(asked: Asked, { caller }: Call): void {
	const refused = FOR_ADMINS.find((name) => asked[name] !== undefined);
	if (refused !== undefined && caller.role !== "admin") {
		throw new ChoreError("NOT_ALLOWED", `${caller.client} may not choose ${refused} of a job`, {
			hint: "that needs the role admin on this server",
		});
	}
	if (asked.native?.["sliceInherit"] !== undefined) {
		throw new ChoreError("OPTION_UNSUPPORTED", "a job that is started by a server cannot inherit the slice of its client", {
			hint: "native.slice names one",
		});
	}
	if (asked.directory !== undefined && !isAbsolute(asked.directory)) {
		throw new ChoreError("INVALID_ARGUMENT", `directory must be an absolute path on the server, not ${JSON.stringify(asked.directory)}`, {
			hint: "without it a job begins in the home of the server's user",
		});
	}
}

/** The jobs of a client are put into its slice, where the platform has slices. */
async function nativeOf({ native }: Asked, { caller, jobs }: Call): Promise<RunOptions["native"]> {
	const { slice } = caller.quota;
	if (slice === undefined || !("slice" in (await jobs.capabilities()).native)) return native;
	return { slice, ...native };
}

function readData({ data }: RunHttpRequest): RequestOptions["data"] {
	if (typeof data !== "object" || !("base64" in data)) return data;
	if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(data.base64)) return Buffer.from(data.base64, "base64");
	throw new ChoreError("INVALID_ARGUMENT", "data.base64 is no base64", { hint: "that of RFC 4648, section 4, with its padding" });
}

let found: Promise<Readonly<Record<string, string>>> | undefined;

/** Asks the user's shell once in the life of the server; again after it failed. */
function variablesOfUser(): Promise<Readonly<Record<string, string>>> {
	found ??= loginEnvironment().catch((error: unknown) => {
		found = undefined;
		throw error;
	});
	return found;
}
