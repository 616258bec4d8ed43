/** The launchd service of one run: bootstraps it, looks at it, boots it out. */
import { setTimeout as delay } from "node:timers/promises";
import { ChoreError } from "../errors.ts";
import { isMissing } from "./domain.ts";
import { type Answer, Code, type Launchctl, wordsOf } from "./launchctl.ts";
import { parsePrinted } from "./print.ts";

export const LABEL_PREFIX = "dev.chore.job.";
const LABEL = /\bdev\.chore\.job\.([0-9a-f-]{36})\.[0-9]+\b/g;

/** What launchd says of a service. */
export type Knowledge =
	| { readonly kind: "loaded"; readonly text: string }
	| { readonly kind: "gone" }
	/** There is no such domain at the moment: the user has logged out. */
	| { readonly kind: "no domain"; readonly reason: string }
	/** launchd did not say whether it has the service. Conclude nothing from this. */
	| { readonly kind: "unclear"; readonly reason: string };

/** Between two looks at a service that is being ended. */
const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 500;
/** The number of looks before giving up: with these pauses more than a minute. */
const LOOKS = 130;

/** The label of a run's service. Never used for two runs: launchd may take a service that it is still ending for the new one. */
export function labelOf(run: { readonly jobId: string; readonly run: number }): string {
	return `${LABEL_PREFIX}${run.jobId}.${run.run}`;
}

/** The labels in a text in which launchctl lists services, whatever its form, and the jobs that they belong to. */
export function labelsIn(text: string): readonly { readonly label: string; readonly jobId: string }[] {
	const jobs = new Map([...text.matchAll(LABEL)].map(([label, jobId = ""]) => [label, jobId]));
	return [...jobs].map(([label, jobId]) => ({ label, jobId }));
}

/** Asks launchd whether it has a service. @param target DOMAIN/LABEL */
export async function look(launchctl: Launchctl, target: string): Promise<Knowledge> {
	const answer = await launchctl.call("print", target);
	if (answer.code === Code.done) return { kind: "loaded", text: answer.out };
	if (answer.code === Code.noService) return { kind: "gone" };
	if (!isMissing(answer.code)) return { kind: "unclear", reason: wordsOf(answer) };
	const [domain] = /^[a-z]+\/[0-9]+/.exec(target) ?? [target];
	return { kind: "no domain", reason: `launchd has no domain ${domain} at the moment` };
}

/**
 * Hands a property list to launchd, which starts its program at once.
 *
 * @throws ChoreError UNIT_EXISTS when there is another of that label; PLATFORM_FAILED with what launchctl said
 */
export async function bootstrap(launchctl: Launchctl, domain: string, label: string, path: string): Promise<void> {
	const answer = await launchctl.call("bootstrap", domain, path);
	if (answer.code === Code.done) return;
	// These codes may mean that there is a service of that label, or something else: ask.
	if ([Code.failed, Code.exists, Code.already].some((code) => code === answer.code)) {
		const known = await look(launchctl, `${domain}/${label}`);
		if (known.kind === "loaded") {
			if (parsePrinted(known.text).path === path) return; // launchd has taken it although it reported an error
			throw new ChoreError("UNIT_EXISTS", `launchd has a service ${label} already`, { cause: answer });
		}
	}
	throw new ChoreError("PLATFORM_FAILED", `launchd does not take the job: ${wordsOf(answer)}`, {
		cause: answer,
		hint: hintOf(answer.code, domain),
	});
}

/**
 * Has launchd end a service and forget it, and waits until that is done. A service or a domain that does not exist is not
 * an error.
 *
 * @throws ChoreError STOP_FAILED when it is still there after a minute
 */
export async function bootout(launchctl: Launchctl, target: string): Promise<void> {
	const answer = await launchctl.call("bootout", target);
	if (isGone(answer)) return;
	// After these codes wait: the service may be ending already. Some versions say `failed` for one that does not exist.
	if (![Code.done, Code.inProgress, Code.failed].some((code) => code === answer.code)) throw stillThere(target, wordsOf(answer));
	for (let count = 0; count < LOOKS; count++) {
		const known = await look(launchctl, target);
		if (known.kind === "gone" || known.kind === "no domain") return;
		if (known.kind === "unclear") throw stillThere(target, known.reason);
		await delay(Math.min(FIRST_LOOK_MS * 2 ** count, LAST_LOOK_MS));
	}
	throw stillThere(target, "it is being ended, and does not come to an end");
}

function isGone({ code }: Answer): boolean {
	return code === Code.noProcess || code === Code.noService || isMissing(code);
}

function stillThere(target: string, why: string): ChoreError {
	return new ChoreError("STOP_FAILED", `launchd does not let go of ${target}: ${why}`, { hint: `launchctl print ${target}` });
}

function hintOf(code: number, domain: string): string {
	if (code === Code.notAllowed) return "allow it in System Settings > General > Login Items & Extensions; or use `--platform posix`";
	if (code === Code.disabled) return `launchctl print-disabled ${domain}`;
	if (isMissing(code)) return "`chore doctor` shows which domain is used; `--platform posix` runs jobs without launchd";
	return "`--platform posix` runs jobs without launchd";
}
