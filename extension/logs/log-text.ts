/**
 * Bytes of a log as text: UTF-8 across the borders of pieces, and, for a place to which text can only be added, without
 * colours and with one line for a progress bar that was written over and over.
 */

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

/** The beginning of a control sequence at the end of a piece; the rest comes with the next piece. */
const BEGUN = new RegExp(`${ESCAPE}(?:\\[[0-?]*[ -/]*|\\][^${BELL}${ESCAPE}]*${ESCAPE}?|[PX^_][^${ESCAPE}]*${ESCAPE}?|[ -/]*)$`);

/** A longer run of characters is taken for text, not for a sequence whose end is still to come. */
const LONGEST_SEQUENCE = 4096;

/** A longer line is taken for text, not for a progress bar: it is shown as it comes. */
const LONGEST_BAR = 4096;

export class LogText {
	readonly #decoder = new TextDecoder();
	readonly #codes: "kept" | "removed";
	/** The beginning of a sequence whose end has not come yet. */
	#begun = "";
	readonly #lines = new OverwrittenLines();

	/** @param codes "removed" also keeps only the last state of a line that carriage returns write over; "kept" is for a terminal */
	constructor(codes: "kept" | "removed") {
		this.#codes = codes;
	}

	/** Whether a state of a progress bar is held back, because the next may write over it. */
	get hasProgress(): boolean {
		return this.#lines.isHeld;
	}

	/** The text that is complete with these bytes; bytes that are not UTF-8 are U+FFFD. */
	push(bytes: Uint8Array): string {
		return this.#take(this.#decoder.decode(bytes, { stream: true }));
	}

	/** The state that is held back, on a line of its own: called now and then while a job goes on. */
	progress(): string {
		return this.#lines.show();
	}

	/** The text that was held back. Called when no more bytes follow. */
	end(): string {
		return this.#take(this.#decoder.decode()) + this.#lines.show();
	}

	#take(decoded: string): string {
		if (this.#codes === "kept") return decoded;
		let text = (this.#begun + decoded).replace(SEQUENCE, "");
		this.#begun = "";
		const begun = BEGUN.exec(text);
		if (begun !== null && text.length - begun.index <= LONGEST_SEQUENCE) {
			this.#begun = text.slice(begun.index);
			text = text.slice(0, begun.index);
		}
		return this.#lines.push(text.replaceAll(ESCAPE, ""));
	}
}

/** Lines in which a carriage return begins the line anew. What stood before it is left out, unless it was given out already. */
class OverwrittenLines {
	/** The state of the unfinished line, with the carriage return that ends it if there is one; undefined before the first return. */
	#held: string | undefined;
	/** Whether a part of the unfinished line was given out: it cannot be taken back. */
	#isShown = false;

	get isHeld(): boolean {
		return this.#held !== undefined && lastState(this.#held) !== "";
	}

	push(text: string): string {
		const lines = text.split("\n");
		const rest = lines.pop() ?? "";
		return `${lines.map((line) => `${this.#add(line)}${this.show()}${this.#endLine()}`).join("")}${this.#add(rest)}`;
	}

	/** Gives out the last state; on a line of its own, if an earlier one was given out. */
	show(): string {
		const state = lastState(this.#held ?? "");
		this.#held = this.#held?.endsWith("\r") ? "\r" : undefined;
		if (state === "") return "";
		const shown = this.#isShown ? `\n${state}` : state;
		this.#isShown = true;
		return shown;
	}

	#endLine(): string {
		this.#held = undefined;
		this.#isShown = false;
		return "\n";
	}

	/** Takes a part of a line. @returns what of it can be given out at once */
	#add(part: string): string {
		if (this.#held === undefined && !part.includes("\r")) {
			this.#isShown ||= part !== "";
			return part;
		}
		const line = (this.#held ?? "") + part;
		const state = lastState(line);
		this.#held = line.endsWith("\r") ? `${state}\r` : state;
		return state.length > LONGEST_BAR ? this.show() : "";
	}
}

/** The text after the last carriage return that is not at the end. A terminal shows the same, if no state is shorter than the one before. */
function lastState(line: string): string {
	let end = line.length;
	while (end > 0 && line[end - 1] === "\r") end--;
	return line.slice(end === 0 ? 0 : line.lastIndexOf("\r", end - 1) + 1, end);
}
