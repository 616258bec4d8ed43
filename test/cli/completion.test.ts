/** Completion: what chore offers, and that the real shells offer just that. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { program } from "../../src/cli/program.ts";
import { assertNoBug, Cli, type Outcome, PATIENCE } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";

/** Compiled tests are one folder deeper than their sources. */
const SUPPORT = fileURLToPath(new URL("../../../test/support", import.meta.url));
const BASH_COMPLETION = "/usr/share/bash-completion/bash_completion";

/** What only the user knows. A new option with a value belongs here, or must be completed. */
const FREE: readonly string[] = [
	..."--command --name --unit --description --tag --setenv --unset --slice --uid --gid --timeout --restart-delay --restart-max".split(" "),
	..."--grace --memory --cpus --tasks --nice --lines --run".split(" "),
	..."--older-than --keep-jobs --keep-bytes".split(" "),
	..."--header --data --expect --retries --max-time".split(" "),
	..."--every --on-active --on-boot --on-startup --on-unit-active --on-unit-inactive --when --jitter --keep-runs --next --trigger".split(
		" ",
	),
	..."--cursor --max --commit-to --job --otlp".split(" "),
	..."--reached-by --sessions --only --listen".split(" "),
];

interface Offer {
	readonly how: string;
	readonly words: readonly string[];
	readonly about: ReadonlyMap<string, string>;
}

/** What chore offers for the last of these words. The shells below ask the program itself. */
async function offered(cli: Cli, ...words: readonly string[]): Promise<Offer> {
	const outcome = await cli.call("__complete", "--", ...words);
	assert.deepEqual([outcome.status, outcome.stderr], [0, ""], words.join(" "));
	const [how = "", ...lines] = outcome.stdout.replace(/\n$/, "").split("\n");
	const rows = lines.map((line) => line.split("\t"));
	for (const row of rows) assert.equal(row.length, 2, JSON.stringify(row));
	return { how, words: rows.map(([word = ""]) => word), about: new Map(rows.map(([word = "", about = ""]) => [word, about])) };
}

