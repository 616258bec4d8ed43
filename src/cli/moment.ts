/** Reads a point in time, or throws a usage error with an example. */
import { InvalidArgumentError } from "commander";
import { readMoment } from "../words.ts";

export function moment(text: string): Date {
	return momentAt(text, new Date());
}

/** Like `moment`, with the present moment as an argument. */
export function momentAt(text: string, now: Date): Date {
	const found = readMoment(text, now);
	if (found !== undefined) return found;
	throw new InvalidArgumentError(`"${text}" is no point in time; one is written 2026-01-31 15:04, yesterday, 2h ago or -2h.`);
}
