/**
 * What the API can do, once for all doors: REST and gRPC read a request into the input of an operation, call it, and write its
 * output. An operation knows nothing of HTTP.
 */
import type { Jobs } from "../../index.ts";
import type { Caller, Role } from "../caller.ts";
import type { Inputs, Outputs, Streams } from "./messages.ts";

/** What surrounds one call. */
export interface Call {
	readonly caller: Caller;
	/** The session that the call works with: its jobs. */
	readonly session: string;
	readonly jobs: Jobs;
	/** Raised when the client has gone, or its deadline has passed. */
	readonly signal: AbortSignal;
	/** Tells the client, beside the answer, of something that is not an error. */
	warn(text: string): void;
	/** Called if the job was there before the call, which asked for it with the same `requestKey` as one before. */
	readonly onFound?: (() => void) | undefined;
}

/** An operation with one answer. */
export interface Operation<Input, Output> {
	/** The least role that may call it. */
	readonly role: Role;
	/** Whether it changes nothing, so that it may be repeated and called by GET. */
	readonly readOnly: boolean;
	/** @throws ChoreError */
	act(input: Input, call: Call): Promise<Output>;
}

/** An operation that answers bit by bit. */
export interface Streaming<Input, Piece> {
	readonly role: Role;
	readonly readOnly: true;
	/** Ends when the signal of the call is raised. A piece is valid until the next one is asked for. @throws ChoreError */
	stream(input: Input, call: Call): AsyncIterable<Piece>;
}

/** All operations, by name. */
export type Operations = {
	readonly [Name in keyof Outputs]: Operation<Inputs[Name], Outputs[Name]>;
} & {
	readonly [Name in keyof Streams]: Streaming<Inputs[Name], Streams[Name]>;
};
