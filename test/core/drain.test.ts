/** The program `drain` under each shell and awk, on ledgers that are made by hand. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { filterOf, type Listener } from "../../src/core/disk/listeners.ts";
import { text } from "../../src/core/start/drain.sh.ts";
import { SHELLS } from "../posix/support.ts";

const scratch = mkdtempSync(`${tmpdir()}/chore-drain-`);
after(() => rmSync(scratch, { recursive: true }));

const AWKS = ["awk", "busybox awk"];

const OWN = "01a1fc70-44ee-7058-9aa9-00000000000f";

function event(run: number, more: Readonly<Record<string, unknown>> = {}): string {
	const id = "01a1fc70-44ee-7058-9aa9-000000000001";
	return `${JSON.stringify({ at: "2026-12-24T18:00:00.000Z", event: "exited", id, run, name: "web", state: "failed", ...more })}\n`;
}

class Session {
	readonly folder: string = mkdtempSync(`${scratch}/it's a `);
	readonly ledger: string = `${this.folder}/ledger.jsonl`;
	readonly listener: string = `${this.folder}/listeners/pg`;

	constructor(filter: Partial<Listener> = {}) {
		for (const name of ["listeners/pg", "cursors", "bin"]) mkdirSync(`${this.folder}/${name}`, { recursive: true });
		const which = filterOf({ on: ["exited", "lost"], states: null, job: null, ...filter });
		writeFileSync(`${this.listener}/filter`, `${which.join("\n")}\n"id":"${OWN}"\n`);
		writeFileSync(`${this.folder}/drain`, text);
		writeFileSync(this.ledger, "");
	}

	/** Runs it once. @returns the runs that it gave, a list for each portion, and its exit code */
	drain(shell: readonly string[] = ["/bin/sh"], awk = "awk", command = 'cat >>"$0"; echo - >>"$0"') {
		const given = `${this.folder}/given`;
		rmSync(given, { force: true });
		writeFileSync(`${this.folder}/bin/awk`, `#!/bin/sh\nexec /usr/bin/${awk} "$@"\n`);
		chmodSync(`${this.folder}/bin/awk`, 0o700);
		const words = [...shell.slice(1), `${this.folder}/drain`, this.listener, "", "/bin/sh", "-c", command, given];
		const { status, stderr } = spawnSync(shell[0] ?? "", words, { env: { PATH: `${this.folder}/bin:/usr/bin:/bin` }, encoding: "utf8" });
		assert.equal(stderr, "");
		const portions = existsSync(given) ? readFileSync(given, "utf8").split("-\n").slice(0, -1) : [];
		const runs = portions.map((portion) =>
			portion
				.trimEnd()
				.split("\n")
				.map((line) => JSON.parse(line).run ?? "gap"),
		);
		return { runs, status, place: existsSync(this.cursor) ? readFileSync(this.cursor, "utf8").trim() : "" };
	}

	readonly cursor: string = `${this.folder}/cursors/pg`;
}

for (const [name, shell, skip] of SHELLS) {
	test(`a listener is given each event once it is whole, and has it after exit code 0, under ${name}`, { skip }, () => {
		const session = new Session();
		assert.deepEqual(session.drain(shell), { runs: [], status: 0, place: "1:0" });
		appendFileSync(session.ledger, event(1) + event(2).slice(0, -9));
		assert.deepEqual(session.drain(shell, "awk", "exit 7"), { runs: [], status: 7, place: "1:0" });
		assert.deepEqual(session.drain(shell).runs, [[1]]);
		appendFileSync(session.ledger, event(2).slice(-9));
		const { runs, place } = session.drain(shell);
		assert.deepEqual([runs, place], [[[2]], `1:${event(1).length * 2}`]);
		renameSync(session.ledger, `${session.folder}/ledger.1.jsonl`);
		assert.equal(session.drain(shell).status, 0);
		writeFileSync(session.ledger, event(3));
		assert.deepEqual(session.drain(shell).runs, [[3]]);
		assert.deepEqual(session.drain(shell), { runs: [], status: 0, place: `2:${event(3).length}` });
		renameSync(session.ledger, `${session.folder}/ledger.2.jsonl`);
		writeFileSync(session.ledger, event(4));
		renameSync(session.ledger, `${session.folder}/ledger.3.jsonl`);
		for (const number of [1, 2]) rmSync(`${session.folder}/ledger.${number}.jsonl`);
		assert.deepEqual(session.drain(shell).runs, [["gap", 4]]);
	});
}

for (const awk of AWKS) {
	test(`what is not for a listener is left out, and what was told twice is given once, with ${awk}`, () => {
		const session = new Session({ states: ["failed", "lost"], job: "w?b.*" });
		const told = [
			event(1, { name: "web.a" }),
			event(1, { name: "web.a", at: "2026-12-24T18:00:00.001Z" }),
			event(2, { name: "webxa" }),
			event(3, { name: "web.b", state: "succeeded" }),
			event(4, { name: "web.b", event: "created", command: ['{"at":"","event":"exited"', 'x,"state":"failed"'] }),
			event(5, { name: "web.c", event: "lost", state: "lost" }),
			event(6, { name: "web.c", id: OWN }),
			event(7, { name: "web.c" }).slice(0, 60) + event(8, { name: "web.c", reason: 'it said "{\\"at\\":" é' }),
			"\n",
			event(9, { name: "web.c" }),
		];
		writeFileSync(session.ledger, told.join(""));
		assert.deepEqual(session.drain(["/bin/sh"], awk), { runs: [[1, 5, 8, 9]], status: 0, place: `1:${Buffer.byteLength(told.join(""))}` });
	});

	test(`a portion has 500 events at most, and those that were taken are not given again, with ${awk}`, () => {
		const session = new Session();
		writeFileSync(session.ledger, Array.from({ length: 1201 }, (_, run) => event(run)).join(""));
		const failing = 'grep -q \'"run":700,\' && exit 3; echo >>"$0"';
		assert.equal(session.drain(["/bin/sh"], awk, failing).status, 3);
		assert.deepEqual(
			session.drain(["/bin/sh"], awk).runs.map((runs) => [runs[0], runs.length]),
			[
				[500, 500],
				[1000, 201],
			],
		);
	});
}

test("an event that is told while the last portion is given is given by the same run", () => {
	const session = new Session();
	writeFileSync(session.ledger, event(1));
	const line = event(2).trimEnd();
	const late = `cat >>"$0"; echo - >>"$0"; [ -e late ] || { echo '${line}' >>'${session.ledger.replace("'", "'\\''")}'; : >late; }`;
	assert.deepEqual(session.drain(["/bin/sh"], "awk", `cd "\${0%/*}" && ${late}`).runs, [[1], [2]]);
});
