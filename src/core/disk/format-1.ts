/**
 * Converts a job.json of format 1, which chore no longer writes, so that the jobs of an older chore can be shown and started
 * again. Outside of the platforms this is the only code that knows the names of systemd's options.
 */

/** A record as read from JSON, before it is checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** The record in format 2: three fields of format 1 move into `native`. */
export function fromFormat1({ unitName, slice, properties, ...rest }: Fields): Fields {
	if (!Array.isArray(properties)) return rest; // damaged; the check finds that `native` is missing
	const asked = { unit: unitName ?? [], slice: slice ?? [], properties };
	return { ...rest, format: 2, native: Object.fromEntries(Object.entries(asked).filter(([, words]) => [words].flat().length > 0)) };
}
