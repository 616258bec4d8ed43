/** What `chore doctor` shows about this platform. */
import type { Description } from "../contract.ts";
import { LACKING, shellFacts } from "../shell/describe.ts";
import { currentDomain } from "./domain.ts";
import { Code, type Launchctl } from "./launchctl.ts";

const DOMAINS = { gui: "of the graphical session, which ends its jobs at logout", user: "of this user, with no graphical session" };

export async function description(
	launchctl: Launchctl,
	uid: number,
	agents: string,
	...shell: Parameters<typeof shellFacts>
): Promise<Description> {
	const [domain, version] = await Promise.all([currentDomain(launchctl, uid), launchctl.call("version")]);
	const { schedule: _, ...lacking } = LACKING;
	const versionWords = version.code === Code.done ? (version.out.trim().split("\n")[0] ?? "") : "unknown";
	return {
		facts: [
			{ name: "supervision", value: "launchd, and two small shells for each running job" },
			{ name: "domain", value: `${domain.name}: ${DOMAINS[domain.kind]}` },
			{ name: "launchd", value: versionWords },
			{ name: "schedules", value: `kept by agents in ${agents}` },
			...shellFacts(...shell),
		],
		lacking,
	};
}