describe("what chore offers", () => {
	test("each command and alias is offered, with what it does", PATIENCE, async () => {
		await using cli = new Cli();
		const { words, about } = await offered(cli, "");
		const chore = program();
		const commands = chore.createHelp().visibleCommands(chore);
		assert.deepEqual(
			words,
			commands.flatMap((command) => [command.name(), ...command.aliases()]),
		);
		assert.equal(about.get("ps"), chore.commands.find((command) => command.name() === "ps")?.summary());
		assert.deepEqual((await offered(cli, "help", "st")).words, ["status", "stop", "start"]);
		assert.deepEqual((await offered(cli, "--json", "sto")).words, ["stop"]);
		assert.deepEqual((await offered(cli, "schedule", "im")).words, ["import"]);
		assert.deepEqual((await offered(cli, "help", "schedule", "")).words, ["import"]);
		assert.deepEqual((await offered(cli, "schedule", "import", "--us")).words, ["--user-column"]);
		assert.equal((await offered(cli, "schedule", "import", "")).how, "files");
	});

	test("each option of each command is offered, and none that is refused", PATIENCE, async () => {
		await using cli = new Cli();
		const chore = program();
		for (const command of [chore, ...chore.commands]) {
			const verb = command === chore ? [] : [command.name()];
			const options = command.createHelp().visibleOptions(command);
			const wanted = options.flatMap(({ long, short }) => [long, short]).filter((flag) => flag !== undefined);
			assert.deepEqual([...(await offered(cli, ...verb, "-")).words].sort(), wanted.sort(), command.name());
		}
	});

	test("the value of each option is offered, but for those that only the user knows", PATIENCE, async () => {
		await using cli = new Cli();
		await cli.begin("true"); // there is a session
		await cli.call("host", "add", "build", "ssh://build.example");
		const chore = program();
		for (const command of chore.commands) {
			for (const { long = "", required } of command.createHelp().visibleOptions(command)) {
				if (!required || long === "--property" || long === "--timer-property") continue; // of systemd only
				const { how, words } = await offered(cli, command.name(), long, "");
				const isOffered = words.length > 0 || how !== "";
				assert.equal(isOffered, !FREE.includes(long), `${command.name()} ${long}: ${JSON.stringify({ how, words })}`);
			}
		}
	});

	test("the values are what the options take", PATIENCE, async () => {
		await using cli = new Cli();
		const of = async (...words: readonly string[]) => (await offered(cli, ...words)).words;
		assert.deepEqual(await of("run", "--restart", ""), ["no", "on-failure", "always"]);
		assert.deepEqual(await of("run", "--restart=o"), ["--restart=on-failure"]);
		assert.deepEqual(await of("run", "--output=s"), ["--output=split"]);
		assert.deepEqual(await of("run", "-n", "x", "--if-running", "re"), ["replace"]);
		assert.deepEqual(await of("--platform", "po"), ["posix"]);
		assert.deepEqual(await of("kill", "-s", "TER"), ["TERM"]);
		assert.deepEqual(await of("kill", "-sTER"), ["-sTERM"]);
		assert.deepEqual(await of("kill", "--signal=SIGTE"), ["--signal=SIGTERM"]);
		assert.deepEqual(await of("run", "--stop-signal", "KI"), []);
		assert.deepEqual(await of("ps", "--state", "running,run"), []);
		assert.deepEqual(await of("ps", "--state", "running,fa"), ["running,failed"]);
		assert.deepEqual(await of("request", "-X", "P"), ["POST", "PUT", "PATCH"]);
		assert.equal((await offered(cli, "request", "--header-file", "")).how, "files");
		assert.deepEqual(await of("completion", ""), ["bash", "zsh", "fish"]);
		assert.equal((await offered(cli, "run", "--env-file", "x")).how, "files");
		assert.equal((await offered(cli, "run", "--working-directory=x")).how, "directories");
		assert.deepEqual([(await offered(cli, "run", "--stdin", "")).how, await of("run", "--stdin", "f")], ["files", ["fifo"]]);
	});

	test("what follows the program of a job is that program's", PATIENCE, async () => {
		await using cli = new Cli();
		const how = async (...words: readonly string[]) => (await offered(cli, ...words)).how;
		assert.equal(await how("run", ""), "program 2");
		assert.equal(await how("run", "ma"), "program 2");
		assert.equal(await how("run", "make", "--al"), "program 2");
		assert.equal(await how("--json", "run", "-n", "x", "--timeout=3", "--", "make", "-"), "program 7");
		assert.equal(await how("run", "-dn", "x", "make", ""), "program 4");
		assert.equal(await how("run", "-c", "make test", ""), "");
		assert.equal(await how("stop", "--", ""), "");
	});

	test("jobs are offered by name and tail of the id, those that a command is for", PATIENCE, async () => {
		await using cli = new Cli();
		const tail = (id: string) => id.slice(-8);
		const old = await cli.begin("-n", "test", "false");
		await cli.chore("wait", old);
		const again = await cli.begin("-n", "test", "true");
		await cli.chore("wait", again);
		const web = await cli.begin("-n", "web", "sleep", "600");
		const [webTail, oldTail, againTail] = [tail(web), tail(old), tail(again)];
		const stop = await offered(cli, "stop", "");
		assert.deepEqual(stop.words, ["web", webTail]);
		assert.deepEqual([stop.about.get("web"), stop.about.get(webTail)], ["active", "web, active"]);
		const start = await offered(cli, "start", "");
		assert.deepEqual(start.words, ["test", againTail, oldTail]);
		assert.deepEqual([start.about.get("test"), start.about.get(oldTail)], ["succeeded", "test, failed, code 1"]);
		assert.deepEqual((await offered(cli, "rm", "")).words, ["test", "web", againTail, oldTail, webTail]);
		assert.deepEqual((await offered(cli, "logs", "")).words, ["web", "test", webTail, againTail, oldTail]);
		// What was given already is not offered again, and a command for one job has enough of one.
		assert.deepEqual((await offered(cli, "wait", "web", "te")).words, ["test"]);
		assert.deepEqual((await offered(cli, "logs", "web", "")).words, []);
		assert.deepEqual((await offered(cli, "start", tail(old).slice(0, 5))).words.includes(oldTail), true);
	});

	test("a job that ended unseen is not offered to be stopped, and is not settled by that", PATIENCE, async () => {
		await using cli = new Cli();
		const id = await cli.begin("-n", "short", "true");
		await eventually(
			"its end is recorded",
			() => readFileSync(`${cli.runFolder(id)}/exit`, "utf8").trim(),
			(seen) => seen !== "",
		);
		assert.deepEqual((await offered(cli, "stop", "")).words, []);
		assert.equal((await offered(cli, "start", "")).about.get("short"), "ended");
		assert.equal(existsSync(`${cli.runFolder(id)}/end.json`), false);
	});

	test("what is said about a job moves no cursor and breaks no line", PATIENCE, async () => {
		await using cli = new Cli();
		const id = await cli.begin("-n", "evil", "false");
		await cli.chore("wait", id);
		const path = `${cli.runFolder(id)}/end.json`;
		const end = JSON.parse(readFileSync(path, "utf8"));
		writeFileSync(path, JSON.stringify({ ...end, signal: "\u001b[31m$(touch executed)\n\tx\u202e" }));
		const { words, about } = await offered(cli, "start", "");
		assert.deepEqual(words, ["evil", id.slice(-8)]);
		assert.equal(about.get("evil"), "failed, \\x1b[31m$(touch executed)\\n\\tx\\u202e");
	});

	test("of many jobs the newest are offered, and any by the beginning of its name", PATIENCE, async () => {
		await using cli = new Cli();
		const id = await cli.begin("-n", "first", "true");
		await cli.chore("wait", id);
		const end = JSON.parse(readFileSync(`${cli.runFolder(id)}/end.json`, "utf8"));
		for (let number = 0; number < 300; number++) {
			const copy = `02${id.slice(2, -4)}${number.toString(16).padStart(4, "0")}`;
			mkdirSync(`${cli.jobFolder(copy)}/runs/1`, { recursive: true });
			writeFileSync(`${cli.jobFolder(copy)}/runs/1/end.json`, JSON.stringify({ ...end, id: copy, name: `copy-${number}` }));
		}
		const all = (await offered(cli, "logs", "")).words;
		assert.deepEqual([all.includes("copy-299"), all.includes("first")], [true, false]);
		assert.deepEqual((await offered(cli, "logs", "fi")).words, ["first"]);
	});

	test("the session that the line names is asked, and sessions are offered", PATIENCE, async () => {
		await using cli = new Cli();
		await cli.begin("--session", "other", "-n", "db", "sleep", "600");
		await cli.begin("-n", "web", "sleep", "600");
		assert.deepEqual((await offered(cli, "--session", "")).words, ["default", "other"]);
		assert.equal((await offered(cli, "--session", "other", "stop", "")).words[0], "db");
		assert.equal((await offered(cli, "stop", "--session=other", "")).words[0], "db");
		assert.deepEqual((await offered(cli, "--session", "nobody", "stop", "")).words, []);
	});

	test("whatever is wrong, it says nothing", PATIENCE, async () => {
		await using cli = new Cli();
		const quiet = async (env: Readonly<Record<string, string | undefined>>, ...words: readonly string[]) => {
			const outcome = await cli.run(["__complete", "--", ...words], { env });
			assert.deepEqual([outcome.status, outcome.stdout, outcome.stderr], [0, "", ""], JSON.stringify(env));
		};
		await quiet({ CHORE_HOME: "relative" }, "stop", "");
		await quiet({ CHORE_HOME: undefined, HOME: "relative" }, "stop", "");
		await quiet({ CHORE_SESSION: "../x" }, "stop", "");
		await quiet({ CHORE_PLATFORM: "none" }, "run", "-p", "");
		mkdirSync(`${cli.folder}/config/chore`, { recursive: true });
		writeFileSync(`${cli.folder}/config/chore/config.toml`, "= = =");
		await quiet({ XDG_CONFIG_HOME: `${cli.folder}/config` }, "stop", "");
		writeFileSync(`${cli.folder}/open`, "");
		await quiet({ CHORE_HOME: `${cli.folder}/open` }, "stop", "");
		for (const words of [[], ["frobnicate", ""], ["run", "--frob=x"], ["stop", "--grace", ""], ["send", "x", ""]])
			assertNoBug(await cli.chore("__complete", "--", ...words));
	});
});

