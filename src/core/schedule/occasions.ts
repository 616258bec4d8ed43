/** Checks and names the occasions on which a job is woken besides a calendar. Pure. */
import type { Occasion } from "../../../platform/calendar.ts";
import { ChoreError } from "../../../platform/errors.ts";

export type { Occasion };

const EVENTS = {
	armed: "its schedule began",
	boot: "boot",
	"platform-start": "the platform began",
	"run-start": "the start of a run",
	"run-end": "the end of a run",
} as const;

const CHANGES = { "clock-change": "on a change of the clock", "timezone-change": "on a change of the time zone" } as const;

/** A century. */
const MOST_MS = 100 * 366 * 86_400_000;

/** @throws ChoreError INVALID_ARGUMENT for a time that is none, and where nothing leads to a first run */
export function checkOccasions(occasions: readonly Occasion[]): readonly Occasion[] {
	for (const occasion of occasions) checkOccasion(occasion);
	if (occasions.some((occasion) => !isOfRun(occasion))) return occasions;
	throw new ChoreError("INVALID_ARGUMENT", "a time counted from runs never comes, since nothing leads to the first run", {
		hint: "say when that is as well: --on-active 0",
	});
}

function checkOccasion(occasion: Occasion): void {
	if ("on" in occasion) {
		if (Object.hasOwn(CHANGES, occasion.on)) return;
		throw new ChoreError("INVALID_ARGUMENT", "nothing of that kind changes");
	}
	const { after, delayMs } = occasion;
	if (!Object.hasOwn(EVENTS, after)) throw new ChoreError("INVALID_ARGUMENT", "no time is counted from such an event");
	const leastMs = isOfRun(occasion) ? 1000 : 0;
	if (delayMs >= leastMs && delayMs <= MOST_MS && Number.isInteger(delayMs / 1000)) return;
	throw new ChoreError("INVALID_ARGUMENT", `a time after ${EVENTS[after]} is whole seconds, ${leastMs / 1000} or more, not ${delayMs} ms`);
}

function isOfRun(occasion: Occasion): boolean {
	return "after" in occasion && (occasion.after === "run-start" || occasion.after === "run-end");
}

/** "5min after boot", "on a change of the clock". */
export function occasionText(occasion: Occasion): string {
	return "on" in occasion ? CHANGES[occasion.on] : `${spanText(occasion.delayMs / 1000)} after ${EVENTS[occasion.after]}`;
}

/** The largest unit of systemd.time(7) in which the time is a whole number. */
function spanText(seconds: number): string {
	const units = [
		["d", 86_400],
		["h", 3600],
		["min", 60],
	] as const;
	const [unit, length] = units.find(([, length]) => seconds > 0 && seconds % length === 0) ?? ["s", 1];
	return `${seconds / length}${unit}`;
}
