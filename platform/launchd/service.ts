/** The service that launchd keeps for one run: taken in, asked after, let go. */
import { setTimeout as delay } from "node:timers/promises";
import { ChoreError } from "../errors.ts";
import { isMissing } from "./domain.ts";
import { type Answer, Code, type Launchctl, wordsOf } from "./launchctl.ts";
import { parsePrinted } from "./print.ts";

const LABEL_PREFIX = "dev.chore.job.";

/** What launchd says of a service. */
export type Knowledge =
	| { readonly kind: "loaded"; readonly text: string }
	| { readonly kind: "gone" }
	/** Not an answer to the question: nothing follows from it. */
	| { readonly kind: "unclear"; readonly reason: string };

/** Between two looks at a service that is about to go. */
const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 500;
/** Looks until it is given up: with those pauses more than a minute. */
const LOOKS = 130;

/** One label for each run, and never again: launchd mistakes one that it still lets go for the new one. */
export function labelOf(run: { readonly jobId: string; readonly run: number }): string {
	return `${LABEL_PREFIX}${run.jobId}.${run.run}`;
}

/** The job of a label; undefined for one that is none of chore's. */
export function jobOf(label: string): string | undefined {
	return label.startsWith(LABEL_PREFIX) ? /^(.+)\.[0-9]+$/.exec(label.slice(LABEL_PREFIX.length))?.[1] : undefined;
}

/** Asks after a service. @param target DOMAIN/LABEL */
export async function look(launchctl: Launchctl, target: string): Promise<Knowledge> {
	const answer = await launchctl.call("print", target);
	if (answer.code === Code.done) return { kind: "loaded", text: answer.out };
	if (answer.code === Code.noService) return { kind: "gone" };
	const [domain] = /^[a-z]+\/[0-9]+/.exec(target) ?? [target];
	return { kind: "unclear", reason: isMissing(answer.code) ? `launchd has no domain ${domain} at the moment` : wordsOf(answer) };
}

/**
 * Hands a property list to launchd, which starts its program at once.
 *
 * @throws ChoreError UNIT_EXISTS when there is another of that label; PLATFORM_FAILED with what launchctl said
 */
export async function bootstrap(launchctl: Launchctl, domain: string, label: string, path: string): Promise<void> {
	const answer = await launchctl.call("bootstrap", domain, path);
	if (answer.code === Code.done) return;
	// These mean "there is one of that label" as well as other things; only launchd itself can tell.
	if ([Code.failed, Code.exists, Code.already].some((code) => code === answer.code)) {
		const known = await look(launchctl, `${domain}/${label}`);
		if (known.kind === "loaded") {
			if (parsePrinted(known.text).path === path) return; // it was taken in all the same
			throw new ChoreError("UNIT_EXISTS", `launchd has a service ${label} already`, { cause: answer });
		}
	}
	throw new ChoreError("PLATFORM_FAILED", `launchd does not take the job: ${wordsOf(answer)}`, {
		cause: answer,
		hint: hintOf(answer.code, domain),
	});
}

/**
 * Has launchd end a service and forget it, and waits for that. One that is not there is no error.
 *
 * @throws ChoreError STOP_FAILED when it is still there after a minute
 */
export async function bootout(launchctl: Launchctl, target: string): Promise<void> {
	const answer = await launchctl.call("bootout", target);
	if (isGone(answer)) return;
	// What is being ended already is waited for; 5 is also what some versions say of a service that is not there.
	if (![Code.done, Code.inProgress, Code.failed].some((code) => code === answer.code)) throw stillThere(target, wordsOf(answer));
	for (let count = 0; count < LOOKS; count++) {
		const known = await look(launchctl, target);
		if (known.kind === "gone") return;
		if (known.kind === "unclear") throw stillThere(target, known.reason);
		await delay(Math.min(FIRST_LOOK_MS * 2 ** count, LAST_LOOK_MS));
	}
	throw stillThere(target, "it is being ended, and does not come to an end");
}

function isGone({ code }: Answer): boolean {
	return code === Code.noProcess || code === Code.noService;
}

function stillThere(target: string, why: string): ChoreError {
	return new ChoreError("STOP_FAILED", `launchd does not let go of ${target}: ${why}`, { hint: `launchctl print ${target}` });
}

function hintOf(code: number, domain: string): string {
	if (code === Code.disabled) return `launchctl print-disabled ${domain}`;
	if (isMissing(code)) return "`chore doctor` shows which domain is used; `--platform posix` runs jobs without launchd";
	return "`--platform posix` runs jobs without launchd";
}
