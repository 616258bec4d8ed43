/** How those who try passwords are slowed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Attempts } from "../../src/api/identity/attempts.ts";

const [HERE, ELSEWHERE] = ["192.0.2.1", "198.51.100.7"];

/** Wrong passwords, each as soon as it is examined. @returns how long each had to wait */
function tried(attempts: Attempts, client: string, address: string, times: number): readonly number[] {
	let nowMs = 0;
	return Array.from({ length: times }, () => {
		const waitMs = attempts.waitMs(client, address, nowMs);
		nowMs += waitMs;
		assert.equal(attempts.waitMs(client, address, nowMs), 0, "the pause is over when it is said to be");
		attempts.wrong(client, address, nowMs);
		return waitMs;
	});
}

test("the first wrong passwords cost nothing, then the pauses double up to a minute", () => {
	const pauses = tried(new Attempts(), "alice", HERE, 13);
	assert.deepEqual(pauses, [0, 0, 0, 0, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]);
});

test("an address is slowed for whatever client it tries, and a network of IPv6 as one", () => {
	const attempts = new Attempts();
	for (let number = 0; number < 8; number++) attempts.wrong(`client-${number}`, `2001:db8:1:2::${number}`, 0);
	assert.equal(attempts.waitMs("another", "2001:db8:1:2:ffff::1", 0), 16000);
	assert.equal(attempts.waitMs("another", "2001:db8:1:3::1", 0), 0);
});

test("a client is slowed from everywhere, by five seconds at most", () => {
	const attempts = new Attempts();
	for (let number = 0; number < 40; number++) attempts.wrong("alice", `192.0.2.${number}`, 0);
	assert.equal(attempts.waitMs("alice", ELSEWHERE, 0), 5000);
	assert.equal(attempts.waitMs("bob", ELSEWHERE, 0), 0);
});

test("an address from which the client came in does not wait for what others tried", () => {
	const attempts = new Attempts();
	attempts.right("alice", HERE);
	for (let number = 0; number < 40; number++) attempts.wrong("alice", ELSEWHERE, 0);
	assert.equal(attempts.waitMs("alice", HERE, 0), 0);
	assert.deepEqual(tried(attempts, "alice", HERE, 6), [0, 0, 0, 0, 1000, 2000], "but for its own");
	assert.equal(
		attempts.waitMs("alice", `::ffff:${HERE}`, 7000),
		attempts.waitMs("alice", HERE, 7000),
		"IPv4 within IPv6 is the same address",
	);
});

test("a right password ends the count, and so do fifteen quiet minutes", () => {
	const attempts = new Attempts();
	for (let number = 0; number < 9; number++) attempts.wrong("alice", HERE, 0);
	attempts.right("alice", HERE);
	assert.equal(attempts.waitMs("alice", HERE, 0), 0);
	for (let number = 0; number < 30; number++) attempts.wrong("bob", ELSEWHERE, 0);
	assert.deepEqual(tried(attempts, "bob", ELSEWHERE, 1), [60000]);
	attempts.wrong("bob", ELSEWHERE, 17 * 60_000);
	assert.equal(attempts.waitMs("bob", ELSEWHERE, 17 * 60_000), 0);
});

test("what many addresses and names tried is forgotten from the oldest on", () => {
	const attempts = new Attempts();
	for (let number = 0; number < 9; number++) attempts.wrong("alice", HERE, 0);
	for (let number = 0; number < 5000; number++) attempts.wrong(`client-${number}`, `10.0.${number >> 8}.${number & 255}`, 0);
	assert.equal(attempts.waitMs("alice", HERE, 0), 0);
});
