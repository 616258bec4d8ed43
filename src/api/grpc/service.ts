/** The service chore.v1.Jobs: each of its methods is the operation of the same name. */
import type { DescMessage, DescMethod, DescService, Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { type ConnectRouter, createContextKey, type HandlerContext } from "@connectrpc/connect";
import { isIdle, type Job } from "../../index.ts";
import type { Caller, Role } from "../caller.ts";
import { checkRole } from "../enter.ts";
import type { Inputs } from "../operations/messages.ts";
import type { Call, Operation, Operations, Streaming } from "../operations/operation.ts";
import { messageOf, plainOf } from "./convert.ts";
import { connectError } from "./errors.ts";
import { partsOf } from "./parts.ts";

/** Who makes a request, as the server has found before. */
export interface Who {
	readonly caller: Caller;
	/**
	 * What surrounds a call.
	 * @param session as the request names it; undefined for the caller's own
	 * @throws ChoreError for a session that is not the caller's
	 */
	call(session: string | undefined, around: Pick<Call, "signal" | "warn">): Call;
}

export interface ServiceOptions {
	readonly operations: Operations;
	/** Refuses an input with wrong or missing fields; not given the bytes for `send`. @throws ChoreError INVALID_ARGUMENT */
	readonly check?: ((name: keyof Inputs, input: Readonly<Record<string, unknown>>) => void) | undefined;
	/** Counts a call until its answer is over. @throws ChoreError TOO_MANY_REQUESTS */
	readonly count?: ((caller: Caller, name: keyof Inputs, input: unknown) => Disposable) | undefined;
	/** Takes an error that is a fault of the server. */
	readonly report: (error: unknown) => void;
}

/** By this key the adapter hands over who makes a request. */
export const WHO = createContextKey<Who | undefined>(undefined);

type AnyOperation = Operation<unknown, unknown> | Streaming<unknown, unknown>;

/** Adds the service to a router. */
export function addJobs(router: ConnectRouter, service: DescService, problem: DescMessage, options: ServiceOptions): void {
	for (const method of service.methods) {
		const name = method.localName as keyof Inputs;
		const operation = options.operations[name] as AnyOperation | undefined;
		if (operation === undefined) continue; // answered with UNIMPLEMENTED
		const begin = (request: Message, context: HandlerContext): readonly [input: unknown, call: Call] => {
			const call = callOf(context, name, operation.role);
			const { bytes, ...input } = plainOf(reflect(method.input, request)) as Readonly<Record<string, unknown>>;
			options.check?.(name, input);
			return [bytes === undefined ? input : { ...input, bytes }, call];
		};
		const answer = (output: unknown): Message => messageOf(method.output, output).message;
		const told = (error: unknown, { signal }: HandlerContext): Error => connectError(error, signal, problem, options.report);
		if ("act" in operation) {
			const act = name === "wait" ? waitOn(operation as Operations["wait"]) : operation.act.bind(operation);
			addMethod(router, method, async (request: Message, context: HandlerContext): Promise<Message> => {
				try {
					const [input, call] = begin(request, context);
					using _ = options.count?.(call.caller, name, input);
					return answer(await act(input, call));
				} catch (error) {
					throw told(error, context);
				}
			});
		} else {
			addMethod(router, method, async function* (request: Message, context: HandlerContext): AsyncGenerator<Message, void, void> {
				try {
					const [input, call] = begin(request, context);
					using _ = options.count?.(call.caller, name, input);
					for await (const piece of operation.stream(input, call)) for (const part of partsOf(piece)) yield answer(part);
					// A stream whose signal was raised ends without an error of its own: its deadline is over, or nobody reads it.
					context.signal.throwIfAborted();
				} catch (error) {
					throw told(error, context);
				}
			});
		}
	}
}

/** The descriptors are known at run time only, so that the compiler cannot hold the function to its method. */
function addMethod(
	router: ConnectRouter,
	method: DescMethod,
	implementation: (request: Message, context: HandlerContext) => unknown,
): void {
	(router.rpc as (method: DescMethod, implementation: unknown) => void)(method, implementation);
}

function callOf(context: HandlerContext, name: string, least: Role): Call {
	const who = context.values.get(WHO);
	if (who === undefined) throw new Error("nobody was found to make this request");
	checkRole(who.caller, name, least);
	const warn = (text: string): void => context.responseHeader.append("chore-warning", encodeURIComponent(text.toWellFormed()));
	return who.call(context.requestHeader.get("chore-session") ?? undefined, { signal: context.signal, warn });
}

/** The operation waits for a minute at most. Without a `timeoutMs` the call does so until its deadline, for one run. */
function waitOn(operation: Operations["wait"]): (input: unknown, call: Call) => Promise<Job> {
	return async (input, call) => {
		const asked = input as Inputs["wait"];
		let job = await operation.act(asked, call);
		while (asked.timeoutMs === undefined && !isIdle(job)) {
			call.signal.throwIfAborted();
			job = await operation.act({ ...asked, reference: job.id, run: job.run }, call);
		}
		return job;
	};
}
