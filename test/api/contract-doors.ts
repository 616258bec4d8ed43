/**
 * The ways to the operations, each as the same two functions: an operation's name and its input, as in JSON, to its output. One
 * real server of `chore serve`, with all of its doors.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { Agent, request as httpsRequest } from "node:https";
import { createFileRegistry, type DescMessage, fromBinary, fromJson, type Message, toBinary, toJson } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import * as grpc from "@grpc/grpc-js";
import { type Registered, registry } from "../../platform/registry.ts";
import { messageOf, plainOf } from "../../src/api/grpc/convert.ts";
import { DESCRIPTORS } from "../../src/api/grpc/descriptors.ts";
import { serveFolder } from "../../src/api/identity/folder.ts";
import { newClient } from "../../src/api/identity/keep.ts";
import type { Inputs, Outputs, Streams } from "../../src/api/operations/messages.ts";
import { errorOf } from "../../src/api/rest/problem.ts";
import { STATUS } from "../../src/api/rest/status.ts";
import { type Serving, serve } from "../../src/api/serve.ts";
import { readFrames } from "../../src/client/frames.ts";
import { connect, type RemoteJobs } from "../../src/client/index.ts";
import { readLines } from "../../src/client/lines.ts";
import { requestOf } from "../../src/client/request.ts";
import { ChoreError, type ErrorCode, isChoreError, type Jobs, openChore } from "../../src/index.ts";
import { fakePlatform } from "../support/fake-platform.ts";

/** What is sent besides the input. */
export interface Beside {
	/** Default: that of the door. */
	readonly session?: string | undefined;
}

export interface Door {
	readonly name: string;
	readonly session: string;
	/** What is null cannot be told from what is not there. */
	readonly isSparse?: boolean;
	/** @throws ChoreError */
	call(name: keyof Outputs, input: object, beside?: Beside): Promise<unknown>;
	/** Leaving it early ends it. @throws ChoreError */
	stream(name: keyof Streams, input: object, beside?: Beside): AsyncGenerator<Streams[keyof Streams], void, void>;
	close(): Promise<unknown>;
}

/** A client of the server: its own name is that of its session. */
export interface Ticket {
	readonly name: string;
	readonly cert: Buffer;
	readonly key: Buffer;
}

export class ContractServer {
	readonly home: string;
	readonly socket: string;
	readonly ca: Buffer;
	readonly port: number;
	readonly lines: string[];
	readonly #serving: Serving;

	private constructor(home: string, port: number, lines: string[], serving: Serving) {
		this.home = home;
		this.socket = `${home}/api.sock`;
		this.port = port;
		this.lines = lines;
		this.#serving = serving;
		this.ca = readFileSync(serveFolder().certificate);
	}

	/** @param home a folder of the test's own: of its state, too. The folder of the server is made already */
	static async begin(home: string, chore: object = {}): Promise<ContractServer> {
		const lines: string[] = [];
		const serving = await serve({
			chore: { home, platform: "fake", ...chore },
			listen: { host: "127.0.0.1", port: 0 },
			socket: `${home}/api.sock`,
			log: (line) => void lines.push(line),
		});
		const port = Number(/https:\/\/127\.0\.0\.1:(\d+)/.exec(lines.join("\n"))?.[1]);
		return new ContractServer(home, port, lines, serving);
	}

	/** Lets somebody in. */
	ticket(name: string, role: "read" | "run" | "admin"): Ticket {
		const { certificate, key } = newClient(name, this.home, { role });
		return { name, cert: readFileSync(certificate), key: readFileSync(key) };
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#serving.stop();
		await this.#serving.ended;
	}
}

/** The library itself. */
export async function libraryDoor({ home }: ContractServer, session: string, options: object = {}): Promise<Door> {
	const jobs = await openChore({ home, platform: "fake", session, ...options });
	return jobsDoor("the library", session, () => jobs);
}

export async function unixDoor({ socket }: ContractServer, session: string): Promise<Door> {
	return remoteDoor("RemoteJobs by the unix socket", session, (own) => connect(`unix:${socket}`, { session: own }));
}

export async function tlsDoor({ port, ca }: ContractServer, { name, cert, key }: Ticket): Promise<Door> {
	return remoteDoor("RemoteJobs over TLS", name, (session) =>
		connect(`https://127.0.0.1:${port}`, { ca, certificate: cert, key, ...(session === name ? {} : { session }) }),
	);
}

async function remoteDoor(name: string, own: string, open: (session: string) => Promise<RemoteJobs>): Promise<Door> {
	const opened = new Map<string, RemoteJobs>([[own, await open(own)]]);
	const others = ["nobody"];
	for (const other of others) opened.set(other, await open(other));
	return jobsDoor(name, own, (session) => opened.get(session) as RemoteJobs);
}

