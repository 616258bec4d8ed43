/**
 * Describes the addresses as OpenAPI 3.1 has it, from the table of routes and the schema of the messages. The server answers with it, and
 * scripts/schema.mjs makes the published file of it, for which this may load nothing of the library. Pure.
 */
import type { Inputs } from "../operations/messages.ts";
import { fieldOf, ROUTES, type Route } from "./routes.ts";

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
				"Background jobs of one user of one machine. Fields are added, never renamed. Of the addresses with an answer of JSON each GET can be a HEAD.",
			license: { name: "MIT", identifier: "MIT" },
		},
		servers: [{ url: "/" }],
		security: [],
		paths,
		components: {
			schemas: definitions,
			parameters: {
				session: {
					name: "session",
					in: "query",
					description: "The session whose jobs are meant; the header Chore-Session says the same. Default: the client's own.",
					schema: { type: "string" },
				},
			},
			responses: {
				Problem: {
					description: "What went wrong, and what to do about it.",
					content: { "application/problem+json": { schema: { $ref: "#/definitions/Problem" } } },
				},
			},
		},
	});
}

function operation(name: Name, input: Shape, output: object | undefined): object {
	const route = ROUTES[name];
	const inPath = route.path.split("/").flatMap((part) => fieldOf(part) ?? []);
	const query = Object.entries(route.query).map(([parameter, asked]) => ({
		parameter,
		field: typeof asked === "string" ? parameter : asked.field,
	}));
	const outside = [...inPath, ...query.map(({ field }) => field)];
	const body = bodyOf(route, input, outside);
	return {
		operationId: name,
		...(input.description === undefined ? {} : { description: input.description }),
		parameters: [
			...inPath.map((field) => parameterOf(input, "path", field, field)),
			...query.map(({ parameter, field }) => parameterOf(input, "query", parameter, field)),
			...(name === "run" ? [IDEMPOTENCY_KEY] : []),
			...(name === "logs" ? [RANGE] : []),
			{ $ref: "#/components/parameters/session" },
		],
		...(body === undefined ? {} : { requestBody: body }),
		responses: { ...responsesOf(name, output), default: { $ref: "#/components/responses/Problem" } },
	};
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

function parameterOf({ properties = {}, required = [] }: Shape, place: "path" | "query", name: string, field: string): object {
	return { name, in: place, ...(place === "path" || required.includes(field) ? { required: true } : {}), schema: properties[field] ?? {} };
}

function bodyOf(route: Route, input: Shape, outside: readonly string[]): object | undefined {
	if (route.body === "bytes") return { content: { "application/octet-stream": {} } };
	if (!["POST", "PUT", "PATCH"].includes(route.method)) return undefined;
	const { properties } = input;
	// A message that is described elsewhere has no field in the address.
	if (properties === undefined) return { required: true, content: { "application/json": { schema: input } } };
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
