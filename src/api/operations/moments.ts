/** Reads the moments of a request, which JSON has as RFC 3339. Pure. */
import { ChoreError, type ScheduleOptions, type TriggerOptions } from "../../index.ts";
import type { Moment, ScheduleRequest, TriggerRequest } from "./messages.ts";

/** RFC 3339, section 5.6. */
const MOMENT =
	/^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$/i;

/** @throws ChoreError INVALID_ARGUMENT that names the field */
export function readMoment<Text extends Moment | undefined>(field: string, text: Text): Date | (Text & undefined);
export function readMoment(field: string, text: Moment | undefined): Date | undefined {
	if (text === undefined) return undefined;
	const moment = new Date(text);
	if (MOMENT.test(text) && Number.isFinite(moment.getTime())) return moment;
	throw new ChoreError("INVALID_ARGUMENT", `${field} is no moment: ${JSON.stringify(text.slice(0, 60))}`, {
		hint: "a moment is written as RFC 3339: 2026-03-01T09:00:00Z; in an address + is written %2B",
	});
}

export function readTrigger({ at, ...rest }: TriggerRequest): TriggerOptions {
	return { ...rest, at: readMoment("at", at) };
}

export function readSchedule({ at, notBefore, notAfter, ...rest }: ScheduleRequest): ScheduleOptions {
	return {
		...rest,
		at: readMoment("at", at),
		notBefore: readMoment("notBefore", notBefore),
		notAfter: readMoment("notAfter", notAfter),
	};
}