// biome-ignore lint/suspicious/noExplicitAny: the input of whichever operation it is
type Any = any;

const METHODS: { readonly [Name in keyof Outputs]: (jobs: Jobs, input: Any) => Promise<unknown> } = {
	info: async (jobs) => ("info" in jobs ? (jobs as RemoteJobs).info() : { capabilities: await jobs.capabilities() }),
	run: (jobs, { schedule, ...input }) => jobs.run({ ...input, ...(schedule === undefined ? {} : { schedule: dated(schedule) }) }),
	list: (jobs, input) => jobs.list(input),
	get: (jobs, { reference }) => jobs.get(reference),
	async wait(jobs, { reference, ...options }) {
		try {
			return await jobs.wait(reference, options);
		} catch (error) {
			// The operation answers with the job as it is.
			if (isChoreError(error) && error.code === "TIMED_OUT") return jobs.get(reference);
			throw error;
		}
	},
	runs: (jobs, { reference }) => jobs.runs(reference),
	status: (jobs, { reference, ...options }) => jobs.status(reference, options),
	stop: (jobs, { reference, ...options }) => jobs.stop(reference, options),
	kill: (jobs, { reference, ...options }) => jobs.kill(reference, options),
	start: (jobs, { reference, ...options }) => jobs.rerun(reference, options),
	restart: (jobs, { reference, ...options }) => jobs.restart(reference, options),
	set: (jobs, { reference, ...options }) => jobs.set(reference, options),
	pause: (jobs, { reference }) => jobs.pause(reference),
	resume: (jobs, { reference }) => jobs.resume(reference),
	async send(jobs, { reference, bytes = "", ...options }) {
		await jobs.send(reference, bytes, options);
		return {};
	},
	remove: (jobs, { reference, ...options }) => jobs.remove(reference, options),
	history: (jobs, input) => jobs.history(dated(input)),
	eventsAfter: (jobs, { cursor, ...options }) => jobs.eventsAfter(cursor, options),
	async moveCursor(jobs, { cursor, to }) {
		await jobs.moveCursor(cursor, to);
		return {};
	},
	schedules: (jobs) => jobs.schedules(),
	upcoming: (jobs, { reference, count }) => jobs.upcoming(reference, count),
	reschedule: (jobs, { reference, ...options }) => jobs.reschedule(reference, dated(options)),
	addTriggers: (jobs, { reference, ...options }) => jobs.addTriggers(reference, dated(options)),
	changeTrigger: (jobs, { reference, trigger, ...options }) => jobs.changeTrigger(reference, trigger, dated(options)),
	removeTriggers: (jobs, { reference, triggers }) => jobs.removeTriggers(reference, triggers),
	pauseTriggers: (jobs, { reference, triggers }) => jobs.pauseTriggers(reference, triggers),
	resumeTriggers: (jobs, { reference, triggers }) => jobs.resumeTriggers(reference, triggers),
	pauseSchedule: (jobs, { reference }) => jobs.pauseSchedule(reference),
	resumeSchedule: (jobs, { reference }) => jobs.resumeSchedule(reference),
	prune: (jobs, input) => jobs.prune(input),
	doctor: (jobs, input) => jobs.doctor(input),
};

/** The library takes moments as Date. */
function dated(input: Any): Any {
	const moments = ["at", "notBefore", "notAfter", "since", "until"];
	return Object.fromEntries(
		Object.entries(input).map(([name, value]) => [
			name,
			moments.includes(name) && typeof value === "string" && value !== "now" ? new Date(value) : value,
		]),
	);
}

function jobsDoor(name: string, session: string, jobsOf: (session: string) => Jobs): Door {
	const own = jobsOf(session);
	return {
		name,
		session,
		call: async (operation, input, beside = {}) => METHODS[operation](jobsOf(beside.session ?? session), input),
		async *stream(operation, input, beside = {}) {
			const { reference, ...options } = input as Any;
			const jobs = jobsOf(beside.session ?? session);
			if (operation === "events") return yield* jobs.events(dated(options));
			for await (const { bytes, ...piece } of jobs.logs(reference, options)) yield { ...piece, bytes: Buffer.from(bytes) };
			// What the operation adds to the bytes.
			if (options.follow) yield { ended: await jobs.wait(reference, { run: options.run }) };
		},
		close: () => own.close(),
	};
}

/** What came, when its headers have. */
interface Response {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	readonly body: AsyncIterable<Buffer>;
}

/** Sends one request. */
type Send = (headers: Readonly<Record<string, string>>, body: Buffer | undefined) => Promise<Response>;

