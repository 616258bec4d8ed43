/** The doctor: what it says of a sound place, of each thing that is wrong, and that what it tells to do mends it. */
import assert from "node:assert/strict";
import {
	appendFileSync,
	chmodSync,
	chownSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { describe, test } from "node:test";
import type { Finding, Report } from "../../src/index.ts";
import { begun } from "../support/begun.ts";
import { assertNoBug, Cli, type HowToRun, PATIENCE, skipUnlessRoot } from "../support/cli.ts";
import { eventually, isEmpty, kill } from "../support/eventually.ts";

/** Longer ago than any command takes. */
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000);

/** What the doctor reports, whose exit status must say the same. */
async function examine(cli: Cli, how: HowToRun = {}, ...words: readonly string[]): Promise<Report> {
	const outcome = await cli.run(["--json", "doctor", ...words], how);
	assertNoBug(outcome);
	assert.equal(outcome.stderr, "");
	const report = JSON.parse(outcome.stdout) as Report;
	assert.equal(outcome.status, report.well ? 0 : 1);
	assert.equal(
		report.well,
		report.findings.every(({ level }) => level !== "problem"),
	);
	const findings = report.findings.filter((finding) => !isOfMachine(finding));
	return { ...report, findings, well: findings.every(({ level }) => level !== "problem") };
}

/** Of the machine and not of the test: how much space it has, whether in memory, and what other tests have at work. */
function isOfMachine({ kind, what }: Finding): boolean {
	return kind === "stray" || (kind === "disk" && /hardly any space|in memory/.test(what));
}

/** The one thing that needs attention. */
async function onlyProblem(cli: Cli, how: HowToRun = {}, ...words: readonly string[]): Promise<Finding> {
	const problems = (await examine(cli, how, ...words)).findings.filter(({ level }) => level === "problem");
	assert.equal(problems.length, 1, JSON.stringify(problems));
	const [problem] = problems;
	assert.ok(problem);
	return problem;
}

/** Does what the finding says. */
async function mend(cli: Cli, { cure }: Finding): Promise<void> {
	assert.ok(cure !== null);
	const { status, stderr } = await cli.shell(cure);
	assert.ok(status === 0 || (cure.startsWith("chore status") && status === 3), `${cure}: ${stderr}`);
}

async function ended(cli: Cli, name: string): Promise<string> {
	const id = await cli.begin("-n", name, "true");
	await cli.chore("wait", id);
	return id;
}

