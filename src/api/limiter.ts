/** Counts what each client asks for, and refuses what is too much. One for the server, asked for each request. Pure but for the clock. */
import { ChoreError } from "../index.ts";
import type { Caller } from "./caller.ts";
import type { Limits } from "./limits.ts";
import type { Inputs } from "./operations/messages.ts";

/** A refusal that tells when to try again. REST says it in Retry-After. */
export class TooManyRequests extends ChoreError {
	/** 1 or more. */
	readonly retryAfterSeconds: number;

	constructor(message: string, retryAfterSeconds: number) {
		super("TOO_MANY_REQUESTS", message, { hint: `try again in ${retryAfterSeconds} s` });
		this.retryAfterSeconds = retryAfterSeconds;
	}
}

/** When a follower may be tried again: nobody knows when another one ends. */
const FOLLOWER_RETRY_SECONDS = 5;

type Who = Pick<Caller, "client">;

/** What the doors ask of a Limiter. */
export type Bounds = Pick<Limiter, "request" | "start" | "follower">;

/** The operations that start a job. */
const STARTS: ReadonlySet<string> = new Set<keyof Inputs>(["run", "start", "restart"]);

/**
 * To be called before an operation is, and disposed once its answer is over.
 * @param bounds undefined for callers who have none
 * @throws TooManyRequests
 */
export function countCall(bounds: Bounds | undefined, caller: Who, name: keyof Inputs, input: unknown): Disposable {
	if (STARTS.has(name)) bounds?.start(caller);
	const follows = typeof input === "object" && input !== null && "follow" in input && input.follow === true;
	return (follows ? bounds?.follower(caller) : undefined) ?? { [Symbol.dispose]: () => {} };
}

export class Limiter {
	readonly #limits: Limits;
	readonly #requests: Buckets;
	readonly #starts: Buckets;
	readonly #followers = new Map<string, number>();
	#allFollowers = 0;

	/** @param nowMs a clock that is not set back */
	constructor(limits: Limits, nowMs: () => number = () => performance.now()) {
		this.#limits = limits;
		this.#requests = new Buckets(limits.requestsPerSecond, limits.requestsAtOnce, nowMs);
		this.#starts = new Buckets(limits.startsPerSecond, limits.startsAtOnce, nowMs);
	}

	/** To be called for each request. @throws TooManyRequests */
	request({ client }: Who): void {
		take(this.#requests, client, "requests");
	}

	/** To be called besides for each request that starts a job. @throws TooManyRequests */
	start({ client }: Who): void {
		take(this.#starts, client, "starts of jobs");
	}

	/** To be called for each answer that goes on while something happens, and disposed when it is over. @throws TooManyRequests */
	follower({ client }: Who): Disposable {
		const own = this.#followers.get(client) ?? 0;
		if (own >= this.#limits.followersOfClient)
			throw new TooManyRequests(`${client} follows ${own} jobs or events at a time already`, FOLLOWER_RETRY_SECONDS);
		if (this.#allFollowers >= this.#limits.followers)
			throw new TooManyRequests(`${this.#allFollowers} jobs or events are followed already`, FOLLOWER_RETRY_SECONDS);
		this.#count(client, 1);
		let isOver = false;
		return {
			[Symbol.dispose]: () => {
				if (!isOver) this.#count(client, -1);
				isOver = true;
			},
		};
	}

	#count(client: string, change: 1 | -1): void {
		this.#allFollowers += change;
		const own = (this.#followers.get(client) ?? 0) + change;
		if (own === 0) this.#followers.delete(client);
		else this.#followers.set(client, own);
	}
}

function take(buckets: Buckets, client: string, what: string): void {
	const waitMs = buckets.take(client);
	if (waitMs > 0) throw new TooManyRequests(`too many ${what} by ${client}`, Math.ceil(waitMs / 1000));
}

/** A token bucket for each client: it is full at first, each call takes one out, and they come back with time. */
class Buckets {
	readonly #perMs: number;
	readonly #size: number;
	readonly #nowMs: () => number;
	readonly #held = new Map<string, { tokens: number; atMs: number }>();

	constructor(perSecond: number, size: number, nowMs: () => number) {
		this.#perMs = perSecond / 1000;
		this.#size = size;
		this.#nowMs = nowMs;
	}

	/** @returns 0 if one was taken, else how long until there is one again */
	take(client: string): number {
		const nowMs = this.#nowMs();
		if (!this.#held.has(client)) this.#forgetFull(nowMs);
		const bucket = this.#held.get(client) ?? { tokens: this.#size, atMs: nowMs };
		bucket.tokens = this.#tokens(bucket, nowMs);
		bucket.atMs = nowMs;
		this.#held.set(client, bucket);
		if (bucket.tokens < 1) return (1 - bucket.tokens) / this.#perMs;
		bucket.tokens -= 1;
		return 0;
	}

	#tokens({ tokens, atMs }: { readonly tokens: number; readonly atMs: number }, nowMs: number): number {
		return Math.min(this.#size, tokens + (nowMs - atMs) * this.#perMs);
	}

	/** A full bucket is as good as none: so that clients that came once do not stay. */
	#forgetFull(nowMs: number): void {
		for (const [client, bucket] of this.#held) if (this.#tokens(bucket, nowMs) >= this.#size) this.#held.delete(client);
	}
}
