/** Reads the header Range (RFC 9110, section 14), by which curl -C - goes on with a file. Pure. */
import { HttpError } from "./http.ts";

/** From a byte on, up to another one, which does not belong to it. */
export interface Range {
	readonly from: number;
	readonly to: number;
}

/**
 * @param size of what there is
 * @returns undefined for a header that asks for no single range: then all is the answer
 * @throws HttpError 416 for a range that begins behind the end
 */
export function readRange(header: string | undefined, size: number): Range | undefined {
	const [, first, last] = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(header ?? "") ?? [];
	if (first === undefined || last === undefined || first + last === "") return undefined;
	const range =
		first === ""
			? { from: Math.max(0, size - Number(last)), to: size }
			: { from: Number(first), to: last === "" ? size : Math.min(Number(last) + 1, size) };
	if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
	if (range.from < size && range.from < range.to) return range;
	throw new HttpError(416, `the output has ${size} bytes, and the range begins behind them`, {
		hint: "ask again when there is more, or follow",
		headers: { "Content-Range": `bytes */${size}` },
	});
}
