/** Reads values of properties in the spelling of unit files. Each function returns undefined for a text of another form. */
import { signalName, signalNumber } from "../exit-record.ts";
import { readBytes, readSpan } from "../quantities.ts";

const TRUE = ["1", "yes", "y", "true", "t", "on"];
const FALSE = ["0", "no", "n", "false", "f", "off"];

export function readBoolean(text: string): boolean | undefined {
	const word = text.toLowerCase();
	if (TRUE.includes(word)) return true;
	return FALSE.includes(word) ? false : undefined;
}

export function readInteger(text: string, least: number, greatest: number): number | undefined {
	const number = /^[-+]?[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
	return number >= least && number <= greatest ? number : undefined;
}

/** A whole number of up to 64 bits. */
export function readCount(text: string): bigint | undefined {
	return /^[0-9]{1,19}$/.test(text) ? BigInt(text) : undefined;
}

/** "1.5G" in bytes. @param base of the suffixes: 1024, or 1000 for rates of disks and networks */
export function readSize(text: string, base: 1000 | 1024): bigint | undefined {
	const size = readBytes(text, base);
	return size !== undefined && size < 2n ** 63n ? size : undefined;
}

/** "12.5%" in hundredths of a percent: 1250. */
export function readPercent(text: string): number | undefined {
	const digits = /^([0-9]{1,7}(?:\.[0-9]{1,2})?)%$/.exec(text)?.[1];
	return digits === undefined ? undefined : Math.round(Number(digits) * 100);
}

/** "1min 30s" in microseconds. @param unitUs the unit of a number without one */
export function readTime(text: string, unitUs?: number): number | undefined {
	const span = readSpan(text, unitUs);
	return span !== undefined && span <= Number.MAX_SAFE_INTEGER ? Math.round(span) : undefined;
}

/** The number of "SIGTERM", "TERM" or "15". */
export function readSignal(text: string): number | undefined {
	const number = /^[0-9]{1,2}$/.test(text) ? Number(text) : signalNumber(text.startsWith("SIG") ? text : `SIG${text}`);
	return number !== undefined && signalName(number) !== undefined ? number : undefined;
}

/** "0-3,5 7" as a bit mask. The first byte is for the processors 0 to 7. */
export function readProcessors(text: string): Buffer | undefined {
	const mask = Buffer.alloc(1024);
	let last = -1;
	for (const range of text.split(/[ ,]+/).filter((word) => word !== "")) {
		const [, from = "", to = from] = /^([0-9]{1,4})(?:-([0-9]{1,4}))?$/.exec(range) ?? [];
		if (from === "" || Number(to) < Number(from) || Number(to) >= mask.length * 8) return undefined;
		for (let processor = Number(from); processor <= Number(to); processor++) {
			mask[processor >> 3] = (mask[processor >> 3] ?? 0) | (1 << (processor & 7));
			last = Math.max(last, processor);
		}
	}
	return last < 0 ? undefined : mask.subarray(0, (last >> 3) + 1);
}

/** Words with blanks between them; quotes around a word may hold blanks. No escapes: systemd 252 loses them at daemon-reload. */
export function readWords(text: string): readonly string[] | undefined {
	const words = [...text.matchAll(/"([^"\\]*)"|'([^'"\\]*)'|([^ "'\\]+)/g)].map(
		([, double, single, plain]) => double ?? single ?? plain ?? "",
	);
	const isWhole = /^ *(?:(?:"[^"\\]*"|'[^'"\\]*'|[^ "'\\]+)(?: +|$))*$/.test(text) && !/\p{Cc}/u.test(text);
	return isWhole && words.length > 0 ? words : undefined;
}
