/** Programs of the system that cannot be run, hang, or leave a process behind. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runProgram } from "../../platform/program.ts";
import { PATIENCE } from "../support/cli.ts";
import { kill } from "../support/eventually.ts";

/** Imports the modules under test in a process of its own. */
const LOAD = ["platform/program", "platform/launchd/launchctl", "platform/systemd/linger", "src/core/prepare/login-environment"]
	.map((name) => `import * as ${name.replaceAll(/\W/g, "_")} from ${JSON.stringify(new URL(`../../${name}.js`, import.meta.url).href)};`)
	.join("\n");

test("the end of a program has its exit code or signal, and all of its output", async () => {
	assert.deepEqual(await runProgram("/bin/sh", ["-c", "echo out; echo err >&2; exit 3"]), {
		...{ kind: "ended", code: 3, signal: null, out: Buffer.from("out\n"), err: Buffer.from("err\n") },
	});
	const killed = await runProgram("/bin/sh", ["-c", "kill -TERM $$"]);
	assert.deepEqual(killed.kind === "ended" && [killed.code, killed.signal], [null, "SIGTERM"]);
	for (const program of ["/nowhere", "/etc/passwd", "no\0name"]) assert.equal((await runProgram(program, [])).kind, "not run", program);
});

test("a program that cannot be run because no descriptor is left is an error in the words of its caller", PATIENCE, () => {
	const code = `${LOAD}
		import { openSync } from "node:fs";
		try { for (;;) openSync("/dev/null"); } catch {}
		const words = [(await platform_program.runProgram("/bin/true", [])).kind];
		const told = (error) => words.push(error.code + " " + error.cause?.code);
		await new platform_launchd_launchctl.Launchctl("/bin/true").call("print").catch(told);
		await platform_systemd_linger.enableLinger().catch(told);
		await src_core_prepare_login_environment.loginEnvironment({ shell: "/bin/sh" }).catch(told);
		process.stdout.write(JSON.stringify(words));`;
	const line = 'ulimit -n 60; exec "$0" --input-type=module -e "$1"';
	const { stdout, stderr } = spawnSync("/bin/sh", ["-c", line, process.execPath, code], { encoding: "utf8" });
	const wanted = ["not run", "PLATFORM_UNAVAILABLE EMFILE", "PLATFORM_FAILED EMFILE", "COMMAND_NOT_EXECUTABLE EMFILE"];
	assert.deepEqual(stdout === "" ? stderr : JSON.parse(stdout), wanted);
});

test(
	"a program that is overdue is killed, and a process that holds its output open does not keep the caller running",
	PATIENCE,
	async () => {
		const folder = mkdtempSync(join(tmpdir(), "chore-program-"));
		try {
			const line = `setsid sh -c 'echo $$ >"$0"; exec sleep 1000' '${folder}/pid' & while :; do sleep 1; done`;
			const code = `${LOAD}
			const end = platform_program.runProgram("/bin/sh", ["-c", ${JSON.stringify(line)}], { apart: true, patienceMs: 2000 });
			process.stdout.write((await end).kind);`;
			const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
			let said = "";
			child.stdout.on("data", (data) => {
				said += data;
			});
			// It ends by itself, although sleep(1) lives and has the write end of its pipe.
			await once(child, "close");
			assert.deepEqual([said, kill(Number(readFileSync(`${folder}/pid`, "utf8")), "SIGKILL")], ["overdue", true]);
		} finally {
			rmSync(folder, { recursive: true, force: true });
		}
	},
);
