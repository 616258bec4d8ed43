/** The folder of a run that is over has no FIFO: programs that read all its files, such as grep(1), would wait there. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { Cli, PATIENCE } from "../support/cli.ts";
import { eventually, isEmpty, kill } from "../support/eventually.ts";

/** The names of the FIFOs in the folder of a run. */
function fifosOf(cli: Cli, id: string): readonly string[] {
	return readdirSync(cli.runFolder(id), { withFileTypes: true })
		.filter((entry) => entry.isFIFO())
		.map(({ name }) => name)
		.sort();
}

for (const [what, words] of [
	["that ends by itself", ["--", "true"]],
	["that fails, with an input", ["--stdin", "fifo", "--", "false"]],
	["that hits its limit", ["--timeout", "0.1s", "--", "sleep", "60"]],
	["that was started again", ["--restart", "always", "--restart-max", "2", "--restart-delay", "0", "--", "true"]],
	["that leaves something behind", ["-c", "trap '' TERM; sleep 60 & exit 3"]],
] as const) {
	test(`all files of a run ${what} can be read`, PATIENCE, async () => {
		await using cli = new Cli();
		const id = await cli.begin("--grace", "0.2s", "-n", "web", ...words);
		await cli.chore("wait", "web");
		await eventually("no FIFO is left", () => fifosOf(cli, id), isEmpty);
		assert.equal((await cli.shell(`cat '${cli.runFolder(id)}'/*`)).status, 0);
		assert.ok((await cli.job("web")).endedAt);
	});
}

test("all files of a stopped run can be read, and it has no FIFO", PATIENCE, async () => {
	await using cli = new Cli();
	const { id } = await cli.begun("--stdin", "fifo", "-n", "web", "-c", "sleep 60 & sleep 60");
	assert.deepEqual(fifosOf(cli, id), ["alive", "control", "stdin"]);
	const [one, other] = await Promise.all([cli.chore("stop", "web"), cli.chore("stop", "web")]);
	assert.deepEqual([one.status, other.status, fifosOf(cli, id)], [0, 0, []], one.stderr + other.stderr);
	assert.equal((await cli.chore("send", "web", "text")).status, 3);
});

for (const [what, words] of [
	["", []],
	[" and that has an input", ["--stdin", "fifo"]],
	[" and that has a time limit", ["--timeout", "1h"]],
] as const) {
	test(
		`a run whose shell was killed${what} leaves nothing once a command has found it lost, and all its files can be read`,
		PATIENCE,
		async () => {
			await using cli = new Cli();
			const { id, pid } = await cli.begun("-n", "web", ...words, "sleep", "60");
			const [shim = 0] = (await cli.shell(`cat '${cli.runFolder(id)}/pid'`)).stdout.trim().split(" ").map(Number);
			kill(shim, "SIGKILL");
			await eventually("it is seen to be on its own", async () => (await cli.job("web")).reason !== null);
			assert.ok(fifosOf(cli, id).includes("alive"), "that it has no writer is how it is known");
			kill(pid, "SIGKILL");
			await eventually("it is lost", async () => (await cli.job("web")).state, "lost");
			assert.deepEqual(fifosOf(cli, id), []);
			assert.equal((await cli.job("web")).state, "lost");
			await eventually("no process of it is left", () => cli.processes(), isEmpty);
		},
	);
}

test("a process that has the FIFO open learns of the end although the FIFO is removed", PATIENCE, async () => {
	await using cli = new Cli();
	const { id, pid } = await cli.begun("-n", "web", "sleep", "60");
	const reader = cli.spawn(["cat", `${cli.runFolder(id)}/alive`]);
	const waiter = cli.start(["wait", "web"]);
	kill(pid, "SIGTERM");
	assert.equal((await reader.ended).status, 0);
	assert.equal((await waiter.ended).status, 143);
});