function sendByHttp1({ port, ca }: ContractServer, { cert, key }: Ticket): Send & { close(): void } {
	const agent = new Agent({ keepAlive: true, maxSockets: 4 });
	const send: Send = ({ ":method": method, ":path": path, ...headers }, body) =>
		new Promise((resolve, reject) => {
			const asked = httpsRequest({ host: "127.0.0.1", port, ca, cert, key, agent, method, path, headers });
			asked.once("response", (response) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response }));
			asked.once("error", reject);
			asked.end(body);
		});
	return Object.assign(send, { close: () => agent.destroy() });
}

function sendByHttp2({ port, ca }: ContractServer, { cert, key }: Ticket): Send & { close(): void } {
	const session: ClientHttp2Session = connectHttp2(`https://127.0.0.1:${port}`, { ca, cert, key, servername: "localhost" });
	const send: Send = (headers, body) =>
		new Promise((resolve, reject) => {
			const stream = session.request(headers, { endStream: body === undefined });
			stream.once("response", (head) => resolve({ status: Number(head[":status"]), headers: head, body: stream }));
			stream.once("error", reject);
			if (body !== undefined) stream.end(body);
		});
	return Object.assign(send, { close: () => session.close() });
}

async function whole(body: AsyncIterable<Buffer>): Promise<Buffer> {
	const parts: Buffer[] = [];
	for await (const part of body) parts.push(part);
	return Buffer.concat(parts);
}

/** REST as anybody can write it. */
export function restDoor(server: ContractServer, ticket: Ticket, protocol: "HTTP/1.1" | "HTTP/2"): Door {
	const send = protocol === "HTTP/2" ? sendByHttp2(server, ticket) : sendByHttp1(server, ticket);
	const ask = async (name: keyof Inputs, input: object, { session }: Beside, accept: string): Promise<Response> => {
		const { bytes, ...rest } = input as Any;
		const { headers, body } = requestOf(name, rest);
		const more = { accept, ...(session === undefined ? {} : { "chore-session": session }) };
		const response = await send(
			{ ...(headers as Record<string, string>), ...more },
			body ?? (bytes === undefined ? undefined : Buffer.from(bytes)),
		);
		if (response.status < 300) return response;
		const problem = JSON.parse((await whole(response.body)).toString());
		const error = errorOf(problem);
		if (error === undefined || STATUS[error.code] !== response.status || problem.status !== response.status)
			throw new Error(`status ${response.status}: ${JSON.stringify(problem)}`);
		throw error;
	};
	return {
		name: `REST over ${protocol}`,
		session: ticket.name,
		call: async (name, input, beside = {}) =>
			JSON.parse((await whole((await ask(name, input, beside, "application/json")).body)).toString()),
		async *stream(name, input, beside = {}) {
			const { body } = await ask(name, input, beside, name === "logs" ? "application/vnd.chore.output" : "application/x-ndjson");
			if (name === "events") for await (const line of readLines(body)) yield JSON.parse(line);
			else
				for await (const frame of readFrames(body))
					if ("failed" in frame) throw errorOf(frame.failed);
					else if (!("ended" in frame)) yield { ...frame, bytes: Buffer.from(frame.bytes) };
					else if (frame.ended !== null) yield { ended: frame.ended };
		},
		close: async () => send.close(),
	};
}

const messages = createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTORS, "base64")));
const service = messages.getService("chore.v1.Jobs");
const PROBLEM = messages.getMessage("chore.v1.Problem") as DescMessage;

/** The messages of an operation. */
function methodOf(name: string): { readonly path: string; readonly input: DescMessage; readonly output: DescMessage } {
	const method = service?.methods.find(({ localName }) => localName === name);
	if (method === undefined) throw new Error(`there is no method ${name}`);
	return { path: `/chore.v1.Jobs/${method.name}`, input: method.input, output: method.output };
}

/** The message for an input: what is null there is named in `clear`. */
function asked(desc: DescMessage, input: object): Message {
	const clear = Object.entries(input).flatMap(([name, value]) => {
		const field = value === null ? desc.fields.find(({ jsonName }) => jsonName === name) : undefined;
		return field === undefined ? [] : [field.name];
	});
	const { bytes, ...rest } = input as Any;
	const sent = bytes === undefined ? rest : { ...rest, bytes: Buffer.from(bytes).toString("base64") };
	return messageOf(desc, clear.length === 0 ? sent : { ...sent, clear }).message;
}

const answered = (desc: DescMessage, message: Message): Any => plainOf(reflect(desc, message));

