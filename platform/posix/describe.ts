/** What `chore doctor` shows about this platform. */
import type { Description } from "../contract.ts";
import { LACKING, shellFacts } from "../shell/describe.ts";
import type { ProcessTable } from "../shell/processes.ts";
import { lackingCron } from "./cron.ts";
import { logindWords } from "./logind.ts";

export function description(shell: readonly string[], table: ProcessTable, leader: string): Description {
	const { schedule: _, ...others } = LACKING;
	const schedule = lackingCron();
	return {
		facts: [
			{ name: "supervision", value: "one small shell for each running job" },
			...shellFacts(shell, table, leader),
			{ name: "logind", value: logindWords() },
			{ name: "cron", value: schedule ?? "running, and this user may have a crontab" },
		],
		lacking: schedule === undefined ? others : { ...others, schedule },
	};
}
