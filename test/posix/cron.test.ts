/** Schedules on posix: crontab(1) and Debian's cron, in namespaces of their own. */
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { promisify } from "node:util";
import * as posix from "../../platform/posix/index.ts";
import { above, eventually, HANGS_MS } from "../support/eventually.ts";
import { makeHome } from "../support/home.ts";
import { privateCron, startCron } from "../support/private-cron.ts";

const skip = privateCron(import.meta);
const how = { skip, timeout: HANGS_MS };

/** A table of somebody else's, with bytes that are no UTF-8. */
const THEIRS = Buffer.from('# mine\nSHELL=/bin/false\nCRON_TZ=Asia/Tokyo\nNAME="caf\u00e9"\n\n0 0 1 1 * true % x\n', "latin1");

const install = (table: Buffer): void => void execFileSync("crontab", ["-"], { input: table });
const table = (): Buffer => spawnSync("crontab", ["-l"]).stdout;

const DAILY = { calendar: ["daily"] } as const;

test("without a cron, and where crontab(1) is not allowed, a schedule is refused with the reason, and nothing is left", how, async () => {
	await using home = await makeHome("posix", posix);
	const refused = (message: RegExp) =>
		assert.rejects(home.chore.run({ command: ["true"], schedule: DAILY }), { code: "OPTION_UNSUPPORTED", message, hint: /chore tick/ });
	await refused(/schedule here: no cron is running$/);
	await using _cron = startCron();
	await eventually("cron is seen", async () => (await home.chore.capabilities()).schedule);
	const made = await home.chore.run({ command: ["true"], schedule: DAILY });
	writeFileSync("/run/denied", "#!/bin/sh\necho 'You (me) are not allowed to use this program (crontab)' >&2\nexit 1\n");
	chmodSync("/run/denied", 0o755);
	execFileSync("mount", ["--bind", "/run/denied", "/usr/bin/crontab"]);
	try {
		await refused(/crontab\(1\) says: You \(me\) are not allowed/);
		const [report] = (await home.chore.doctor({ selfTest: false })).platforms;
		assert.match(report?.lacking["schedule"] ?? "", /not allowed/);
		await home.chore.remove(made.id);
	} finally {
		execFileSync("umount", ["/usr/bin/crontab"]);
	}
	assert.deepEqual(await home.chore.list({ all: true }), []);
	const [line] = /exec .*$/m.exec(table().toString()) ?? [];
	const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", line ?? "exit 9"], { encoding: "utf8" });
	assert.deepEqual([status, stdout, stderr], [0, "", ""], "the lines that are left do nothing");
});

test("the crond of busybox is seen as well, also where busybox is told its name as an argument, and its crontab is read", how, async () => {
	await using home = await makeHome("posix", posix);
	const folder = `${home.path}/programs`;
	mkdirSync(folder);
	copyFileSync("/bin/dash", `${folder}/busybox`);
	copyFileSync("/bin/dash", `${folder}/crond`);
	writeFileSync(`${home.path}/crond`, "read -r line\n");
	for (const [program, words] of [
		["crond", ["-c", "read -r line", "-f"]],
		["busybox", ["crond", "-f"]],
	] as const) {
		assert.equal((await home.chore.capabilities()).schedule, false);
		const daemon = spawn(`${folder}/${program}`, words, { argv0: program, cwd: home.path, stdio: ["pipe", "ignore", "inherit"] });
		await eventually(`${program} is seen`, async () => (await home.chore.capabilities()).schedule);
		if (program === "busybox") {
			const said = "crontab: can't open 'me': No such file or directory";
			writeFileSync(
				"/run/absent",
				`#!/bin/sh\n[ "$1" = - ] && exec cat >/run/table\n[ ! -e /run/table ] || exec cat /run/table\necho "${said}" >&2; exit 1\n`,
			);
			chmodSync("/run/absent", 0o755);
			execFileSync("mount", ["--bind", "/run/absent", "/usr/bin/crontab"]);
			try {
				const { id } = await home.chore.run({ command: ["true"], schedule: { cron: ["17 3 * * *"], missed: "skip" } });
				assert.match(
					readFileSync("/run/table", "utf8"),
					new RegExp(`^# BEGIN chore .*\n17 3 \\* \\* \\* exec /bin/sh .*${id}'?\n# END chore .*\n$`),
				);
			} finally {
				execFileSync("umount", ["/usr/bin/crontab"]);
			}
		}
		daemon.stdin?.end();
		await once(daemon, "exit");
	}
});

test(
	"cron runs a job again and again, skips it while it runs, and each end is recorded; the rest of the crontab is as it was",
	how,
	async () => {
		await using _cron = startCron();
		install(THEIRS);
		await using home = await makeHome("posix", posix, {}, `it's $HOME "état" \\x41; a`);
		const { id } = await home.chore.run({
			command: ["/bin/sh", "-c", "echo $CHORE_RUN_ID; until [ -e go ]; do sleep 0.02; done; exit 3"],
			directory: home.path,
			name: "cronned",
			schedule: { calendar: ["minutely"] },
		});
		const single = await home.chore.run({ command: ["true"], schedule: { at: new Date(Date.now() + 30_500) } });
		const often = await home.chore.run({ command: ["true"], schedule: { everyMs: 60_000 } });
		await eventually("it runs", async () => (await home.chore.get(id)).state, "running");
		const skipped = async (): Promise<boolean> => {
			for await (const { event, reason } of home.chore.events()) if (event === "skipped" && reason === "run 1 is still active") return true;
			return false;
		};
		await eventually("the next minute is skipped", skipped);
		writeFileSync(`${home.path}/go`, "");
		await eventually("it runs again", async () => (await home.chore.get(id)).run, above(1));
		const [first] = await home.chore.runs(id);
		assert.deepEqual([first?.state, first?.exitCode], ["failed", 3]);
		assert.equal(readFileSync(first?.output.paths[0] ?? "", "utf8"), `1.${id}\n`);
		assert.equal(readFileSync(`${home.path}/default/jobs/${id}/schedule/message`, "utf8"), "");
		// By their clock it is minutes later; by ours the single moment is still to come.
		await eventually("an interval fires again", async () => (await home.chore.get(often.id)).run, above(1));
		await eventually("a moment within a minute has come", async () => (await home.chore.get(single.id)).run, above(0));
		assert.equal((await home.chore.get(single.id)).run, 1);
		for (const job of [id, single.id, often.id]) await home.chore.remove(job, { force: true });
		assert.deepEqual(table(), THEIRS);
	},
);