function problemIn(bytes: Uint8Array, message: string): ChoreError {
	const { code } = answered(PROBLEM, fromBinary(PROBLEM, bytes)) as { readonly code: ErrorCode };
	return new ChoreError(code, message);
}

/** gRPC by its own library for Node. */
export function grpcDoor({ port, ca }: ContractServer, { name: own, cert, key }: Ticket): Door {
	const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createSsl(ca, key, cert));
	const parts = (name: string, input: object, { session }: Beside) => {
		const method = methodOf(name);
		const metadata = new grpc.Metadata();
		if (session !== undefined) metadata.set("chore-session", session);
		return [
			method.path,
			(message: Message) => Buffer.from(toBinary(method.input, message)),
			(bytes: Buffer) => answered(method.output, fromBinary(method.output, bytes)),
			asked(method.input, input),
			metadata,
		] as const;
	};
	const told = (error: unknown): unknown => {
		const { metadata, details } = error as grpc.ServiceError;
		const [status] = metadata?.get("grpc-status-details-bin") ?? [];
		// google.rpc.Status: the Problem is the end of it, the value of an Any.
		if (!(status instanceof Buffer)) return error;
		const type = "type.googleapis.com/chore.v1.Problem";
		const at = status.indexOf(type) + type.length;
		return problemIn(status.subarray(at + 2), details);
	};
	return {
		name: "gRPC by grpc-js",
		session: own,
		isSparse: true,
		call: (name, input, beside = {}) =>
			new Promise((resolve, reject) => {
				client.makeUnaryRequest(...parts(name, input, beside), (error, answer) => (error === null ? resolve(answer) : reject(told(error))));
			}),
		async *stream(name, input, beside = {}) {
			const stream = client.makeServerStreamRequest(...parts(name, input, beside));
			stream.on("error", () => {});
			try {
				for await (const piece of stream) yield piece;
			} catch (error) {
				throw told(error);
			} finally {
				stream.cancel();
			}
		},
		close: async () => client.close(),
	};
}

/** Connect with JSON over HTTP/1.1. */
export function connectDoor(server: ContractServer, ticket: Ticket): Door {
	const send = sendByHttp1(server, ticket);
	const post = (name: string, input: object, { session }: Beside, isStream: boolean): Promise<Response> => {
		const { path, input: desc } = methodOf(name);
		const text = Buffer.from(JSON.stringify(toJson(desc, asked(desc, input))));
		const head = Buffer.alloc(5);
		head.writeUInt32BE(text.length, 1);
		return send(
			{
				":method": "POST",
				":path": path,
				"content-type": isStream ? "application/connect+json" : "application/json",
				"connect-protocol-version": "1",
				...(session === undefined ? {} : { "chore-session": session }),
			},
			isStream ? Buffer.concat([head, text]) : text,
		);
	};
	const told = ({ code, message, details = [] }: Any): Error => {
		const detail = details.find(({ type }: Any) => type === "chore.v1.Problem");
		return detail === undefined ? new Error(`${code}: ${message}`) : problemIn(Buffer.from(detail.value, "base64"), message);
	};
	return {
		name: "Connect with JSON",
		session: ticket.name,
		isSparse: true,
		async call(name, input, beside = {}) {
			const { output } = methodOf(name);
			const { status, body } = await post(name, input, beside, false);
			const answer = JSON.parse((await whole(body)).toString());
			if (status !== 200) throw told(answer);
			return answered(output, fromJson(output, answer));
		},
		async *stream(name, input, beside = {}) {
			const { output } = methodOf(name);
			const { body } = await post(name, input, beside, true);
			let came = Buffer.alloc(0);
			for await (const part of body) {
				came = Buffer.concat([came, part]);
				for (let end = 5; came.length >= 5; ) {
					end = 5 + came.readUInt32BE(1);
					if (came.length < end) break;
					const message = JSON.parse(came.subarray(5, end).toString());
					const isLast = ((came[0] ?? 0) & 2) !== 0;
					came = came.subarray(end);
					if (isLast && message.error !== undefined) throw told(message.error);
					if (isLast) return;
					yield answered(output, fromJson(output, message));
				}
			}
			throw new Error("the stream was cut");
		},
		close: async () => send.close(),
	};
}

/** What starts fewest processes is enough: the doors do not differ by platform. */
(registry as unknown as Registered[]).push({ name: "fake", scope: "user", load: async () => fakePlatform });

/** Allows a client so much that no test meets the bounds. */
export function setBounds(): void {
	const path = `${serveFolder().path}/config.toml`;
	writeFileSync(path, "requests_per_second = 100000\nrequests_at_once = 100000\nstarts_per_second = 10000\nstarts_at_once = 10000\n", {
		mode: 0o600,
	});
}