describe("without problems", () => {
	test("the doctor reports none, and leaves nothing of its self-test", PATIENCE, async () => {
		await using cli = new Cli();
		await ended(cli, "done");
		await cli.begun("-n", "web", "sleep", "600");
		const before = await cli.shell("find . | sort", { directory: cli.state });
		const report = await examine(cli);
		assert.deepEqual([report.well, report.findings], [true, []]);
		assert.deepEqual(
			report.sessions.map(({ name, jobs, active, bytes }) => [name, jobs, active, bytes > 2000]),
			[["default", 2, 1, true]],
		);
		assert.deepEqual(
			[report.paths, report.locations[0]],
			[
				{ state: cli.state, session: `${cli.state}/default` },
				{ name: "state", path: cli.state, kind: "folder", mode: "0700", owner: process.geteuid?.() },
			],
		);
		assert.ok(report.disk !== null && report.disk.freeBytes > 0);
		assert.match(report.release, /Linux \d/);
		const [systemd, launchd, posix] = report.platforms;
		assert.deepEqual([systemd?.available, systemd?.used, systemd?.capabilities], [false, false, null]);
		assert.match(systemd?.reason ?? "", /no message bus|no systemd/);
		assert.ok(systemd?.locations.some(({ name, path }) => name === "bus" && path.endsWith("/bus")));
		assert.deepEqual([launchd?.available, launchd?.used, launchd?.reason], [false, false, "this system has no launchd"]);
		assert.deepEqual(
			launchd?.locations.map(({ name, path, kind }) => [name, path, kind]),
			[["launchctl", "/bin/launchctl", "missing"]],
		);
		assert.deepEqual([posix?.available, posix?.used, posix?.error], [true, true, null]);
		assert.match(posix?.lacking["memoryLimit"] ?? "", /systemd/);
		assert.equal(report.selfTest?.platform, "posix");
		assert.equal(report.selfTest?.checks.length, 4);
		assert.ok(report.selfTest?.checks.every(({ problem }) => problem === null));
		assert.ok(report.selfTest?.where.startsWith(`${cli.state}/.doctor-`));
		assert.equal((await cli.shell("find . | sort", { directory: cli.state })).stdout, before.stdout);
		await eventually("only the job and its shell are left", () => cli.processes().length, 2);
	});

	test("a self-test that has no folder is a finding", PATIENCE, async () => {
		await using cli = new Cli({ CHORE_HOME: "/dev/null/state", TMPDIR: "/dev/null/temporary" });
		const outcome = await cli.chore("--json", "doctor");
		assertNoBug(outcome);
		const { selfTest, findings } = JSON.parse(outcome.stdout) as Report;
		const finding = findings.find(({ kind }) => kind === "self-test");
		assert.deepEqual([outcome.status, selfTest], [1, null], outcome.stderr);
		assert.match(finding?.what ?? "", /^there is no folder for a self-test: ENOTDIR.*\/dev\/null\/temporary/);
		assert.equal(finding?.cure, "TMPDIR chooses another folder for temporary files");
	});

	test("the report is text that can be pasted: without colours and without the path of the home", PATIENCE, async () => {
		await using cli = new Cli();
		const state = `${cli.folder}/home/.local/state/chore`;
		const how = { env: { CHORE_HOME: undefined } };
		await cli.run(["run", "--wait", "true"], how);
		mkdirSync(`${state}/default/jobs/it's no job`);
		const { status, stdout } = await cli.run(["doctor"], how);
		assert.equal(status, 1);
		assert.ok(!stdout.includes("\u001b"));
		assert.ok(!stdout.includes(`${cli.folder}/home`), stdout);
		assert.match(stdout, /^ {2}state {8}~\/\.local\/state\/chore \(folder 0700, yours\); .* free$/m);
		assert.match(stdout, /^ {2}session {6}default: 1 job, 0 active, .*B$/m);
		assert.match(stdout, /^posix: used for new jobs\n {2}why /m);
		assert.match(stdout, /^ {2}cannot .*memory limit.*: only systemd/m);
		assert.match(stdout, /^self-test on posix: ok \(\d.*\)$/m);
		const cure = /^needs attention\n {2}! .* is no job\n {4}mend it: (rm -r .*)$/m.exec(stdout)?.[1];
		assert.equal(cure, "rm -r ~/'.local/state/chore/default/jobs/it'\\''s no job'");
		assert.equal((await cli.shell(cure ?? "", how)).status, 0);
		assert.equal((await cli.run(["doctor"], how)).status, 0);
		const painted = await cli.terminal("chore doctor", 120, how);
		assert.ok(painted.stdout.includes("\u001b[1mposix"));
	});

	test("without a state folder none is made, and the self-test is done elsewhere", PATIENCE, async () => {
		await using cli = new Cli();
		const how = { env: { CHORE_HOME: `${cli.folder}/never/there`, TMPDIR: cli.directory } };
		const report = await examine(cli, how);
		assert.deepEqual([report.well, report.sessions], [true, []]);
		assert.ok(report.selfTest?.where.startsWith(`${cli.directory}/chore.doctor-`), report.selfTest?.where);
		assert.deepEqual([existsSync(`${cli.folder}/never`), readdirSync(cli.directory)], [false, []]);
	});

	test("--no-test skips the self-test", PATIENCE, async () => {
		await using cli = new Cli();
		assert.equal((await examine(cli, {}, "--no-test")).selfTest, null);
	});

	test("notes do not change the exit status", PATIENCE, async () => {
		await using cli = new Cli();
		const id = await cli.begin("-n", "web", "sleep", "600");
		const path = `${cli.runFolder(id)}/run.json`;
		const run = JSON.parse(readFileSync(path, "utf8"));
		writeFileSync(path, JSON.stringify({ ...run, place: { ...run.place, pidNamespace: "pid:[1]" } }));
		const newer = await ended(cli, "newer");
		writeFileSync(`${cli.jobFolder(newer)}/job.json`, JSON.stringify({ format: 99 }));
		const { well, findings } = await examine(cli);
		assert.deepEqual([well, findings.map(({ kind }) => kind).sort()], [true, ["unreachable", "unreadable"]]);
		assert.match(findings.map(({ what }) => what).join(), /web .* another container/);
		assert.match(findings.map(({ what }) => what).join(), /newer version of chore wrote it \(format 99\)/);
	});
});

