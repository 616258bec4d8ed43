/** The door for HTTP and JSON: reads a request by the table of routes, calls the operation, and writes its answer. */
import { ChoreError, version } from "../../index.ts";
import { check, SCHEMA } from "../check.ts";
import { holdLimit } from "../doors/body.ts";
import { checkRole, type Entrance, enter } from "../enter.ts";
import { type Bounds, countCall } from "../limiter.ts";
import { OPERATIONS } from "../operations/index.ts";
import { PAGE } from "../operations/jobs.ts";
import type { Inputs, Outputs } from "../operations/messages.ts";
import type { Call } from "../operations/operation.ts";
import { answerJson, setWarnings } from "./answer.ts";
import { readBytes, readJson } from "./body.ts";
import { answerEvents } from "./events.ts";
import { type Exchange, HttpError, hasBody } from "./http.ts";
import { openapi } from "./openapi.ts";
import { answerOutput } from "./output.ts";
import { type Address, DESCRIPTION, type Match, match, readAddress, readQuery } from "./router.ts";
import { bodyKind } from "./routes.ts";

/** @throws ChoreError before anything is sent; after that what went wrong on the way */
export async function serveRest(exchange: Exchange, entrance: Entrance, bounds: Bounds | undefined): Promise<void> {
	const { request } = exchange;
	const address = readAddress(request.url ?? "");
	if (`/${address.parts.join("/")}` === DESCRIPTION) return describe(exchange);
	const found = match(request.method ?? "", address);
	const { name } = found;
	checkRole(entrance.caller, name, OPERATIONS[name].role);
	const warnings: string[] = [];
	let isNew = true;
	const call = enter(entrance, sessionOf(exchange, address), {
		warn: (text) => void warnings.push(text),
		onFound: () => {
			isNew = false;
		},
	});
	const input = await readInput(exchange, found, address);
	using _ = countCall(bounds, entrance.caller, name, input);
	if (name === "send") return await answerJson(exchange, 200, await sendAll(exchange, input as Inputs["send"], call));
	if (name === "logs") return await answerOutput(exchange, input as Inputs["logs"], call);
	if (name === "events") return await answerEvents(exchange, input as Inputs["events"], call);
	const output = await act(name, input, call);
	setWarnings(exchange, warnings);
	if (name === "list") setNext(exchange, input as Inputs["list"], output as Outputs["list"]);
	if (name === "run") setLocation(exchange, output as Outputs["run"], address);
	await answerJson(exchange, name === "run" && isNew ? 201 : 200, output);
}

type Unary = Exclude<keyof Outputs, "send">;

function act(name: Unary, input: Inputs[keyof Inputs], call: Call): Promise<unknown> {
	const { act } = OPERATIONS[name] as { readonly act: (input: unknown, call: Call) => Promise<unknown> };
	return act(input, call);
}

async function readInput({ request }: Exchange, { name, route, fields }: Match, { query }: Address): Promise<Inputs[keyof Inputs]> {
	const rest = new URLSearchParams(query);
	rest.delete("session");
	const outside = { ...readQuery(route, rest), ...fields };
	const kind = bodyKind(route);
	if (kind === "none" && hasBody(request)) throw new HttpError(400, `${route.method} ${route.path} takes no body`);
	const body = kind === "json" ? await readJson(request) : {};
	const twice = Object.keys(outside).find((field) => Object.hasOwn(body, field));
	if (twice !== undefined) throw new ChoreError("INVALID_ARGUMENT", `"${twice}" is in the address, and must not be in the body`);
	return check(name, { ...body, ...outside, ...(name === "run" ? keyOf(request.headers["idempotency-key"], body) : {}) });
}

/** The key of a request may be a header, as others have it. */
function keyOf(header: string | string[] | undefined, body: Readonly<Record<string, unknown>>): { readonly requestKey?: unknown } {
	if (header === undefined) return {};
	if (Object.hasOwn(body, "requestKey") && body["requestKey"] !== header)
		throw new ChoreError("INVALID_ARGUMENT", "requestKey and the header Idempotency-Key differ");
	return { requestKey: header };
}

function sessionOf({ request }: Exchange, { query }: Address): string | undefined {
	const names = new Set([...query.getAll("session"), ...[request.headers["chore-session"] ?? []].flat()]);
	const [name] = names;
	if (names.size > 1) throw new ChoreError("INVALID_ARGUMENT", "a request is about one session, and this one names several");
	return name;
}

/** Gives the job what comes, as it comes. The job is fixed at the beginning: its name may become another's. */
async function sendAll({ request }: Exchange, { reference, end }: Inputs["send"], call: Call): Promise<Outputs["send"]> {
	const { act } = OPERATIONS.send;
	const { id } = await call.jobs.get(reference);
	for await (const bytes of readBytes(request)) {
		using _ = holdLimit(request);
		await act({ reference: id, bytes }, call);
	}
	return act({ reference: id, end }, call);
}

function setNext({ response }: Exchange, { limit, after, all, states = [] }: Inputs["list"], page: Outputs["list"]): void {
	const last = page.at(-1);
	const most = limit ?? PAGE;
	if (last === undefined || (limit === undefined && after === undefined) || page.length < most) return;
	const query = new URLSearchParams(states.map((state): [string, string] => ["state", state]));
	if (all !== undefined) query.set("all", String(all));
	query.set("limit", String(most));
	query.set("after", last.id);
	response.setHeader("Link", `</v1/jobs?${query}>; rel="next"`);
}

function setLocation({ response }: Exchange, { id, session }: Outputs["run"], { query }: Address): void {
	response.setHeader("Location", `/v1/jobs/${id}${query.has("session") ? `?session=${encodeURIComponent(session)}` : ""}`);
}

async function describe(exchange: Exchange): Promise<void> {
	const { method } = exchange.request;
	if (method !== "GET" && method !== "HEAD") {
		throw new HttpError(405, `${DESCRIPTION} is only read`, { headers: { Allow: "GET, HEAD" } });
	}
	await answerJson(exchange, 200, openapi(SCHEMA, version));
}
