/**
 * job.json as the first format had it. Nothing writes it any more; this reads it, so that the jobs of an older chore can be
 * shown and started again. Its names for what systemd takes stand here and nowhere else above the border.
 */

/** What was read of a record, before anything of it is known. */
export type Fields = Readonly<Record<string, unknown>>;

/** The same record in the format of today: what was three fields of its own is in `native`. */
export function fromFormat1({ unitName, slice, properties, ...rest }: Fields): Fields {
	if (!Array.isArray(properties)) return rest; // damaged: `native` is missing
	const asked = { unit: unitName ?? [], slice: slice ?? [], properties };
	return { ...rest, format: 2, native: Object.fromEntries(Object.entries(asked).filter(([, words]) => [words].flat().length > 0)) };
}
