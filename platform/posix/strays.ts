/** Finds lines of the crontab whose job is gone with its folder. They do nothing but wake a program that finds no job. */
import { existsSync } from "node:fs";
import type { Stray } from "../contract.ts";
import { readCrontab } from "./cron.ts";
import { jobsIn } from "./crontab.ts";

export async function strayLines(): Promise<readonly Stray[]> {
	return jobsIn(await readCrontab())
		.filter((jobFolder) => !existsSync(Buffer.from(jobFolder, "latin1")))
		.map((jobFolder) => {
			const jobId = jobFolder.slice(jobFolder.lastIndexOf("/") + 1);
			return {
				name: `a line for ${jobId} in the crontab`,
				jobId,
				active: false,
				cure: `crontab -l | LC_ALL=C sed /${jobId}/d | crontab -`,
			};
		});
}
