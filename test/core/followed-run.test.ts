/** A command that waits for a job, or follows its output, tells the end of the run that was the latest when it began. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import type { Observation, PlatformModule } from "../../platform/contract.ts";
import { Cli, PATIENCE } from "../support/cli.ts";
import { eventually, kill } from "../support/eventually.ts";
import { fakePlatform } from "../support/fake-platform.ts";
import { makeHome } from "../support/home.ts";

test("run -f, run -P, run --wait, wait and logs -f tell the end of their run when the job is restarted meanwhile", PATIENCE, async () => {
	await using cli = new Cli();
	// The first run ends by itself once it is asked to stop; the second never.
	const line = `echo begun; [ -e '${cli.folder}/again' ] && exec sleep 600; : >'${cli.folder}/again'; exec 2>/dev/null; trap 'echo over; exit 3' TERM; while :; do sleep 0.02; done`;
	const from = async (name: string, ...words: readonly string[]) => {
		const followers = [cli.start(["run", "-q", "-n", name, ...words, "-c", line.replaceAll("again", name)], { input: null })];
		const job = await eventually(`${name} runs`, async () => (await cli.list()).find((one) => one.name === name && one.pid !== null));
		for (const verb of [["wait"], ["logs", "-f"]]) followers.push(cli.start([...verb, "-q", job.id]));
		await eventually("it traps the signal, and is followed", () => followers[2]?.stdout(), "begun\n");
		return { followers, id: job.id };
	};
	const begun = await Promise.all([from("one", "-f"), from("two", "-P"), from("three", "--wait")]);
	// They see nothing of the restart before it is over.
	const pids = begun.flatMap(({ followers }) => followers.map(({ pid }) => pid));
	for (const pid of pids) kill(pid, "SIGSTOP");
	for (const { id } of begun) assert.equal((await cli.chore("restart", id)).status, 0);
	for (const pid of pids) kill(pid, "SIGCONT");
	for (const { followers, id } of begun) {
		const outcomes = await Promise.all(followers.map(({ ended }) => ended));
		assert.deepEqual(
			outcomes.map(({ status }) => status),
			[3, 3, 3],
		);
		assert.equal(outcomes[2]?.stdout, "begun\nover\n");
		assert.equal((await cli.job(id)).run, 2);
	}
});

test("a wait for an earlier run tells its end, and for a run that never was is refused", PATIENCE, async () => {
	await using home = await makeHome("fake", fakePlatform);
	const { id } = await home.chore.run({ command: ["/bin/sh", "-c", '[ -e "$0/again" ] && exec sleep 600; exit 3', home.path] });
	await home.chore.wait(id);
	writeFileSync(`${home.path}/again`, "");
	await home.chore.rerun(id);
	const end = await home.chore.wait(id, { run: 1 });
	assert.deepEqual([end.run, end.state, end.exitCode], [1, "failed", 3]);
	await assert.rejects(home.chore.wait(id, { run: 3 }), { code: "INVALID_ARGUMENT" });
});

test("following the output of a run that is out of reach ends with an error, after all that it wrote", PATIENCE, async () => {
	const gone = new Set<string>();
	const hints: (() => void)[] = [];
	const module: PlatformModule = {
		...fakePlatform,
		open: async (context) => {
			const platform = await fakePlatform.open(context);
			const [inspect, watch] = [platform.inspect.bind(platform), platform.watch.bind(platform)];
			const unreachable: Observation = { kind: "unreachable", reason: "the bus is gone" };
			platform.inspect = async (handles) =>
				(await inspect(handles)).map((seen, index) => (gone.has(String(handles[index]?.data["jobId"])) ? unreachable : seen));
			platform.watch = (handles, changed) => {
				hints.push(() => handles.forEach(changed));
				return watch(handles, changed);
			};
			return platform;
		},
	};
	await using home = await makeHome("fake", module);
	await Promise.all(
		(["merged", "split"] as const).map(async (output) => {
			const { id } = await home.chore.run({ command: ["/bin/sh", "-c", "echo said; exec sleep 600"], output });
			const over = new AbortController();
			for await (const _ of home.open().logs(id, { follow: true, signal: over.signal })) over.abort();
			let said = "";
			const followed = (async () => {
				for await (const { bytes } of home.open().logs(id, { follow: true })) {
					said += Buffer.from(bytes).toString();
					gone.add(id);
					for (const hint of hints) hint();
				}
			})();
			await assert.rejects(followed, { code: "JOB_UNKNOWN", message: /the bus is gone$/ });
			assert.equal(said, "said\n");
		}),
	);
});
