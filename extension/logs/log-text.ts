/** Bytes of a log as text: UTF-8 across the borders of pieces, and for a place that shows no colours without their codes. */

const ESCAPE = "\u001b";
const BELL = "\u0007";

/** Control sequences (ECMA-48): CSI, OSC, the other strings, and the short ones. */
const SEQUENCE = new RegExp(
	[
		`${ESCAPE}\\[[0-?]*[ -/]*[@-~]`,
		`${ESCAPE}\\][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)`,
		`${ESCAPE}[PX^_][^${ESCAPE}]*${ESCAPE}\\\\`,
		`${ESCAPE}[ -/]*[0-OQ-WYZ\\\\\`-~]`,
	].join("|"),
	"g",
);

/** The beginning of one, at the end of a piece. */
const BEGUN = new RegExp(`${ESCAPE}(?:\\[[0-?]*[ -/]*|\\][^${BELL}${ESCAPE}]*${ESCAPE}?|[PX^_][^${ESCAPE}]*${ESCAPE}?|[ -/]*)$`);

/** Nobody waits longer than so many characters for the end of a sequence: it is none. */
const LONGEST_SEQUENCE = 4096;

export class LogText {
	readonly #decoder = new TextDecoder();
	readonly #codes: "kept" | "removed";
	#held = "";

	/** @param codes removed: also ends lines at a lone carriage return, where a terminal would write over the line */
	constructor(codes: "kept" | "removed") {
		this.#codes = codes;
	}

	/** The text that is complete with these bytes; bytes that are not UTF-8 are U+FFFD. */
	push(bytes: Uint8Array): string {
		return this.#take(this.#decoder.decode(bytes, { stream: true }));
	}

	/** What is left when nothing follows. */
	end(): string {
		const rest = this.#take(this.#decoder.decode());
		const held = this.#held.startsWith(ESCAPE) ? "" : this.#held.replaceAll("\r", "\n");
		this.#held = "";
		return rest + held;
	}

	#take(decoded: string): string {
		if (this.#codes === "kept") return decoded;
		let text = (this.#held + decoded).replace(SEQUENCE, "");
		this.#held = "";
		const begun = BEGUN.exec(text) ?? (text.endsWith("\r") ? { index: text.length - 1 } : undefined);
		if (begun !== undefined && text.length - begun.index <= LONGEST_SEQUENCE) {
			this.#held = text.slice(begun.index);
			text = text.slice(0, begun.index);
		}
		return text.replaceAll(ESCAPE, "").replace(/\r\n?/g, "\n");
	}
}
