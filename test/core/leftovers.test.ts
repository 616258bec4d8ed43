/** The doctor finds broken lines in ledgers, and lets other work of the process go on meanwhile. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { makeSession, openSession } from "../../src/core/disk/session.ts";
import { Findings } from "../../src/core/doctor/finding.ts";
import { findLeftovers } from "../../src/core/doctor/leftovers.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";

const LINE = `${JSON.stringify({ at: "2026-11-21T09:00:00.000Z", event: "exited", id: "01a1fc70-44ee-7058-9aa9-000000000001", run: 1, name: "web", reason: "é 漢" })}\n`;

/** The findings about a ledger with this content, and how often other work of the process had a turn meanwhile. */
async function find(content: string): Promise<{ readonly found: readonly string[]; readonly turns: number }> {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	makeSession(session);
	writeFileSync(session.ledger, content);
	const findings = new Findings();
	let turns = 0;
	let isOver = false;
	const others = (async () => {
		for (; !isOver; turns++) await new Promise((resume) => setImmediate(resume));
	})();
	await findLeftovers(session, findings);
	isOver = true;
	await others;
	return { found: findings.list().map(({ what, cure }) => `${what.slice(session.ledger.length)}: ${cure}`), turns };
}

test("a ledger of 16 MB is read in pieces, and other work has a turn between any two", async () => {
	const { found, turns } = await find(LINE.repeat(Math.ceil((16 * 1024 * 1024) / LINE.length)));
	assert.deepEqual(found, []);
	assert.ok(turns >= 64, `${turns} turns`);
});

test("lines of a ledger that are no events are reported with their numbers, in every piece", async () => {
	const many = LINE.repeat(10_000);
	const { found } = await find(`broken\n${many}{"at":\n\n${many}cut short`);
	assert.equal(found.length, 1);
	assert.match(found[0] ?? "", /^ has 3 lines that are no event \(line 1\), and passed over: cp -p .* && sed '1d;10002d;20004d' /);
});

test("only the beginning of a file that is longer than any ledger is read", async () => {
	const { found } = await find(`${LINE.repeat(Math.ceil((33 * 1024 * 1024) / Buffer.byteLength(LINE)))}broken\n`);
	assert.deepEqual(found, []);
});

test("the suggested commands delete broken lines and old files in the trash, and spare events and new files", async () => {
	await using home = await makeHome("fake", fakePlatform);
	const session = openSession(home.path, "default");
	makeSession(session);
	writeFileSync(session.ledger, `${LINE}broken\n${LINE}`, { mode: 0o600 });
	for (const name of ["left", "new"]) mkdirSync(`${session.trash}/${name}/runs`, { recursive: true });
	const before = new Date(Date.now() - 3_600_000);
	utimesSync(`${session.trash}/left`, before, before);
	const findings = new Findings();
	await findLeftovers(session, findings);
	const cures = findings.list().flatMap(({ cure }) => cure ?? []);
	assert.equal(cures.length, 2);
	for (const shell of ["dash", "bash"]) for (const cure of cures) execFileSync(shell, ["-c", cure]);
	assert.deepEqual(readdirSync(session.trash), ["new"]);
	assert.deepEqual(
		[readFileSync(session.ledger, "utf8"), statSync(session.ledger).mode & 0o777],
		[LINE, 0o600],
		"each shell took one line",
	);
});