describe("the doctor reports a problem of the state folder with a command that repairs it", () => {
	const WRONG: Readonly<
		Record<string, { readonly make: (cli: Cli) => Promise<void>; readonly kind: Finding["kind"]; readonly said: RegExp }>
	> = {
		"a damaged job": {
			make: async (cli) => writeFileSync(`${cli.jobFolder(await ended(cli, "done"))}/job.json`, "{"),
			kind: "unreadable",
			said: /job\.json: it is damaged/,
		},
		"a damaged record of an end": {
			make: async (cli) => {
				const id = await cli.begin("true");
				await recorded(cli, id);
				writeFileSync(`${cli.runFolder(id)}/exit`, "nonsense");
			},
			kind: "unreadable",
			said: /true \(.{8}\): .*\/exit, .* is damaged/,
		},
		"a job that is over and still marked": {
			make: async (cli) => writeFileSync(`${cli.state}/default/active/${await ended(cli, "done")}`, ""),
			kind: "mark",
			said: /done \(.{8}\) is over, but marked as active/,
		},
		"a job that is not over and not marked": {
			make: async (cli) => {
				const id = await cli.begin("-n", "web", "sleep", "600");
				await begun(() => cli.job(id));
				rmSync(`${cli.state}/default/active/${id}`);
			},
			kind: "mark",
			said: /web \(.{8}\) is active, but not marked so/,
		},
		"a mark of a job that is gone": {
			make: async (cli) => {
				const id = await ended(cli, "done");
				rmSync(cli.jobFolder(id), { recursive: true });
				writeFileSync(`${cli.state}/default/active/${id}`, "");
			},
			kind: "mark",
			said: /there is no such job/,
		},
		"a mark that is none": {
			make: async (cli) => {
				await ended(cli, "done");
				mkdirSync(`${cli.state}/default/active/$(touch executed) 'it`);
			},
			kind: "leftover",
			said: /is the mark of no job/,
		},
		"a folder that is no job": {
			make: async (cli) => {
				await ended(cli, "done");
				mkdirSync(`${cli.state}/default/jobs/backup`);
			},
			kind: "leftover",
			said: /jobs\/backup is no job/,
		},
		"what interrupted work left": {
			make: async (cli) => {
				const id = await ended(cli, "done");
				mkdirSync(`${cli.state}/default/trash/${id}.01234567/runs`, { recursive: true });
				utimesSync(`${cli.state}/default/trash/${id}.01234567`, AN_HOUR_AGO, AN_HOUR_AGO);
				mkdirSync(`${cli.state}/default/trash/new-of-this-moment`);
			},
			kind: "leftover",
			said: /trash holds 1 leftover of work that was interrupted/,
		},
		"what an interrupted doctor left": {
			make: async (cli) => {
				mkdirSync(`${cli.state}/.doctor-abcdef/default`, { recursive: true });
				utimesSync(`${cli.state}/.doctor-abcdef`, AN_HOUR_AGO, AN_HOUR_AGO);
			},
			kind: "leftover",
			said: /\.doctor-abcdef is of a self-test that was interrupted/,
		},
		"broken lines of the ledger": {
			make: async (cli) => {
				await ended(cli, "done");
				const path = `${cli.state}/default/ledger.jsonl`;
				writeFileSync(path, `{"at":"2026\n${readFileSync(path, "utf8")}`);
				appendFileSync(path, "[]\n");
			},
			kind: "ledger",
			said: /ledger\.jsonl has 2 lines that are no event \(line 1\)/,
		},
		"a job whose end was not recorded": {
			make: async (cli) => {
				const id = await cli.begin("-n", "web", "sleep", "600");
				await killAll(cli);
				assert.equal(readFileSync(`${cli.runFolder(id)}/exit`, "utf8").trim(), "");
			},
			kind: "lost",
			said: /web \(.{8}\) is gone, and nobody recorded how it ended: it will be shown as lost/,
		},
		"a job that ran when the machine was restarted": {
			make: async (cli) => {
				const id = await cli.begin("-n", "web", "sleep", "600");
				await killAll(cli);
				const path = `${cli.runFolder(id)}/run.json`;
				const run = JSON.parse(readFileSync(path, "utf8"));
				writeFileSync(path, JSON.stringify({ ...run, place: { ...run.place, bootId: "00000000-0000-4000-8000-000000000000" } }));
			},
			kind: "lost",
			said: /web \(.{8}\) is gone, and the machine was restarted while it ran/,
		},
		"a job whose shell was killed": {
			make: async (cli) => {
				const id = await cli.begin("-n", "web", "sleep", "600");
				await begun(() => cli.job(id));
				kill(Number.parseInt(readFileSync(`${cli.runFolder(id)}/pid`, "utf8"), 10), "SIGKILL");
				await eventually(
					"its shell is gone",
					() => cli.job(id),
					(seen) => seen.reason !== null,
				);
			},
			kind: "unsupervised",
			said: /web \(.{8}\) runs on, but what watched it is gone/,
		},
	};

	for (const [title, { make, kind, said }] of Object.entries(WRONG)) {
		test(title, PATIENCE, async () => {
			await using cli = new Cli();
			await make(cli);
			const files = async () =>
				(await cli.shell("find . -type f ! -path '*/.doctor-*' -exec cksum {} + | sort", { directory: cli.state })).stdout;
			const before = await files();
			const problem = await onlyProblem(cli, {}, "--no-test");
			assert.equal(problem.kind, kind);
			assert.match(problem.what, said);
			assert.equal(await files(), before, "the doctor mends nothing by itself");
			await mend(cli, problem);
			assert.deepEqual((await examine(cli)).findings, []);
			assert.equal(existsSync(`${cli.directory}/executed`), false);
		});
	}

	test("in another session, with the command for that session", PATIENCE, async () => {
		await using cli = new Cli();
		const id = await cli.begin("--session", "other", "true");
		await cli.chore("--session", "other", "wait", id);
		writeFileSync(`${cli.jobFolder(id, "other")}/job.json`, "");
		const problem = await onlyProblem(cli);
		assert.match(problem.what, /^in session other: job .* is empty$/);
		assert.equal(problem.cure, `chore --session other rm -f ${id}`);
		await mend(cli, problem);
		assert.equal((await examine(cli)).well, true);
	});

	test("of many findings of one kind some are listed and the others counted", PATIENCE, async () => {
		await using cli = new Cli();
		await ended(cli, "done");
		for (let number = 0; number < 30; number++) mkdirSync(`${cli.state}/default/jobs/x${number}`);
		const { findings } = await examine(cli, {}, "--no-test");
		assert.equal(findings.length, 11);
		assert.match(findings.at(-1)?.what ?? "", /^and 20 more/);
	});

	test("a job that has ended and is not settled yet is no problem, and is not settled by the doctor", PATIENCE, async () => {
		await using cli = new Cli();
		const id = await cli.begin("true");
		await recorded(cli, id);
		assert.deepEqual((await examine(cli)).findings, []);
		assert.equal(existsSync(`${cli.runFolder(id)}/end.json`), false);
	});
});

