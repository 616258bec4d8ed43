/** The program `due` with a clock of the test's and a fire program that only says that it was run, against the times of croner. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { nextTimes } from "../../src/core/schedule/next-times.ts";
import { type Schedule, wakingOf } from "../../src/core/schedule/schedule.ts";
import { writeCalendar } from "../../src/core/settle/calendar-file.ts";
import { text } from "../../src/core/start/due.sh.ts";
import { SHELLS } from "../posix/support.ts";
import { randomFrom, testBySeed } from "../support/random.ts";
import { rounds } from "../support/rounds.ts";

const scratch = mkdtempSync(`${tmpdir()}/chore-due-`);
after(() => rmSync(scratch, { recursive: true }));

const MINUTE_MS = 60_000;

const AWKS = ["awk", "busybox awk"];

/** A folder in which `due` finds the time of day that it is told. */
function place(): { ask(question: Question): { readonly due: boolean; readonly looked: string; readonly said: string } } {
	const folder = mkdtempSync(`${scratch}/`);
	const job = `${folder}/job 'it`;
	mkdirSync(`${job}/schedule`, { recursive: true });
	mkdirSync(`${folder}/bin`);
	const program = (name: string, line: string): void => {
		writeFileSync(`${folder}/bin/${name}`, `#!/bin/sh\n${line}\n`);
		chmodSync(`${folder}/bin/${name}`, 0o700);
	};
	writeFileSync(`${folder}/due`, text);
	writeFileSync(`${folder}/fire it`, '[ -d "$1" ] && echo "fired $2"\n');
	program("sleep", 'echo "sleep $1" >&2');
	return {
		ask({ schedule, looked, nowMs, shell = ["/bin/sh"], awk = "awk", zone = "UTC", delay }) {
			// The TZ of a caller would count for more than the zone of the machine.
			program("date", `TZ=\${TZ-${zone}} exec /bin/date -d "@$NOW" "$@"`);
			program("awk", `exec /usr/bin/${awk} "$@"`);
			writeCalendar(`${job}/schedule`, schedule);
			writeFileSync(`${job}/schedule/looked`, `${looked}\n`);
			const { stdout, stderr } = spawnSync(
				shell[0] ?? "",
				[...shell.slice(1), `${folder}/due`, `${folder}/fire it`, job, ...(delay ?? [])],
				{
					env: { PATH: `${folder}/bin:/usr/bin:/bin`, NOW: String(nowMs / 1000), TZ: "Asia/Tokyo" },
					encoding: "utf8",
				},
			);
			const moment = Math.floor(nowMs / MINUTE_MS) * 60 + Number(delay?.[0] ?? 0);
			return { due: stdout === `fired ${moment}\n`, looked: readFileSync(`${job}/schedule/looked`, "utf8").trim(), said: stderr };
		},
	};
}

interface Question {
	readonly schedule: Schedule;
	readonly looked: string;
	readonly nowMs: number;
	readonly shell?: readonly string[];
	readonly awk?: string;
	/** That of the machine. */
	readonly zone?: string;
	readonly delay?: readonly string[];
}

function schedule(kind: "calendar" | "cron", text: string, missed: Schedule["missed"] = "once", zone: string | null = null): Schedule {
	const rest = { wake: "platform", when: null, overlap: "skip", jitterMs: 0, keepRuns: 100, notBeforeMs: null, notAfterMs: null } as const;
	return { triggers: [{ id: "t1", kind, texts: [text], zone }], missed, ...rest };
}

/** In UTC. */
function wall(timeMs: number): string {
	return new Date(timeMs).toISOString().slice(0, 16).replace("T", " ");
}

