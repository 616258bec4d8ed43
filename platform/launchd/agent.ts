/**
 * The agent that wakes a job: a property list in the folder from which launchd loads a user's agents at login. launchd starts it
 * at its load and after sleep, too, and at more moments than it was asked for (calendar-slots.ts), so it always runs the program
 * `due`. Texts only. The label is new for each revision of a schedule, as that of a run is.
 */
import type { Handle, Wake } from "../contract.ts";
import { ChoreError } from "../errors.ts";
import { jitterSeconds } from "../shell/jitter.ts";
import { calendarSlots } from "./calendar-slots.ts";
import type { Domain } from "./domain.ts";
import { ENVIRONMENT, refuseUnlessXml, xml } from "./plist.ts";

const LABEL_PREFIX = "dev.chore.schedule.";
const FILE = /^dev\.chore\.schedule\.([0-9a-f-]{36})\.[0-9]+\.plist$/;

/** What the handle of a wake holds. */
export interface Agent {
	readonly label: string;
	readonly jobId: string;
}

const HANDLE_VERSION = 1;

/** @throws ChoreError OPTION_UNSUPPORTED for a calendar that launchd cannot be told; STATE_UNUSABLE for a path that XML cannot hold */
export function planAgent(wake: Wake, platform: string): Handle {
	const { jobId, jobFolder, revision, fire, due } = wake;
	slotsOf(wake);
	for (const path of [jobFolder, fire, due]) refuseUnlessXml(path);
	return { platform, version: HANDLE_VERSION, data: { label: `${LABEL_PREFIX}${jobId}.${revision}`, jobId } };
}

/** @throws ChoreError PLATFORM_FAILED for a handle of another version or form */
export function readAgent({ platform, version, data: { label, jobId } }: Handle): Agent {
	if (version === HANDLE_VERSION && typeof label === "string" && typeof jobId === "string") return { label, jobId };
	throw new ChoreError("PLATFORM_FAILED", `the schedule has a handle of ${platform}, version ${version}, which is unknown here`, {
		hint: "it was written by another version of chore; use that one",
	});
}

/** The name of the agent's property list. */
export function agentFile(label: string): string {
	return `${label}.plist`;
}

/** The label and the job of a file in the folder of agents; undefined for one that is not chore's. */
export function agentIn(name: string): Agent | undefined {
	const [, jobId] = FILE.exec(name) ?? [];
	return jobId === undefined ? undefined : { label: name.replace(/\.plist$/, ""), jobId };
}

/**
 * The property list, launchd.plist(5).
 *
 * @param program the file `chore`
 * @param kind of the domain that it is loaded in. It must not be loaded in the other one as well: both would fire
 */
export function agentText(wake: Wake, label: string, program: string, kind: Domain["kind"]): string {
	const { due, fire, jobFolder } = wake;
	const delay = jitterSeconds(wake);
	return xml({
		Label: label,
		ProgramArguments: [program, due, fire, jobFolder, ...(delay === 0 ? [] : [String(delay)])],
		EnvironmentVariables: ENVIRONMENT,
		WorkingDirectory: "/",
		Umask: 0o077,
		// At login it makes up for what was missed while nobody was logged in.
		RunAtLoad: wake.catchesUp,
		StartCalendarInterval: slotsOf(wake),
		LimitLoadToSessionType: kind === "gui" ? "Aqua" : "Background",
	});
}

/** The folder of the job that an agent wakes, from the text of its property list: the third argument. */
export function jobFolderIn(text: string): string | undefined {
	const [, words = ""] = /<key>ProgramArguments<\/key>\s*<array>([\s\S]*?)<\/array>/.exec(text) ?? [];
	return [...words.matchAll(/<string>([^<]*)<\/string>/g)]
		.at(3)?.[1]
		?.replaceAll("&#xD;", "\r")
		.replaceAll("&lt;", "<")
		.replaceAll("&gt;", ">")
		.replaceAll("&amp;", "&");
}

function slotsOf({ calendar }: Wake): readonly object[] {
	const written = calendarSlots(calendar);
	if ("slots" in written) return written.slots;
	throw new ChoreError("OPTION_UNSUPPORTED", `the schedule cannot be kept: ${written.cannot}`, {
		hint: "`--wake tick` leaves it to `chore tick`, which can keep any",
	});
}
