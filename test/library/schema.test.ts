/** The published JSON Schema, held against what the commands really print. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Printed } from "../../src/cli/json.ts";
import { begun } from "../support/begun.ts";
import { Cli, PATIENCE } from "../support/cli.ts";
import { exact, lenient, schema } from "../support/schema.ts";

test("the published schemas are those of the types", () => {
	const made = execFileSync(process.execPath, ["scripts/schema.mjs", "--print"], { encoding: "utf8" });
	for (const [name, wanted] of Object.entries(JSON.parse(made))) {
		assert.deepEqual(wanted, JSON.parse(readFileSync(`schema/${name}`, "utf8")), `schema/${name} is not up to date: npm run schema`);
	}
});

test("what the commands print is what the schema says, field by field", PATIENCE, async () => {
	await using cli = new Cli();
	const wrong: string[] = [];
	const seen = new Set<string>();
	const check = async (command: keyof Printed, ...words: readonly string[]): Promise<void> => {
		const { stdout, stderr } = await cli.run(["--json", ...words]);
		const text = command === "error" ? stderr : stdout;
		const isLines = ["events", "events --cursor", "wait --any"].includes(command);
		const values: readonly unknown[] = isLines
			? text
					.trim()
					.split("\n")
					.map((line) => JSON.parse(line))
			: [JSON.parse(text)];
		assert.ok(values.length > 0, command);
		seen.add(command);
		for (const value of values) {
			if (!exact({ [command]: value })) wrong.push(`${words.join(" ")}: ${JSON.stringify(exact.errors)}`);
			assert.ok(lenient({ [command]: value }));
		}
	};
	await check("run", "run", "-n", "web", "-d", "sleep", "60");
	await check("run", "run", "--wait", "-n", "bad", "-c", "exit 3");
	await check("request", "request", "--wait", "-n", "refused", "http://127.0.0.1:1/");
	await begun(() => cli.job("web"));
	await check("ps", "ps");
	await check("status", "status", "web", "bad", "refused");
	await check("pause", "pause", "web");
	await check("resume", "resume", "web");
	await check("kill", "kill", "-s", "WINCH", "web");
	await check("restart", "restart", "web");
	await begun(() => cli.job("web"));
	await check("status", "status", "web");
	await check("stop", "stop", "web");
	await check("start", "start", "bad");
	await check("wait", "wait", "bad");
	await check("set", "set", "bad", "--timeout", "9");
	await check("status", "status", "bad");
	await check("wait --any", "wait", "--any", "bad", "web");
	await check("schedule", "schedule", "bad");
	await check("schedule import", "schedule", "import", cli.file("crontab", "0 9 * * * echo\n@reboot echo\n"));
	await check("trigger", "trigger", "ls", "bad");
	await check("run", "run", "--every", "1min", "--wake", "tick", "-n", "ticked", "true");
	await check("schedule", "schedule", "--next", "2", "ticked");
	await check("tick", "tick", "--all");
	await check("rm", "rm", "bad");
	await check("prune", "prune", "--all", "--dry-run");
	await check("history", "history", "--all");
	await check("events", "events");
	await check("events --cursor", "events", "--cursor", "reader");
	await check("listen", "listen", "add", "sink", "--state", "failed", "--", "true");
	await check("listen test", "listen", "test", "sink");
	await check("listen", "listen", "ls");
	await check("serve --check", "serve", "--check");
	await check("doctor", "doctor");
	await check("cert init", "cert", "init");
	await check("cert new", "cert", "new", "alice");
	await check("cert", "cert", "ls");
	await check("host add", "host", "add", "build", "ssh://build.example");
	await check("host ls", "host", "ls");
	await check("host rm", "host", "rm", "build");
	await check("error", "status", "nobody");
	await check("error", "run", "--no-such-option");
	assert.deepEqual(wrong, []);
	const all = Object.keys(schema.properties as object);
	assert.deepEqual(
		all.filter((command) => !seen.has(command)),
		[],
		"each command was tried",
	);
});
