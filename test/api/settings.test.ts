/** What `clients/<name>.toml` may say, and how it is changed. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hashPassword, isPassword, readCredentials } from "../../src/api/identity/password.ts";
import { changeSettings, readSettings } from "../../src/api/identity/settings.ts";

const HASH = await hashPassword("correct horse", { N: 2, r: 1, p: 1 });

test("without a file a client has the role run and its own session", () => {
	assert.deepEqual(readSettings("alice"), { role: "run", sessions: ["alice"], quota: {}, password: undefined });
});

for (const [line, expected] of [
	['role = "admin"', { role: "admin" }],
	['sessions = ["builds", "*"]', { sessions: ["builds", "*"] }],
	['sessions = ["*"]', { sessions: ["alice", "*"] }],
	[`password = "${HASH}"`, { password: HASH }],
	["max_jobs = 0", { quota: { maxJobs: 0 } }],
	['slice = "alice.slice"', { quota: { slice: "alice.slice" } }],
] as const) {
	test(`${line.replace(HASH, "…")} is understood`, () => {
		assert.deepEqual({ ...readSettings("alice"), ...expected }, readSettings("alice", line, "file"));
	});
}

describe("a file is refused that says", () => {
	for (const line of [
		'role = "king"',
		"role = true",
		"sessions = []",
		'sessions = "alice"',
		'sessions = ["../x"]',
		'sessions = ["libexec"]',
		"sessions = [1]",
		'password = "correct horse"',
		`password = "${HASH.replace("scrypt:2:", "scrypt:3:")}"`,
		`password = "${HASH.replace("scrypt:2:", "scrypt:4194304:")}"`,
		`password = "${HASH.slice(0, -4)}"`,
		"max_jobs = -1",
		"max_jobs = 1.5",
		'keep_bytes = "1G"',
		'slice = "alice"',
		'slice = "a/b.slice"',
		'memory = "lots"',
		"rôle = 1",
		'toString = "x"',
		'Role = "read"',
		'[role]\nread = "x"',
		"role",
	]) {
		test(JSON.stringify(line.replace(HASH.slice(10), "…")), () => {
			assert.throws(() => readSettings("alice", line, "file"), { code: "CONFIG_INVALID", message: /^file/ });
		});
	}
});

for (const [title, before, changes, after] of [
	["a value is added", "", { role: "read" }, 'role = "read"\n'],
	[
		"a value is changed where it stands",
		'# ours\nrole = "run" # for now\nmax_jobs = 2\n',
		{ role: "read" },
		'# ours\nrole = "read"\nmax_jobs = 2\n',
	],
	["a value is added below a line without an end", "max_jobs = 2", { role: "read" }, 'max_jobs = 2\nrole = "read"\n'],
	["a value is taken out", 'role = "run"\nmax_jobs = 2\n', { role: undefined }, "max_jobs = 2\n"],
	["a list of several lines is replaced as a whole", 'sessions = [\n  "a",\n  "b",\n]\n', { sessions: ["c"] }, 'sessions = [ "c" ]\n'],
	["a key in quotes is the same", '"role" = "run"\n', { role: "read" }, 'role = "read"\n'],
] as const) {
	test(title, () => assert.equal(changeSettings(before, "file", changes), after));
}

test("a file that cannot be read is not changed", () => {
	assert.throws(() => changeSettings("role =", "file", { role: "read" }), { code: "CONFIG_INVALID", message: /^file:1/ });
});

test("a password fits its own hash only, whichever way its letters are composed", async () => {
	const hash = await hashPassword("caf\u00e9 \u6f22", { N: 2, r: 1, p: 1 });
	assert.deepEqual(
		await Promise.all(["cafe\u0301 \u6f22", "cafe \u6f22", "", "caf\u00e9 \u6f22 "].map((password) => isPassword(password, hash))),
		[true, false, false, false],
	);
	assert.notEqual(hash, await hashPassword("caf\u00e9 \u6f22", { N: 2, r: 1, p: 1 }), "each has a salt of its own");
});

test("the header of HTTP Basic is read, and nothing else is taken for it", () => {
	const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
	assert.deepEqual(readCredentials(basic("alice:a:b é")), { client: "alice", password: "a:b é" });
	assert.deepEqual(readCredentials(basic(":")), { client: "", password: "" });
	for (const header of [undefined, "", "Basic", "Basic !", basic("alice"), `Bearer ${basic("a:b")}`, "Digest a:b"])
		assert.equal(readCredentials(header), undefined, header);
});
