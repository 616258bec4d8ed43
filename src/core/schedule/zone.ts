/** Reads the name of a time zone. */
import { closest } from "../../../platform/closest.ts";
import { ChoreError } from "../../../platform/errors.ts";

/**
 * "UTC", or a name of the IANA database with a slash: "Europe/Berlin".
 *
 * An abbreviation such as CET is refused although the database has a few: where it is one of the machine's own zone, systemd
 * reads it as that, and only for the half of the year in which it is used.
 *
 * @returns "UTC" for each of its names
 * @throws ChoreError INVALID_ARGUMENT
 */
export function readZone(name: string): string {
	if (/^(?:Etc\/)?(?:UTC|UCT|GMT|Zulu|Universal)$/i.test(name)) return "UTC";
	const known = /^[A-Za-z]+\//.test(name) ? inDatabase(name) : undefined;
	if (known !== undefined) return known;
	const word = name.slice(0, 40);
	const meant = closest(word, Intl.supportedValuesOf("timeZone"));
	throw new ChoreError("INVALID_ARGUMENT", `there is no time zone ${JSON.stringify(word)}`, {
		hint: meant === undefined ? "a time zone is UTC, or a name such as Europe/Berlin" : `did you mean ${meant}?`,
	});
}

/** Corrects capitals, but keeps one name of several (Asia/Kolkata, Asia/Calcutta): the machine's database may have only that. */
function inDatabase(name: string): string | undefined {
	try {
		const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
		return timeZone.toLowerCase() === name.toLowerCase() ? timeZone : name;
	} catch {
		return undefined;
	}
}
