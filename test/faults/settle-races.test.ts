/** Several processes that settle one run at once, each by what it has read: all report the same end. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { LedgerEvent } from "../../src/core/disk/ledger.ts";
import type { Job } from "../../src/core/job.ts";
import { type Chore, openChore } from "../../src/index.ts";
import { Cli } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { intercept, interfere } from "../support/intercept.ts";
import { Other } from "../support/other.ts";

const LONG = { timeout: 600_000 };

/** A job that has ended and is not settled, by a record that does not say whether a stop was asked for, as whoever recorded it was killed then. */
async function unseenEnd(cli: Cli): Promise<string> {
	const id = await cli.begin("-c", "exit 3");
	const folder = cli.runFolder(id);
	await eventually("its end is recorded and told", () => existsSync(`${folder}/told`));
	assert.equal(existsSync(`${folder}/end.json`), false);
	rmSync(`${folder}/told`);
	writeFileSync(`${folder}/exit`, readFileSync(`${folder}/exit`, "utf8").replace("asked=no ", ""));
	const ledger = `${cli.state}/default/ledger.jsonl`;
	const isOther = (line: string): boolean => !line.includes(id) || !line.includes('"exited"');
	writeFileSync(ledger, readFileSync(ledger, "utf8").split("\n").filter(isOther).join("\n"));
	return id;
}

function endsIn(cli: Cli, id: string): readonly string[] {
	return readFileSync(`${cli.state}/default/ledger.jsonl`, "utf8")
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line) as LedgerEvent)
		.filter((event) => event.id === id && event.event === "exited")
		.map(({ at: _, ...event }) => JSON.stringify(event));
}

async function open(cli: Cli): Promise<Chore> {
	return openChore({ home: cli.state, platform: "posix" });
}

test("two processes that settle one run, one before and one after a stop request, report the same end", LONG, async () => {
	await using cli = new Cli();
	await using chore = await open(cli);
	using another = new Other(cli.folder, cli.environment);
	const told = new Set<string>();
	for (let step = 1; ; step++) {
		const id = await unseenEnd(cli);
		let other: Job | undefined;
		using interference = interfere(id, (reached) => {
			if (reached !== step) return;
			writeFileSync(`${cli.runFolder(id)}/stop`, JSON.stringify({ at: "", uptimeSeconds: 0, by: "somebody", graceMs: 0 }));
			const { stdout } = another.run("--json", "ps", "-a");
			other = (JSON.parse(stdout) as Job[]).find((one) => one.id === id);
		});
		const job = await chore.get(id);
		interference[Symbol.dispose]();
		if (other === undefined) break;
		assert.equal(JSON.stringify(job), JSON.stringify(other), `step ${step}`);
		assert.equal(new Set(endsIn(cli, id)).size, 1, `step ${step}: ${endsIn(cli, id)}`);
		assert.equal(existsSync(`${cli.state}/default/active/${id}`), false, `step ${step}`);
		told.add(job.state);
	}
	assert.deepEqual([...told].sort(), ["failed", "stopped"], "the stop came before the end was judged, and after");
});

test("when a process dies after it wrote an end and before the event, the next command writes the event", LONG, async () => {
	await using cli = new Cli();
	await using chore = await open(cli);
	const id = await unseenEnd(cli);
	const before = endsIn(cli, id).length;
	using stuck = intercept("openSync", (original) => (path, ...more) => {
		if (String(path).endsWith("ledger.jsonl") && existsSync(`${cli.runFolder(id)}/end.json`)) throw new Error("killed here");
		return original(path, ...more);
	});
	await assert.rejects(chore.get(id), /killed here/);
	stuck[Symbol.dispose]();
	const job = await cli.job(id);
	assert.deepEqual([job.state, endsIn(cli, id).length], ["failed", before + 1]);
	assert.equal(existsSync(`${cli.state}/default/active/${id}`), false);
});

test("a stop mark is complete whenever it is visible, and the first one counts", LONG, async () => {
	await using cli = new Cli();
	await using chore = await open(cli);
	const id = await cli.begin("sleep", "600");
	const path = `${cli.runFolder(id)}/stop`;
	const seen = new Set<string>();
	using interference = interfere(id, () => {
		if (existsSync(path)) seen.add(readFileSync(path, "utf8").trim());
	});
	const [one, other] = await Promise.all([chore.stop(id, { graceMs: 4321 }), chore.stop(id, { graceMs: 1234 })]);
	interference[Symbol.dispose]();
	assert.deepEqual([one.state, JSON.stringify(other)], ["stopped", JSON.stringify(one)]);
	assert.equal(seen.size, 1, [...seen].join("\n"));
	assert.equal((JSON.parse([...seen][0] ?? "") as { graceMs: number }).graceMs, 4321);
});