test("completion refuses a shell that it does not know", PATIENCE, async () => {
	await using cli = new Cli();
	const outcome = await cli.chore("completion", "tcsh");
	assert.equal(outcome.status, 2);
	assert.match(outcome.stderr, /tcsh|bash, zsh, fish/);
	assert.equal((await cli.chore("completion")).status, 2);
});

/** How a shell is asked what it offers behind lines. */
interface Shell {
	readonly name: string;
	readonly skip: string | false;
	offers(cli: Cli, lines: readonly string[]): Promise<readonly (readonly string[])[]>;
}

function skipWithout(program: string): string | false {
	return spawnSync(program, ["--version"]).error === undefined ? false : `${program} is not installed`;
}

function sections(outcome: Outcome): readonly (readonly string[])[] {
	assert.equal(outcome.status, 0, outcome.stderr);
	assert.equal(outcome.stderr, "");
	const parts = outcome.stdout.split(/^===\n/m);
	return parts.slice(0, -1).map((part) => part.split("\n").slice(0, -1));
}

async function install(cli: Cli, shell: string, file: string): Promise<string> {
	const { status, stdout } = await cli.chore("completion", shell);
	assert.equal(status, 0);
	return cli.file(file, stdout, 0o644);
}

const bash: Shell = {
	name: "bash",
	skip: skipWithout("bash"),
	async offers(cli, lines) {
		const script = await install(cli, "bash", "chore.bash");
		return sections(await cli.spawn(["bash", "--norc", `${SUPPORT}/completions.bash`, script, ...lines]).ended);
	},
};

