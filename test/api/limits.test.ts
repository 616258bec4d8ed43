/** The limits of config.toml, and what each client may ask for in a span of time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Limiter, TooManyRequests } from "../../src/api/limiter.ts";
import { DEFAULT_LIMITS, type Limits, readLimits } from "../../src/api/limits.ts";

describe("config.toml of the server", () => {
	test("changes the limits that it names, and no others", () => {
		assert.deepEqual(readLimits("connections = 3\nidle_seconds = 5\n", "f"), { ...DEFAULT_LIMITS, connections: 3, idleMs: 5000 });
		assert.equal(readLimits("idle_seconds = 0", "f").idleMs, Number.POSITIVE_INFINITY);
	});

	for (const [source, said] of [
		["colour = 1", /^f: "colour" is no setting/],
		["toString = 1", /^f: "toString" is no setting/],
		["followers = 0", /^f: followers must be a whole number of 1 or more$/],
		["idle_seconds = -1", /or 0 for never$/],
		['connections = "9"', /^f: connections must be/],
		["\nconnections = ", /^f:2: /],
	] as const)
		test(`is refused where it says ${JSON.stringify(source)}`, () => {
			assert.throws(() => readLimits(source, "f"), { code: "CONFIG_INVALID", message: said });
		});
});

describe("the limiter", () => {
	const alice = { client: "alice" };
	const bob = { client: "bob" };
	const made = (some: Partial<Limits>) => {
		const clock = { ms: 0 };
		return { clock, limiter: new Limiter({ ...DEFAULT_LIMITS, ...some }, () => clock.ms) };
	};

	test("lets a client ask so often at once, and then as often as its rate allows", () => {
		const { clock, limiter } = made({ requestsPerSecond: 2, requestsAtOnce: 3 });
		for (let count = 0; count < 3; count++) limiter.request(alice);
		assert.throws(() => limiter.request(alice), { code: "TOO_MANY_REQUESTS", retryAfterSeconds: 1, hint: "try again in 1 s" });
		limiter.request(bob);
		clock.ms += 500;
		limiter.request(alice);
		assert.throws(() => limiter.request(alice), TooManyRequests);
		clock.ms += 3_600_000;
		for (let count = 0; count < 3; count++) limiter.request(alice);
		assert.throws(() => limiter.request(alice), TooManyRequests);
	});

	test("tells when the next start of a job is possible", () => {
		const { limiter } = made({ startsPerSecond: 0.1, startsAtOnce: 1 });
		limiter.start(alice);
		assert.throws(() => limiter.start(alice), { retryAfterSeconds: 10 });
	});

	test("counts followers until they are over, of each client and of all", () => {
		const { limiter } = made({ followersOfClient: 2, followers: 3 });
		const first = limiter.follower(alice);
		limiter.follower(alice);
		assert.throws(() => limiter.follower(alice), TooManyRequests);
		limiter.follower(bob);
		assert.throws(() => limiter.follower(bob), /3 jobs or events are followed already/);
		first[Symbol.dispose]();
		first[Symbol.dispose](); // counts once
		limiter.follower(bob);
		assert.throws(() => limiter.follower({ client: "eve" }), TooManyRequests);
	});
});