describe("where nothing else works, the doctor does", () => {
	test("settings that are wrong", PATIENCE, async () => {
		await using cli = new Cli();
		mkdirSync(`${cli.folder}/home/.config/chore`, { recursive: true });
		writeFileSync(`${cli.folder}/home/.config/chore/config.toml`, "colour = 1\n");
		const problem = await onlyProblem(cli);
		assert.deepEqual([problem.kind, /config\.toml:1: there is no setting "colour"/.test(problem.what)], ["settings", true]);
	});

	test("an impossible state folder, and no home", PATIENCE, async () => {
		await using cli = new Cli();
		for (const env of [{ CHORE_HOME: "relative" }, { CHORE_HOME: undefined, HOME: "relative", XDG_CONFIG_HOME: "/nowhere" }]) {
			const report = await examine(cli, { env });
			assert.deepEqual([report.paths, report.findings.map(({ kind }) => kind)], [{ state: null, session: null }, ["state"]]);
			assert.match(report.findings[0]?.what ?? "", /must be an absolute path/);
			assert.ok(report.selfTest?.checks.every(({ problem }) => problem === null));
		}
		// As root, who is in passwd(5).
		assert.equal((await cli.run(["doctor"], { env: { HOME: undefined } })).status, 0);
	});

	test("a user that the system does not know", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
		await using cli = new Cli();
		chmodSync(cli.folder, 0o755);
		const under = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"];
		const homeless = await examine(cli, { under, directory: "/", env: { HOME: undefined, CHORE_HOME: undefined } });
		assert.match(homeless.findings[0]?.what ?? "", /^there is no folder to keep state in/);
		mkdirSync(`${cli.folder}/theirs`, { mode: 0o700 });
		chownSync(`${cli.folder}/theirs`, 54321, 54321);
		assert.equal((await examine(cli, { under, directory: "/", env: { HOME: undefined, CHORE_HOME: `${cli.folder}/theirs` } })).well, true);
	});

	test("an impossible name of a session, and an unknown platform", PATIENCE, async () => {
		await using cli = new Cli();
		assert.match((await onlyProblem(cli, { env: { CHORE_SESSION: "../x" } })).what, /"\.\.\/x" cannot be the name of a session/);
		assert.match((await onlyProblem(cli, {}, "--session", "libexec")).what, /"libexec" is a name that chore keeps for itself/);
		assert.match((await onlyProblem(cli, {}, "--platform", "nowhere")).what, /there is no platform "nowhere"/);
		const systemd = await onlyProblem(cli, {}, "--platform", "systemd");
		assert.match(systemd.what, /no job can be started here \(systemd: /);
	});

	test("a state folder that others can write to", PATIENCE, async () => {
		await using cli = new Cli();
		await ended(cli, "done");
		for (const path of [cli.state, `${cli.state}/default`]) {
			chmodSync(path, 0o777);
			const problem = await onlyProblem(cli);
			assert.match(problem.what, /can be written by others/);
			await mend(cli, problem);
			assert.equal((await examine(cli)).well, true);
		}
	});

	test("folders of the state that cannot be read", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
		await using cli = new Cli();
		chmodSync(cli.folder, 0o755);
		mkdirSync(`${cli.folder}/theirs`, { mode: 0o700 });
		chownSync(`${cli.folder}/theirs`, 65534, 65534);
		const how: HowToRun = {
			under: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
			directory: "/",
			env: { CHORE_HOME: `${cli.folder}/theirs` },
		};
		assert.equal((await cli.run(["run", "--wait", "true"], how)).status, 0);
		for (const part of ["default/jobs", "default/active", "default/trash", "default/ledger.jsonl", "default", ""]) {
			const path = `${cli.folder}/theirs/${part}`;
			chownSync(path, 0, 0);
			chmodSync(path, 0o700);
			const { findings, selfTest } = await examine(cli, how);
			assert.ok(findings.length > 0, part);
			assert.ok(
				findings.every(({ kind }) => kind === "state" || kind === "disk"),
				`${part}: ${JSON.stringify(findings)}`,
			);
			assert.ok(selfTest?.checks.every(({ problem }) => problem === null));
			chownSync(path, 65534, 65534);
		}
		assert.equal((await examine(cli, how)).well, true);
	});

	test("a read-only file system", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
		await using cli = new Cli();
		await ended(cli, "done");
		const how: HowToRun = { under: ["unshare", "-m"] };
		const line = `mount --bind '${cli.state}' '${cli.state}' && mount -o remount,ro,bind '${cli.state}' && exec chore --json doctor`;
		const outcome = await cli.shell(line, how);
		assert.equal(outcome.status, 1, outcome.stderr);
		const { findings, selfTest } = JSON.parse(outcome.stdout) as Report;
		assert.deepEqual(
			findings.filter((finding) => !isOfMachine(finding)).map(({ kind, what }) => [kind, /read-only/.test(what)]),
			[["disk", true]],
		);
		assert.ok(selfTest?.checks.every(({ problem }) => problem === null));
	});

	test("a file system in memory that is nearly full", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
		await using cli = new Cli();
		const line = `mount -t tmpfs -o size=4M,mode=700 tmpfs '${cli.state}' && exec chore --json doctor`;
		const outcome = await cli.shell(line, { under: ["unshare", "-m"] });
		assert.equal(outcome.status, 1, outcome.stderr);
		const { findings, disk } = JSON.parse(outcome.stdout) as Report;
		assert.equal(disk?.fileSystem, "tmpfs");
		assert.deepEqual(
			findings.map(({ kind, level, what }) => [kind, level, /hardly any space|in memory/.test(what)]),
			[
				["disk", "problem", true],
				["disk", "note", true],
			],
		);
	});

	test("a platform that cannot start jobs", { ...PATIENCE, skip: skipUnlessRoot }, async () => {
		await using cli = new Cli();
		const line = "mount --bind /bin/false $(command -v mkfifo) && exec chore doctor";
		const outcome = await cli.shell(line, { under: ["unshare", "-m"] });
		assert.equal(outcome.status, 1, outcome.stderr);
		assert.match(outcome.stdout, /^self-test on posix: failed, 3 of 4 /m);
		assert.match(outcome.stdout, /^needs attention\n {2}! a job prints, and exits with 7: cannot start a process for the job: mkfifo/m);
		assert.deepEqual(
			readdirSync(cli.state).filter((name) => name.startsWith(".")),
			[],
		);
	});

	test("jobs of a platform that is not there any more", PATIENCE, async () => {
		await using cli = new Cli();
		for (const name of ["one", "two"]) {
			const id = await cli.begin("-n", name, "sleep", "600");
			const path = `${cli.runFolder(id)}/run.json`;
			const run = JSON.parse(readFileSync(path, "utf8"));
			writeFileSync(path, JSON.stringify({ ...run, handle: { platform: "systemd", version: 1, data: {} } }));
		}
		assert.match((await onlyProblem(cli)).what, /^2 active jobs are on systemd, which cannot be asked: .* not available here/);
	});
});

test("--linger is refused with the reason on a platform without lingering", PATIENCE, async () => {
	await using cli = new Cli();
	const outcome = await cli.chore("doctor", "--linger");
	assert.deepEqual([outcome.status, outcome.stdout], [1, ""]);
	assert.match(outcome.stderr, /^chore: there is nobody to ask for lingering on the platform posix: .*\nhint: /);
});

async function recorded(cli: Cli, id: string): Promise<void> {
	await eventually("its end is recorded", () => readFileSync(`${cli.runFolder(id)}/exit`, "utf8").includes("chore-exit"));
}

/** As when the machine goes down: no process of the test is left, and none could say anything. */
async function killAll(cli: Cli): Promise<void> {
	const look = () => {
		const left = cli.processes();
		for (const pid of left) kill(pid, "SIGKILL");
		return left;
	};
	await eventually("all is gone", look, isEmpty);
}