const bashWithPackage: Shell = {
	name: "bash with bash-completion",
	skip: bash.skip || (existsSync(BASH_COMPLETION) ? false : "bash-completion is not installed"),
	async offers(cli, lines) {
		const script = await install(cli, "bash", "chore.bash");
		const both = cli.file("both.bash", `source ${BASH_COMPLETION}\nsource '${script}'\n`);
		return sections(await cli.spawn(["bash", "--norc", `${SUPPORT}/completions.bash`, both, ...lines]).ended);
	},
};

const zsh: Shell = {
	name: "zsh",
	skip: skipWithout("zsh"),
	async offers(cli, lines) {
		await install(cli, "zsh", "_chore");
		const asked = sections(await cli.spawn(["zsh", "-f", `${SUPPORT}/completions.zsh`, cli.folder, ...lines]).ended);
		return asked.map(([, ...words]) => words);
	},
};

const fish: Shell = {
	name: "fish",
	skip: skipWithout("fish"),
	async offers(cli, lines) {
		const script = await install(cli, "fish", "chore.fish");
		const ask = `source '${script}'; for line in $argv; complete -C $line; echo ===; end`;
		const asked = sections(await cli.spawn(["fish", "--no-config", "-c", ask, ...lines]).ended);
		return asked.map((lines) => lines.filter((line) => line !== "").map((line) => line.split("\t")[0] ?? ""));
	},
};

