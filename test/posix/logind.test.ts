/** What logind.conf says, and what it means for a job. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { configurationTexts, logoutFate, parseLogind, type Surroundings } from "../../platform/posix/logind.ts";
import { scratchFolder } from "./support.ts";

const NOTHING = { killUserProcesses: false, killOnlyUsers: [], killExcludeUsers: ["root"] };
const KILLS = { ...NOTHING, killUserProcesses: true };

for (const [texts, settings] of [
	[[""], NOTHING],
	[["[Login]\n#KillUserProcesses=no\n"], NOTHING],
	[["[Login]\n#KillUserProcesses=yes\n"], KILLS], // how it was built
	[["[Login]\n#KillUserProcesses=yes\n", "[Login]\nKillUserProcesses=no\n"], NOTHING],
	[["[Login]\n KillUserProcesses = yes \n"], KILLS],
	[["[Login]\nKillUserProcesses=on\n[Other]\nKillUserProcesses=no"], KILLS],
	[["KillUserProcesses=yes\n"], NOTHING], // outside of its section
	[["[Login]\nKillUserProcesses=maybe\n"], NOTHING],
	[["[Login]\n;KillUserProcesses=yes\n"], NOTHING],
	[["[Login]\nKillOnlyUsers=ann \\\n bob\n", "[Login]\nKillOnlyUsers=eve"], { ...NOTHING, killOnlyUsers: ["ann", "bob", "eve"] }],
	[["[Login]\nKillOnlyUsers=ann\nKillOnlyUsers=\n"], NOTHING],
	[["[Login]\nKillExcludeUsers=ann\n"], { ...NOTHING, killExcludeUsers: ["root", "ann"] }],
	[["[Login]\nKillExcludeUsers=\nKillExcludeUsers=ann\n"], { ...NOTHING, killExcludeUsers: ["ann"] }],
] as const) {
	test(`logind.conf ${JSON.stringify(texts)} is read`, () => {
		assert.deepEqual(parseLogind(texts), settings);
	});
}

const AT_LOGIN: Surroundings = {
	user: "ann",
	sessionId: "3",
	cgroup: "0::/user.slice/user-1.slice/session-3.scope",
	lingers: false,
	settings: KILLS,
};

for (const [fact, surroundings, survives] of [
	["in a session that is cleared", AT_LOGIN, false],
	["in a session that is cleared, known by its scope", { ...AT_LOGIN, sessionId: undefined }, false],
	["in a session that is cleared, lingering or not", { ...AT_LOGIN, lingers: true }, false],
	["in a session that is not cleared", { ...AT_LOGIN, settings: NOTHING }, true],
	["of root", { ...AT_LOGIN, user: "root" }, true],
	["of a user who is not listed", { ...AT_LOGIN, settings: { ...KILLS, killOnlyUsers: ["bob"] } }, true],
	["of a user who is listed", { ...AT_LOGIN, settings: { ...KILLS, killOnlyUsers: ["ann"] } }, false],
	["of a user who is excluded", { ...AT_LOGIN, settings: { ...KILLS, killExcludeUsers: ["ann"] } }, true],
	["outside of sessions", { ...AT_LOGIN, sessionId: undefined, cgroup: "0::/" }, true],
	[
		"of the user's manager",
		{ ...AT_LOGIN, settings: NOTHING, cgroup: "0::/user.slice/user-1.slice/user@1.service/app.slice/x.scope" },
		false,
	],
	["of the user's manager, which lingers", { ...AT_LOGIN, lingers: true, cgroup: "0::/user.slice/user-1.slice/user@1.service" }, true],
] as const) {
	test(`a job ${fact} ${survives ? "outlives" : "ends with"} the logout`, () => {
		const fate = logoutFate(surroundings);
		assert.equal(fate.survives, survives);
		if (!fate.survives) assert.match(fate.cure, /--linger/);
	});
}

test("the first logind.conf counts, and drop-ins by name over all folders", () => {
	const [etc, run, lib] = ["etc", "run", "lib"].map((name) => `${scratchFolder()}/${name}`) as [string, string, string];
	for (const folder of [etc, run, lib]) mkdirSync(`${folder}/logind.conf.d`, { recursive: true });
	const files: readonly (readonly [string, string])[] = [
		[`${lib}/logind.conf`, "lib"],
		[`${run}/logind.conf`, "run"],
		[`${lib}/logind.conf.d/50-a.conf`, "hidden"],
		[`${etc}/logind.conf.d/50-a.conf`, "50 of etc"],
		[`${lib}/logind.conf.d/90-z.conf`, "90 of lib"],
		[`${run}/logind.conf.d/10-b.conf`, "10 of run"],
		[`${etc}/logind.conf.d/README`, "not read"],
	];
	for (const [path, text] of files) writeFileSync(path, text);
	assert.deepEqual(configurationTexts([etc, run, lib]), ["run", "10 of run", "50 of etc", "90 of lib"]);
	assert.deepEqual(configurationTexts(["/no/such/folder"]), [""]);
});
