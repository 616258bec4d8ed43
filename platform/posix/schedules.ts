/** Wakes jobs by lines in the user's crontab. */
import type { Schedules } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { changeCrontab, lackingCron, readCrontab } from "./cron.ts";
import { handleOf, jobsIn, linesFor, readHandle, withLines } from "./crontab.ts";

export function schedulesOn(platform: string): Schedules {
	return {
		plan(wake) {
			linesFor(wake);
			return handleOf(wake, platform);
		},
		async arm(wake) {
			const lacking = lackingCron();
			if (lacking !== undefined)
				throw new ChoreError("OPTION_UNSUPPORTED", `the platform ${platform} cannot wake jobs here: ${lacking}`, {
					hint: "`--wake tick` leaves it to `chore tick`, called each minute from whatever there is",
				});
			await change(wake.jobFolder, linesFor(wake));
		},
		async disarm(handle) {
			const { jobFolder } = readHandle(handle);
			// Where no crontab can be read, its lines are left: what they run finds no schedule any more.
			if (jobsIn(await readCrontab()).includes(asBytes(jobFolder))) await change(jobFolder, []);
		},
		async nextTimes(handles) {
			return handles.map(() => undefined);
		},
	};
}

/** A crontab may hold any bytes, so that paths are written as bytes, too. */
async function change(jobFolder: string, lines: readonly string[]): Promise<void> {
	await changeCrontab((table) => withLines(table, asBytes(jobFolder), lines.map(asBytes)));
}

/** A character for each byte. */
function asBytes(text: string): string {
	return Buffer.from(text).toString("latin1");
}