test("a moment that went by while cron was not there is made up for at its start, or not", how, async () => {
	install(Buffer.alloc(0));
	await using home = await makeHome("posix", posix);
	const made = (missed: "once" | "skip") => home.chore.run({ command: ["true"], schedule: { calendar: ["*-01-01 00:00"], missed } });
	const [soon, never] = await (async () => {
		await using _cron = startCron();
		return [await made("once"), await made("skip")] as const;
	})();
	for (const { id } of [soon, never]) writeFileSync(`${home.path}/default/jobs/${id}/schedule/looked`, "2025-06-01 00:00\n");
	const later = await (async () => {
		await using _cron = startCron();
		await eventually("it was made up for", async () => (await home.chore.get(soon.id)).run, 1);
		// One that runs each minute, so that cron has come that far.
		const { id } = await home.chore.run({ command: ["true"], schedule: { calendar: ["minutely"] } });
		await eventually("a minute goes by", async () => (await home.chore.get(id)).run, above(0));
		return home.chore.get(never.id);
	})();
	assert.deepEqual([later.run, (await home.chore.get(soon.id)).run], [0, 1]);
});

test("of many that change the crontab at once each finds its lines there, also after one that died with the lock", how, async () => {
	await using _cron = startCron();
	install(THEIRS);
	const ended = spawnSync("true");
	symlinkSync(String(ended.pid), `/tmp/chore-crontab-${process.geteuid?.()}`);
	const script = `
		import { schedulesOn } from "./dist-test/platform/posix/schedules.js";
		import { readCalendar } from "./dist-test/src/core/schedule/calendar.js";
		const schedules = schedulesOn("posix");
		const arm = (name) => {
			const wake = { jobId: name, jobFolder: "/jobs/" + name, calendar: [readCalendar("daily")], catchesUp: false, jitterMs: 0, fire: "/f", due: "/d" };
			return schedules.arm(wake, schedules.plan(wake));
		};
		await Promise.all(["a", "b", "c"].map((name) => arm(process.argv[1] + name)));
	`;
	const node = promisify(execFile);
	await Promise.all(["1", "2", "3"].map((name) => node(process.execPath, ["--input-type=module", "-e", script, name])));
	const lines = table().toString("latin1").split("\n");
	const expected = ["1", "2", "3"].flatMap((one) => ["a", "b", "c"].map((other) => `0 0 * * * exec /bin/sh /d /f /jobs/${one}${other}`));
	assert.deepEqual(lines.slice(1, 10).sort(), expected);
	assert.equal(lines.slice(11).join("\n"), THEIRS.toString("latin1"));
});

test("a changed schedule has the new lines alone", how, async () => {
	await using _cron = startCron();
	install(Buffer.alloc(0));
	await using home = await makeHome("posix", posix);
	const { id } = await home.chore.run({ command: ["true"], schedule: { cron: ["17 3 * * 1"], missed: "skip" } });
	await home.chore.reschedule(id, { everyMs: 6 * 3_600_000, missed: "once", jitterMs: 30_000 });
	const [begin, line, reboot, end] = table().toString().trim().split("\n");
	assert.equal(begin, `# BEGIN chore ${home.path}/default/jobs`);
	assert.match(line ?? "", /^[0-9,]+ \* \* \* \* exec \/bin\/sh \S.*\/due/);
	assert.match(reboot ?? "", /^@reboot exec /);
	assert.equal(end, `# END chore ${home.path}/default/jobs`);
	await home.chore.reschedule(id, { wake: "tick" });
	assert.equal(table().toString(), "");
});

test("lines whose job was deleted by other hands are told by the doctor, and what it says takes them out", how, async () => {
	await using _cron = startCron();
	install(THEIRS);
	await using home = await makeHome("posix", posix, {}, `it's "état"`);
	const [gone, kept] = [
		await home.chore.run({ command: ["true"], schedule: DAILY }),
		await home.chore.run({ command: ["true"], schedule: DAILY }),
	];
	rmSync(`${home.path}/default/jobs/${gone.id}`, { recursive: true });
	const { findings } = await home.chore.doctor({ selfTest: false });
	const [stray, another] = findings.filter(({ kind }) => kind === "stray");
	assert.match(stray?.what ?? "", new RegExp(`^a line for ${gone.id} in the crontab is left`));
	assert.equal(another, undefined);
	execFileSync("/bin/sh", ["-c", stray?.cure ?? ""]);
	assert.doesNotMatch(table().toString(), new RegExp(gone.id));
	assert.match(table().toString(), new RegExp(kept.id));
	assert.ok(table().toString("latin1").endsWith(THEIRS.toString("latin1")));
});
