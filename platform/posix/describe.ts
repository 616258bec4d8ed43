/** What `chore doctor` shows about this platform. */
import type { Description } from "../contract.ts";
import { LACKING, shellFacts } from "../shell/describe.ts";
import type { ProcessTable } from "../shell/processes.ts";
import { logindWords } from "./logind.ts";

export function description(shell: readonly string[], table: ProcessTable, leader: string): Description {
	return {
		facts: [
			{ name: "supervision", value: "one small shell for each running job" },
			...shellFacts(shell, table, leader),
			{ name: "logind", value: logindWords() },
		],
		lacking: LACKING,
	};
}
