/** The choice of the platform for a new job. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Platform, PlatformModule } from "../../platform/contract.ts";
import { isChoreError } from "../../platform/errors.ts";
import { Platforms } from "../../src/core/platforms.ts";
import { fakePlatform } from "../support/fake-platform.ts";

/** Platforms in memory. When one is opened its name is added to `opened`. */
function threePlatforms(opened: string[], outside: readonly string[] = []): Platforms {
	const module = (name: string, available: boolean): PlatformModule => ({
		detect: () => ({ available, elsewhere: outside.includes(name), reason: `${name} says so`, paths: [] }),
		async open(context): Promise<Platform> {
			opened.push(name);
			return fakePlatform.open(context);
		},
	});
	return new Platforms(
		[
			{ name: "mine", scope: "user", load: async () => module("mine", true) },
			{ name: "ours", scope: "system", load: async () => module("ours", false) },
			{ name: "theirs", scope: "system", load: async () => module("theirs", true) },
		],
		{ install: () => "/nowhere" },
	);
}

test("a new job gets the first platform that is available and of the scope that was asked for", async () => {
	for (const [scope, name] of [
		[undefined, "mine"],
		["user", "mine"],
		["system", "theirs"],
	] as const) {
		const opened: string[] = [];
		await using platforms = threePlatforms(opened);
		await platforms.choose({ platform: undefined, scope });
		assert.deepEqual(opened, [name]);
	}
});

test("a platform outside of the caller's container gets a job only if it is asked for, and its jobs are always reached", async () => {
	const opened: string[] = [];
	await using platforms = threePlatforms(opened, ["mine"]);
	await platforms.choose({ platform: undefined, scope: undefined });
	assert.deepEqual(opened, ["theirs"]);
	await platforms.choose({ platform: "mine", scope: undefined });
	assert.deepEqual(opened, ["theirs", "mine"]);
	await using others = threePlatforms(opened, ["mine"]);
	await others.get("mine");
	assert.deepEqual(opened, ["theirs", "mine", "mine"]);
});

test("a platform that was asked for by name must exist, be available, and be of the scope that was asked for", async () => {
	const opened: string[] = [];
	await using platforms = threePlatforms(opened);
	for (const [platform, scope, code, message] of [
		["mine", "system", "INVALID_ARGUMENT", /the system's is asked for.*mine runs those of the user/],
		["theirs", "user", "INVALID_ARGUMENT", /the user's is asked for.*theirs runs those of the system/],
		["none", "user", "INVALID_ARGUMENT", /no platform "none"/],
		["ours", "system", "PLATFORM_UNAVAILABLE", /ours says so/],
	] as const) {
		const isRefused = (error: unknown) => isChoreError(error) && error.code === code && message.test(error.message);
		await assert.rejects(platforms.choose({ platform, scope }), isRefused, `${platform}, ${scope}`);
	}
	assert.deepEqual(opened, []);
	await platforms.choose({ platform: "theirs", scope: "system" });
	assert.deepEqual(opened, ["theirs"]);
});