for (const shell of [bash, bashWithPackage, zsh, fish]) {
	describe(`completion in ${shell.name}`, { skip: shell.skip }, () => {
		/** fish and zsh take a word with its option whole; bash only what is behind the last `=`. */
		const whole = (option: string, ...words: readonly string[]) =>
			shell.name.startsWith("bash") ? words : words.map((word) => option + word);

		test("offers commands, options, their values, and jobs", PATIENCE, async () => {
			await using cli = new Cli();
			const web = await cli.begin("-n", "web", "sleep", "600");
			await cli.begin("--session", "other", "-n", "sql", "sleep", "600"); // no id ends like that
			const cases: readonly (readonly [line: string, words: readonly string[]])[] = [
				["chore st", ["status", "stop", "start"]],
				["chore stop ", ["web", web.slice(-8)]],
				["chore stop w", ["web"]],
				["chore --session other stop s", ["sql"]],
				["chore --session=other stop s", ["sql"]],
				["chore run --restart-", ["--restart-delay", "--restart-max"]],
				["chore run --restart ", ["no", "on-failure", "always"]],
				["chore run --restart=", whole("--restart=", "no", "on-failure", "always")],
				["chore run --restart=on", whole("--restart=", "on-failure")],
				["chore kill -s USR", ["USR1", "USR2"]],
				["chore --session ", ["default", "other"]],
				["chore completion ", ["bash", "zsh", "fish"]],
				["chore ps --state running,fa", ["running,failed"]],
			];
			const found = await shell.offers(
				cli,
				cases.map(([line]) => line),
			);
			for (const [index, [line, words]] of cases.entries()) assert.deepEqual(found[index], words, line);
		});

		test("neither executes nor shows foreign text from the state folder", PATIENCE, async () => {
			await using cli = new Cli();
			const id = await cli.begin("-n", "web", "sleep", "600");
			const marker = `${cli.directory}/executed`;
			const evil = [`$(touch executed)`, "`touch executed`", "a;touch executed", "new\nline", "\u001b[31mred", "'q\"", "--all", "a b", "*"];
			for (const name of evil) {
				for (const folder of ["names", "jobs", "active"]) mkdirSync(`${cli.state}/default/${folder}/${name}`, { recursive: true });
				mkdirSync(`${cli.state}/${name}/jobs`, { recursive: true });
				symlinkSync(id, `${cli.state}/default/names/${name}/1`);
			}
			for (const [index, name] of evil.entries()) {
				const other = `01a1fce9-eff1-761b-9c1e-74f3bd4c47${index.toString(16).padStart(2, "0")}`;
				mkdirSync(`${cli.jobFolder(other)}/runs/1`, { recursive: true });
				for (const file of ["job.json", "runs/1/run.json"]) {
					const record = JSON.parse(readFileSync(`${cli.jobFolder(id)}/${file}`, "utf8"));
					writeFileSync(`${cli.jobFolder(other)}/${file}`, JSON.stringify({ ...record, id: other, name }));
				}
			}
			const [jobs = [], sessions = [], all = []] = await shell.offers(cli, ["chore stop ", "chore --session ", "chore logs "]);
			assert.deepEqual(jobs, ["web", id.slice(-8)]);
			assert.deepEqual(sessions, ["default"]);
			assert.deepEqual(all, ["web", id.slice(-8)]);
			assert.equal(existsSync(marker), false);
		});

		test("offers files where an option takes one", PATIENCE, async () => {
			await using cli = new Cli();
			mkdirSync(`${cli.directory}/folder`);
			for (const name of ["settings", "set two"]) writeFileSync(`${cli.directory}/${name}`, "");
			const [stdin = [], file = [], behind = [], folder = []] = await shell.offers(cli, [
				"chore run --stdin ",
				"chore run --env-file set",
				"chore run --env-file=set",
				"chore run --working-directory fo",
			]);
			assert.ok(
				["null", "fifo", "settings"].every((word) => stdin.includes(word)),
				stdin.join(),
			);
			// In bash it is readline itself that does the rest: see the next test.
			if (shell.name.startsWith("bash")) return;
			assert.ok(file.includes("settings") && file.some((word) => /^set\\? two$/.test(word)), file.join());
			assert.ok(
				behind.some((word) => word.endsWith("settings")),
				behind.join(),
			);
			assert.ok(folder.some((word) => /^folder\/?$/.test(word)) && !folder.includes("settings"), folder.join());
		});

		test("offers programs after run, and then what is the program's own", PATIENCE, async () => {
			await using cli = new Cli();
			cli.file("bin/frobnicate-all", "#!/bin/sh\n", 0o755);
			const [programs = [], behind = []] = await shell.offers(cli, ["chore run frobn", "chore run -n x -- chore completion f"]);
			assert.ok(programs.includes("frobnicate-all"), programs.join());
			if (shell === bash) assert.deepEqual(behind, []);
			else
				assert.deepEqual(
					behind.map((word) => word.trim()),
					["fish"],
				);
		});
	});
}

