/** Reads durations and sizes as systemd spells them, for options of chore and for properties. Pure. */

const SECOND_US = 1_000_000;
const HOUR_US = 3600 * SECOND_US;
const DAY_US = 24 * HOUR_US;

/** The units of systemd.time(7), in microseconds. A month and a year are as long as for `systemd-analyze timespan`. */
const TIME_UNITS: ReadonlyMap<string, number> = new Map(
	(
		[
			["us usec µs μs", 1],
			["ms msec", 1000],
			["s sec second seconds", SECOND_US],
			["m min minute minutes", 60 * SECOND_US],
			["h hr hour hours", HOUR_US],
			["d day days", DAY_US],
			["w week weeks", 7 * DAY_US],
			["M month months", 2_629_800 * SECOND_US],
			["y year years", 365.25 * DAY_US],
		] as const
	).flatMap(([names, microseconds]) => names.split(" ").map((name): [string, number] => [name, microseconds])),
);

/**
 * A duration: "90" (seconds), "1.5s", "2min 10s", "1h".
 *
 * @param unitUs the unit of a number without one
 * @returns microseconds, or undefined for another text
 */
export function readSpan(text: string, unitUs: number = SECOND_US): number | undefined {
	// One part after the other: an expression for all of them could divide a row of digits into parts in 2^n ways, and tries each.
	const part = /\s*([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Z\u00b5\u03bc]*)/uy;
	let sumUs = 0;
	do {
		const [, digits, unit] = part.exec(text) ?? [];
		const factor = unit === "" ? unitUs : TIME_UNITS.get(String(unit));
		if (factor === undefined) return undefined;
		sumUs += Number(digits) * factor;
	} while (part.lastIndex < text.length);
	return sumUs;
}

/**
 * A size: "512M", "1.5G", "1048576".
 *
 * @param base of the suffixes: 1024, or 1000 for rates of disks and networks
 * @returns whole bytes, without an upper limit, or undefined for another text
 */
export function readBytes(text: string, base: 1000 | 1024): bigint | undefined {
	const [, whole = "", fraction = "", suffix = ""] = /^([0-9]+)(?:\.([0-9]+))? ?([KMGTPE]?)B?$/.exec(text) ?? [];
	if (whole === "") return undefined;
	const factor = BigInt(base) ** BigInt(["", "K", "M", "G", "T", "P", "E"].indexOf(suffix));
	return BigInt(whole) * factor + (BigInt(`0${fraction}`) * factor) / 10n ** BigInt(fraction.length);
}
