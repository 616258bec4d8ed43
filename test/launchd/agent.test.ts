/** The property list of the agent that wakes a job. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Wake } from "../../platform/contract.ts";
import { isChoreError } from "../../platform/errors.ts";
import { agentIn, agentText, jobFolderIn, planAgent, readAgent } from "../../platform/launchd/agent.ts";
import { jitterSeconds } from "../../platform/shell/jitter.ts";
import { readCalendar } from "../../src/core/schedule/calendar.ts";
import { parsePropertyList } from "./simulator/property-list.ts";

const ID = "01a1fc6a-bfa7-7409-b96b-acaaac0b880a";
const LABEL = `dev.chore.schedule.${ID}.2`;
const WAKE: Wake = {
	...{ jobId: ID, label: "backup-880a", description: "backs up", jobFolder: "/jobs/1", revision: 2 },
	...{
		occasions: [],
		native: {},
		calendar: [readCalendar("9:00")],
		catchesUp: true,
		jitterMs: 0,
		fire: "/libexec/1/fire",
		due: "/libexec/2/due",
	},
};

test("an agent looks whether a moment is due, at its moments and where moments are made up for at its load", () => {
	const { label } = readAgent(planAgent(WAKE, "launchd"));
	assert.equal(label, LABEL);
	const of = (wake: Wake, kind: "gui" | "user"): unknown => parsePropertyList(agentText(wake, label, "/libexec/3/chore", kind));
	const expected = {
		Label: LABEL,
		ProgramArguments: ["/libexec/3/chore", "/libexec/2/due", "/libexec/1/fire", "/jobs/1"],
		EnvironmentVariables: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" },
		WorkingDirectory: "/",
		Umask: 63,
		RunAtLoad: true,
		StartCalendarInterval: [{ Hour: 9, Minute: 0 }],
		LimitLoadToSessionType: "Aqua",
	};
	assert.deepEqual(of(WAKE, "gui"), expected);
	assert.deepEqual(of({ ...WAKE, catchesUp: false, jitterMs: 3_600_000 }, "user"), {
		...expected,
		ProgramArguments: [...expected.ProgramArguments, String(jitterSeconds({ jobId: ID, jitterMs: 3_600_000 }))],
		RunAtLoad: false,
		LimitLoadToSessionType: "Background",
	});
});

test("the job of an agent is told by the name of its file, and the job's folder by its text, whatever characters it has", () => {
	assert.deepEqual(agentIn(`${LABEL}.plist`), { label: LABEL, jobId: ID });
	for (const other of ["com.apple.x.plist", `dev.chore.job.${ID}.2.plist`, `${LABEL}.plist.bak`, "dev.chore.schedule.x.1.plist"])
		assert.equal(agentIn(other), undefined, other);
	for (const jobFolder of ["/plain", "/a&b &amp; &#10;", "/<tag> ]]> <!--", "/quotes ' and \"", "/é/漢/😀", "/tab\tnewline\nreturn\r\nend"])
		assert.equal(jobFolderIn(agentText({ ...WAKE, jobFolder, jitterMs: 60_000 }, LABEL, "/chore", "gui")), jobFolder);
	for (const text of ["", "<plist/>", "<key>ProgramArguments</key><array></array>"]) assert.equal(jobFolderIn(text), undefined, text);
});

test("what launchd cannot be told of a schedule is refused with the reason", () => {
	for (const [wake, code, words] of [
		[{ calendar: [readCalendar("9:00:30")] }, "OPTION_UNSUPPORTED", /cannot be kept: launchd has no seconds/],
		[{ jobFolder: "/jobs/\u0001" }, "STATE_UNUSABLE", /U\+0001/],
	] as const)
		assert.throws(
			() => planAgent({ ...WAKE, ...wake }, "launchd"),
			(error) => isChoreError(error) && error.code === code && words.test(error.message),
		);
});

test("the jitter of a job is the same each time, of whole seconds, and no longer than asked for", () => {
	const of = (jobId: string, jitterMs: number): number => jitterSeconds({ jobId, jitterMs });
	const jobs = ["0a331480", "0a331481", "0a331482", "0a331483", "ffffffff"].map((end) => `${ID.slice(0, -8)}${end}`);
	for (const job of jobs) {
		assert.equal(of(job, 999), 0);
		assert.equal(of(job, 3999), of(job, 3000));
	}
	assert.deepEqual(new Set(jobs.map((job) => of(job, 3000))), new Set([0, 1, 2, 3]));
});
