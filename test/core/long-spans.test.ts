/** Users may give longer times than a timer of Node can take: setTimeout then waits only 1 ms. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { Observation } from "../../platform/contract.ts";
import { Silence } from "../../platform/silence.ts";
import { Waiter } from "../../platform/systemd/waiter.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";

/** Some 50 days: longer than any timer, which has 31 bits. */
const SPAN_MS = 2 ** 32;

/** The longest time for which a timer was set by `act`. */
async function longestTimer(act: () => Promise<void>): Promise<number> {
	const timers = mock.method(globalThis, "setTimeout");
	try {
		await act();
		return Math.max(...timers.mock.calls.map((call) => Number(call.arguments[1] ?? 0)));
	} finally {
		timers.mock.restore();
	}
}

test("a grace on systemd, a wait and a silence of 50 days set no timer that ends at once", async () => {
	const stop = longestTimer(async () => {
		let seen: Observation = { kind: "running", paused: false };
		const waiter = new Waiter(async () => seen);
		const over = waiter.isOver(SPAN_MS);
		setImmediate(() => {
			seen = { kind: "absent" };
			waiter.hint();
		});
		assert.equal(await over, true);
	});
	assert.ok((await stop) < 2 ** 31, "a grace");
	const silence = longestTimer(async () => new Silence(SPAN_MS * 11)[Symbol.dispose]());
	assert.ok((await silence) < 2 ** 31, "a silence");
	await using home = await makeHome("fake", fakePlatform);
	const wait = longestTimer(async () => {
		const { id } = await home.chore.run({ command: ["true"] });
		assert.equal((await home.chore.wait(id, { timeoutMs: SPAN_MS })).state, "succeeded");
	});
	assert.ok((await wait) < 2 ** 31, "a wait");
});
