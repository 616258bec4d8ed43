/**
 * The nights in which the clock is put forward and back, with Debian's cron and a fast clock: what chore(7) says of them under "What
 * fires when". They take minutes; `npm run soak` lives through them.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import * as posix from "../../platform/posix/index.ts";
import { eventually, HANGS_MS } from "../support/eventually.ts";
import { type Home, makeHome } from "../support/home.ts";
import { privateCron, startCron } from "../support/private-cron.ts";
import { rounds } from "../support/rounds.ts";

const skip = rounds(0) === 0 ? "a night takes minutes: npm run soak" : privateCron(import.meta);

/** In Berlin it is an hour later than in UTC before the first and after the last of these, else two. */
const SPRING_MS = Date.UTC(2026, 2, 29, 1);
const AUTUMN_MS = Date.UTC(2026, 9, 25, 1);

const MINUTE_MS = 60_000;

/** The moments at which runs of a job were started, by cron's clock, as half hours of UTC. */
async function firedAt({ chore }: Home, id: string): Promise<readonly string[]> {
	const moments: string[] = [];
	for await (const { event, at, id: of } of chore.events()) {
		if (event !== "started" || of !== id) continue;
		const halfHour = 30 * MINUTE_MS;
		moments.push(new Date(Math.floor(Date.parse(at) / halfHour) * halfHour).toISOString().slice(11, 16));
	}
	return moments;
}

for (const [night, fromMs, looked, once, often] of [
	["put forward", SPRING_MS - 3 * MINUTE_MS, "2026-03-29 01:57", ["01:00"], ["01:00", "01:30"]],
	["put back", AUTUMN_MS - 63 * MINUTE_MS, "2026-10-25 01:57", ["00:30"], ["00:00", "00:30", "01:00", "01:30", "02:00"]],
] as const) {
	test(`where the clock is ${night}, cron runs a job of 02:30 once, and one of each half hour at each`, {
		skip,
		timeout: HANGS_MS,
	}, async () => {
		execFileSync("mount", ["--bind", "/usr/share/zoneinfo/Europe/Berlin", "/etc/localtime"]);
		try {
			await using home = await makeHome("posix", posix);
			await using _cron = startCron({ fromMs, speed: 60 });
			const make = (line: string) => home.chore.run({ command: ["true"], schedule: { cron: [line] } });
			const [fixed, star] = [await make("30 2 * * *"), await make("*/30 * * * *")];
			// They were made by the clock of the machine, and are to be of that night.
			for (const { id } of [fixed, star]) writeFileSync(`${home.path}/default/jobs/${id}/schedule/looked`, `${looked}\n`);
			const until = `all half hours are over: ${often.join(", ")}`;
			await eventually(until, async () => (await firedAt(home, star.id)).length, often.length);
			assert.deepEqual([await firedAt(home, fixed.id), await firedAt(home, star.id)], [once, often]);
		} finally {
			execFileSync("umount", ["/etc/localtime"]);
		}
	});
}