test("bash-completion and fish find the script where the manual says to put it", PATIENCE, async (context) => {
	const skip = bashWithPackage.skip || fish.skip;
	if (skip !== false) return context.skip(skip);
	await using cli = new Cli();
	const places = { bash: "home/.local/share/bash-completion/completions/chore", fish: "home/.config/fish/completions/chore.fish" };
	for (const [shell, path] of Object.entries(places)) {
		mkdirSync(`${cli.folder}/${dirname(path)}`, { recursive: true });
		await install(cli, shell, path);
	}
	const loaded = await cli.spawn(["bash", "--norc", "-c", `source ${BASH_COMPLETION}; _completion_loader chore; complete -p chore`]).ended;
	assert.match(loaded.stdout, /-F _chore chore$/m, loaded.stderr);
	const offers = await cli.spawn(["fish", "-c", "complete -C 'chore sto'"]).ended;
	assert.match(offers.stdout, /^stop\t/m, offers.stderr);
});

describe("at a terminal", () => {
	/** What bash has made of each line after a Tab. */
	async function afterTab(cli: Cli, setUp: string, lines: readonly string[]): Promise<readonly string[]> {
		const answer = `${cli.folder}/answer`;
		const running = cli.spawn(["script", "-qfec", "bash --norc --noprofile -i", "/dev/null"], { input: null, env: { TERM: "dumb" } });
		const say = (text: string) => running.child.stdin?.write(text);
		say(`PS1=; ${setUp}; bind -x '"\\C-o": printf %s "$READLINE_LINE" >${answer}.new; mv ${answer}.new ${answer}'\n`);
		const became: string[] = [];
		for (const line of lines) {
			say(`${line}\t\u000f`);
			became.push(
				await eventually(`bash completed ${line}`, () => {
					const text = existsSync(answer) ? readFileSync(answer, "utf8") : undefined;
					if (text !== undefined) spawnSync("rm", [answer]);
					return text;
				}),
			);
			say("\u0015");
		}
		say("exit\n");
		running.child.stdin?.end();
		await running.ended;
		return became;
	}

	for (const [title, more] of [
		["bash", ":"],
		["bash with bash-completion", `source ${BASH_COMPLETION}`],
	] as const) {
		const skip = more !== ":" && !existsSync(BASH_COMPLETION) ? "bash-completion is not installed" : skipWithout("script");
		test(`${title} completes the line by eval of the script, files and all`, { ...PATIENCE, skip }, async () => {
			await using cli = new Cli();
			await cli.begin("-n", "web", "sleep", "600");
			mkdirSync(`${cli.directory}/folder`);
			writeFileSync(`${cli.directory}/settings`, "");
			const lines = [
				["chore sto", "chore stop "],
				["chore stop w", "chore stop web "],
				["chore run --restart=on", "chore run --restart=on-failure "],
				["chore run --env-file set", "chore run --env-file settings "],
				["chore run --env-file=set", "chore run --env-file=settings "],
				["chore run --working-directory fo", "chore run --working-directory folder/"],
				["chore run --stdin fi", "chore run --stdin fifo "],
				["chore run cat set", "chore run cat settings "],
			] as const;
			const became = await afterTab(
				cli,
				`${more}; eval "$(chore completion bash)"`,
				lines.map(([typed]) => typed),
			);
			assert.deepEqual(
				became,
				lines.map(([, wanted]) => wanted),
			);
		});
	}
});
