/** The results of benchmarks, and whether they are within their bounds. */

/** One line of the table. Both values are medians, taken in turns in the same run. */
export interface Row {
	readonly what: string;
	readonly unit: "ms" | "jobs/s" | "requests/s" | "MB/s" | "kB";
	readonly chore: number;
	/** A program that does the same without chore, or the least that is necessary; null if there is none. */
	readonly peer: { readonly name: string; readonly value: number } | null;
	/** Null for a value that is only informative. */
	readonly bound: Bound | null;
	/** Where the rest goes, in one line: printed when the bound is missed. */
	readonly rest?: string;
}

/** `ratio` is chore's value by the peer's, `excess` is what chore's has more than the peer's. */
export type Bound =
	| { readonly of: "ratio" | "excess" | "value"; readonly atMost: number }
	| { readonly of: "ratio"; readonly atLeast: number };

/** A benchmark that could not be made here. */
export interface NotMeasured {
	readonly what: string;
	readonly reason: string;
}

/** A row with what follows from it. */
export type Result = Row & { readonly ratio: number | null; readonly met: boolean | null };

export function judge(row: Row): Result {
	const ratio = row.peer === null ? null : row.chore / row.peer.value;
	return { ...row, ratio, met: row.bound === null ? null : isWithin(row, row.bound, ratio) };
}

function isWithin({ chore, peer }: Row, bound: Bound, ratio: number | null): boolean {
	const value = bound.of === "value" ? chore : bound.of === "excess" ? chore - (peer?.value ?? 0) : (ratio ?? Number.NaN);
	return "atMost" in bound ? value <= bound.atMost : value >= bound.atLeast;
}
