/**
 * Describes the addresses as OpenAPI 3.1 has it, from the table of routes and the schema of the messages. The server answers with it, and
 * scripts/schema.mjs makes the published file of it, for which this may load nothing of the library. Pure.
 */
import type { Inputs } from "../operations/messages.ts";
import { bodyKind, fieldOf, parameterOf, ROUTES, type Route } from "./routes.ts";
import { STATUS } from "./status.ts";

/** What is used of schema/api.schema.json. */
export interface ApiSchema {
	readonly properties: Readonly<Record<"inputs" | "outputs", { readonly properties: Readonly<Record<string, object>> }>>;
	readonly definitions: Readonly<Record<string, object>>;
}

type Name = keyof Inputs;

/** A part of the schema that is an object with fields. */
interface Shape {
	readonly properties?: Readonly<Record<string, object>>;
	readonly required?: readonly string[];
	readonly description?: string;
}

export function openapi({ properties: { inputs, outputs }, definitions }: ApiSchema, version: string): object {
	const paths: Record<string, Record<string, object>> = {};
	for (const name of Object.keys(ROUTES) as Name[]) {
		const { method, path } = ROUTES[name];
		paths[path] = { ...paths[path], [method.toLowerCase()]: operation(name, inputs.properties[name] ?? {}, outputs.properties[name]) };
	}
	return moved({
		openapi: "3.1.0",
		info: {
			title: "chore",
			version,
			description:
				"Background jobs of one user of one machine. The JSON is that of the command line with `--json`. Fields are added, never renamed; absent facts are null; moments are RFC 3339 in UTC; spans are in milliseconds, sizes in bytes. Of the addresses with an answer of JSON each GET can be a HEAD. chore(7) says more, in A SERVER OF CHORE.",
			license: { name: "MIT", identifier: "MIT" },
		},
		servers: [{ url: "/" }],
		tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
		security: [{ certificate: [] }, { password: [] }, {}],
		paths,
		components: {
			securitySchemes: {
				certificate: { type: "mutualTLS", description: "A certificate of the client that the server knows (`chore cert add`)." },
				password: {
					type: "http",
					scheme: "basic",
					description: "For clients that cannot show a certificate, where the server has a password of theirs (`chore serve passwd`).",
				},
			},
			schemas: definitions,
			parameters: {
				session: {
					name: "session",
					in: "query",
					description: "The session whose jobs are meant; the header Chore-Session says the same. Default: the client's own.",
					schema: { type: "string" },
				},
			},
			responses: Object.fromEntries(
				Object.entries(PROBLEMS).map(([name, { description, status }]) => [name, problem(description, status)]),
			),
		},
	});
}

const TAGS = {
	jobs: "Start, find, control and forget jobs.",
	output: "What a job writes and reads.",
	schedules: "When jobs are run.",
	events: "What happens to jobs.",
	server: "The server itself.",
} as const;

function tagOf(path: string): keyof typeof TAGS {
	if (/\/(schedules?|triggers|upcoming)(\/|$)/.test(path)) return "schedules";
	if (/\/(output|input)$/.test(path)) return "output";
	if (/\/(events|history|cursors)(\/|$)/.test(path)) return "events";
	return path.startsWith("/v1/jobs") ? "jobs" : "server";
}

/** The answers that are shared, by their names in OpenAPI. */
const PROBLEMS = {
	Malformed: { status: 400, description: "The request is not as it must be: the detail names the field." },
	NotAllowed: { status: 403, description: "The client is not let in, or its role does not suffice." },
	NotFound: { status: 404, description: "There is no such job, or no such session for this client." },
	Conflict: { status: 409, description: "The job, or the one that has its name, is not in a state for this." },
	TooLarge: { status: 413, description: "The body is longer than 1 MiB." },
	WrongType: { status: 415, description: "The body is of another type, or compressed." },
	NotPossible: { status: 422, description: "It is understood, and cannot be done on this machine or platform." },
	TooMany: { status: 429, description: "Too many requests, starts or jobs of this client. The header Retry-After says when to try again." },
	Problem: { status: undefined, description: "Something else went wrong." },
} as const;

function problem(description: string, status: number | undefined): object {
	const codes = Object.entries(STATUS).flatMap(([code, of]) => (of === status ? [code] : []));
	return {
		description: codes.length === 0 ? description : `${description} Codes: ${codes.join(", ")}.`,
		...(status === 429 ? { headers: { "Retry-After": { description: "Seconds.", schema: { type: "integer" } } } } : {}),
		content: { "application/problem+json": { schema: { $ref: "#/definitions/Problem" } } },
	};
}

/** What can go wrong by the shape of a request. Anything else is the default. */
function problemsOf({ method, path, body }: Route, hasBody: boolean): object {
	const isOfJob = path.includes("{reference}");
	const names: (keyof typeof PROBLEMS)[] = ["Malformed", "NotAllowed", "NotFound"];
	if (isOfJob || hasBody) names.push("Conflict");
	if (hasBody && body !== "bytes") names.push("TooLarge");
	if (hasBody) names.push("WrongType");
	if (method !== "GET") names.push("NotPossible");
	names.push("TooMany");
	const refs = names.map((name) => [String(PROBLEMS[name].status), { $ref: `#/components/responses/${name}` }]);
	return { ...Object.fromEntries(refs), default: { $ref: "#/components/responses/Problem" } };
}