testBySeed("a moment is due if it lies between the last look and now", {}, async (seed) => {
	const random = randomFrom(seed);
	const { ask } = place();
	const shells = SHELLS.filter(([, , skip]) => skip === false);
	const one = <T>(list: readonly T[]): T => list[random(list.length)] as T;
	for (let round = 0; round < rounds(60); round++) {
		const field = (least: number, greatest: number): string =>
			random(2) === 0 ? "*" : [least + random(greatest - least + 1), least + random(greatest - least + 1)].sort((a, b) => a - b).join(",");
		const text = `${one(["Mon,Thu ", "Sat..Sun ", "", ""])}${one(["*", "2026,2028"])}-${field(1, 12)}${one([`-${field(1, 28)}`, "~1", "~7"])} ${field(0, 23)}:${field(0, 59)}:00`;
		const missed = one(["once", "once", "skip"] as const);
		const nowMs = Date.UTC(2025 + random(4), random(12), 1 + random(31), random(24), random(60), random(60));
		const lookedMs = nowMs - (nowMs % MINUTE_MS) - one([1, 2, 90, 3000, 50_000, 900_000]) * (random(2) + 1) * MINUTE_MS;
		const [shellName, shell] = one(shells);
		const awk = one(AWKS);
		const plan = schedule("calendar", text, missed);
		const sinceMs = missed === "once" ? lookedMs : Math.max(lookedMs, nowMs - (nowMs % MINUTE_MS) - 2 * MINUTE_MS);
		const [slot = Number.POSITIVE_INFINITY] = nextTimes(
			wakingOf({ triggers: plan.triggers.map((trigger) => ({ ...trigger, zone: "UTC" })) }).calendar,
			sinceMs,
			1,
		);
		const asked = ask({ schedule: plan, looked: wall(lookedMs), nowMs, shell, awk });
		assert.deepEqual(
			asked,
			{ due: slot <= nowMs, looked: wall(nowMs), said: "" },
			`${text} ${missed}, ${wall(lookedMs)} to ${wall(nowMs)}, ${shellName}, ${awk}`,
		);
	}
});

test("after the clock was put back, and where it was never looked at, the present minute counts alone", () => {
	const { ask } = place();
	const nowMs = Date.UTC(2026, 9, 25, 2, 10);
	for (const looked of ["2026-10-25 02:50", "2027-01-01 00:00", "", "what"]) {
		assert.equal(ask({ schedule: schedule("cron", "*/10 * * * *"), looked, nowMs }).due, true);
		assert.equal(ask({ schedule: schedule("cron", "5 * * * *"), looked, nowMs }).due, false);
	}
});

test("a minute that is there twice fires once, and one that is left out is made up for", () => {
	const { ask } = place();
	const daily = schedule("cron", "30 2 * * *");
	assert.equal(ask({ schedule: daily, looked: "2026-10-25 02:30", nowMs: Date.UTC(2026, 9, 25, 2, 30) }).due, false);
	assert.equal(ask({ schedule: daily, looked: "2026-03-29 01:59", nowMs: Date.UTC(2026, 2, 29, 3, 0) }).due, true);
});

test("a calendar in UTC is compared with that clock, any other with the machine's", () => {
	const { ask } = place();
	const nowMs = Date.UTC(2026, 9, 25, 2, 30, 20);
	const zone = "Australia/Sydney";
	const looked = "2026-10-25 02:29";
	const line = "30 2 * * *";
	assert.deepEqual(ask({ schedule: schedule("cron", line, "once", "UTC"), looked, nowMs, zone }), {
		due: true,
		looked: "2026-10-25 02:30",
		said: "",
	});
	const local = { due: false, looked: "2026-10-25 13:30", said: "" };
	assert.deepEqual(ask({ schedule: schedule("cron", line), looked: "2026-10-25 02:31", nowMs, zone }), local);
	assert.deepEqual(ask({ schedule: schedule("cron", "30 13 * * *"), looked, nowMs, zone }), { ...local, due: true });
});

test("a single moment within a minute is due at the next one", () => {
	const { ask } = place();
	const once = schedule("calendar", `@${Date.UTC(2026, 11, 31, 23, 59, 30) / 1000}`);
	const at = (nowMs: number, looked: string) => ask({ schedule: once, looked, nowMs }).due;
	assert.equal(at(Date.UTC(2026, 11, 31, 23, 59, 59), "2026-12-31 23:58"), false);
	assert.equal(at(Date.UTC(2027, 0, 1, 0, 0, 1), "2026-12-31 23:59"), true);
});

test("what is due waits for the delay that is asked for, which puts its moment off; what is not ends at once", () => {
	const { ask } = place();
	const asked = { looked: "2026-10-25 02:29", nowMs: Date.UTC(2026, 9, 25, 2, 30), delay: ["77"] };
	assert.deepEqual(ask({ ...asked, schedule: schedule("cron", "30 * * * *") }), {
		due: true,
		looked: "2026-10-25 02:30",
		said: "sleep 77\n",
	});
	assert.deepEqual(ask({ ...asked, schedule: schedule("cron", "31 * * * *") }), { due: false, looked: "2026-10-25 02:30", said: "" });
});
