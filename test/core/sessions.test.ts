/** Sessions of one process: they share the platforms, and each has its own jobs and limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlatformModule } from "../../platform/contract.ts";
import { type SessionOptions, Sessions } from "../../src/core/sessions.ts";
import { eventually } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { type Home, makeHome } from "../support/home.ts";

/** Tells in `told` when the platform is opened and closed. */
function telling(told: string[]): PlatformModule {
	return {
		...fakePlatform,
		async open(context) {
			told.push("opened");
			const platform = await fakePlatform.open(context);
			platform[Symbol.asyncDispose] = async () => void told.push("closed");
			return platform;
		},
	};
}

function sessionsOf(home: Home, module: PlatformModule = fakePlatform, options: SessionOptions = {}): Sessions {
	return new Sessions([{ name: "fake", scope: "user", load: async () => module }], "test", { home: home.path, ...options });
}

test("sessions share one platform, which is closed with the last of them and not with one", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const told: string[] = [];
	const sessions = sessionsOf(home, telling(told));
	const [one, other] = [sessions.session("one"), sessions.session("other")];
	const begun = await Promise.all([one, other].map((chore) => chore.run({ command: ["sleep", "60"], name: "web" })));
	assert.deepEqual(
		begun.map(({ session }) => session),
		["one", "other"],
	);
	await one.close();
	assert.deepEqual(told, ["opened"]);
	for (const chore of [other, one])
		await eventually("it can be used, also after it was closed", async () => (await chore.get("web")).state, "running");
	assert.deepEqual(sessions.names(), ["one", "other"]);
	await sessions.close();
	assert.deepEqual(told, ["opened", "closed"]);
});

test("a session is one object for a name and its options, which go before those of all", async () => {
	await using home = await makeHome("fake", fakePlatform);
	await using sessions = sessionsOf(home, fakePlatform, { maxJobs: 1 });
	assert.equal(sessions.session("one"), sessions.session("one", { maxJobs: undefined }));
	assert.notEqual(sessions.session("one"), sessions.session("other"));
	const most = sessions.session("one", { maxJobs: 2 });
	assert.equal(most, sessions.session("one", { maxJobs: 2 }));
	for (const chore of [sessions.session("one"), most]) await chore.run({ command: ["sleep", "60"] });
	await assert.rejects(sessions.session("one").run({ command: ["true"] }), { code: "TOO_MANY_JOBS", message: /the limit is 1$/ });
	await assert.rejects(most.run({ command: ["true"] }), { code: "TOO_MANY_JOBS", message: /the limit is 2$/ });
	for (const name of ["../up", "", "libexec"]) assert.throws(() => sessions.session(name), { code: "INVALID_ARGUMENT" });
	assert.throws(() => sessions.session("one", { keepBytes: -1 }), { code: "INVALID_ARGUMENT" });
});