function operation(name: Name, input: Shape, output: object | undefined): object {
	const route = ROUTES[name];
	const inPath = route.path.split("/").flatMap((part) => fieldOf(part) ?? []);
	const query = Object.keys(route.query).map((parameter) => ({ parameter, field: parameterOf(route, parameter)?.field ?? parameter }));
	const outside = [...inPath, ...query.map(({ field }) => field)];
	const body = describedBody(route, input, outside);
	return {
		operationId: name,
		tags: [tagOf(route.path)],
		...wordsOf(input),
		parameters: [
			...inPath.map((field) => describedParameter(input, "path", field, field)),
			...query.map(({ parameter, field }) => describedParameter(input, "query", parameter, field)),
			...(name === "run" ? [IDEMPOTENCY_KEY] : []),
			...(name === "logs" ? [RANGE] : []),
			{ $ref: "#/components/parameters/session" },
		],
		...(body === undefined ? {} : { requestBody: body }),
		responses: { ...responsesOf(name, output), ...problemsOf(route, body !== undefined) },
	};
}

/** The first sentence is the title. */
function wordsOf({ description = "" }: Shape): object {
	const [, title = "", rest = ""] = /^(.*?)\.(?:\s+(.*))?$/s.exec(description) ?? [];
	return { summary: title, ...(rest === "" ? {} : { description: rest }) };
}

const IDEMPOTENCY_KEY = {
	name: "Idempotency-Key",
	in: "header",
	description: "As requestKey in the body: a request that is made again with it starts no second job.",
	schema: { type: "string", minLength: 1, maxLength: 64 },
};

const RANGE = {
	name: "Range",
	in: "header",
	description: "One range of bytes, of merged output or of one stream; not with follow, lines, tailBytes or fromByte.",
	schema: { type: "string" },
};

function describedParameter({ properties = {}, required = [] }: Shape, place: "path" | "query", name: string, field: string): object {
	const { description, ...schema } = (properties[field] ?? {}) as Shape;
	const isRequired = place === "path" || required.includes(field);
	return { name, in: place, ...(description === undefined ? {} : { description }), ...(isRequired ? { required: true } : {}), schema };
}

/** Bodies that show what a new job may be. */
const RUN_EXAMPLES = {
	program: { summary: "A program", value: { command: ["make", "test"], directory: "/srv/app", timeoutMs: 600_000 } },
	line: { summary: "A line of shell", value: { command: ["sh", "-c", "make test | tee report"], name: "test" } },
	scheduled: {
		summary: "A program on a schedule",
		value: { command: ["./backup"], directory: "/srv/app", schedule: { calendar: ["Mon..Fri 9:00"], zone: "Europe/Berlin" } },
	},
	request: { summary: "An HTTP request", value: { kind: "http", url: "https://example.org/hook", data: "done", retries: 3 } },
};

function describedBody(route: Route, input: Shape, outside: readonly string[]): object | undefined {
	const kind = bodyKind(route);
	if (kind === "bytes") return { description: "The bytes, as they come.", content: { "application/octet-stream": {} } };
	if (kind === "none") return undefined;
	const { properties } = input;
	// A message that is described elsewhere has no field in the address.
	if (properties === undefined) {
		const { description: _, ...schema } = input;
		return { required: true, content: { "application/json": { schema, examples: RUN_EXAMPLES } } };
	}
	const inside = Object.fromEntries(Object.entries(properties).filter(([field]) => !outside.includes(field)));
	if (Object.keys(inside).length === 0) return undefined;
	const required = (input.required ?? []).filter((field) => !outside.includes(field));
	const schema = { type: "object", properties: inside, ...(required.length > 0 ? { required } : {}), additionalProperties: false };
	return { required: required.length > 0, content: { "application/json": { schema } } };
}

function responsesOf(name: Name, output: object | undefined): object {
	if (name === "logs") {
		const description =
			"The bytes that the job wrote. By application/vnd.chore.output as frames, which tell the streams apart, and an end from a cut connection: a byte for the kind (0 output, 1 stdout, 2 stderr), four bytes for the length of the rest, eight bytes for the offset in the stream, the highest byte first, and the bytes. The first frame of each stream is empty, and says where the stream is begun. The last frame is of the kind 255, and when following holds the job as it ended, as JSON; or of the kind 254, and holds a problem.";
		const content = { "application/octet-stream": {}, "application/vnd.chore.output": {} };
		return { 200: { description, content }, 206: { description: "A range of them.", content: { "application/octet-stream": {} } } };
	}
	if (name === "events") {
		const schema = {
			anyOf: [{ $ref: "#/definitions/LedgerEvent" }, { type: "object", properties: { changed: { $ref: "#/definitions/Job" } } }],
		};
		return {
			200: {
				description: "An event a line; when following with changes also the jobs that are seen in another state.",
				content: { "application/x-ndjson": { schema }, "text/event-stream": {} },
			},
		};
	}
	const answer = (description: string): object => ({ description, content: { "application/json": { schema: output ?? {} } } });
	if (name === "run") return { 200: answer("The job that was made before with the same key."), 201: answer("The new job.") };
	return { 200: answer("Done.") };
}

/** OpenAPI has definitions at another place. */
function moved<T>(part: T): T {
	return JSON.parse(JSON.stringify(part).replaceAll('"#/definitions/', '"#/components/schemas/'));
}
