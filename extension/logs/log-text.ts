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

/** The beginning of one, at the end of a piece. */
const BEGUN = new RegExp(`${ESCAPE}(?:\\[[0-?]*[ -/]*|\\][^${BELL}${ESCAPE}]*${ESCAPE}?|[PX^_][^${ESCAPE}]*${ESCAPE}?|[ -/]*)$`);

/** A sequence that is longer than so many characters is none: its end is not waited for. */
const LONGEST_SEQUENCE = 4096;

/** A line that is longer than this is no progress bar: it is shown as it comes. */
const LONGEST_BAR = 4096;

export class LogText {
	readonly #decoder = new TextDecoder();
	readonly #codes: "kept" | "removed";
	/** The beginning of a sequence, until its end is there. */
	#begun = "";
	readonly #lines = new OverwrittenLines();

	/** @param codes removed: also of a line that carriage returns write over only the last state is kept, where a terminal would show that */
	constructor(codes: "kept" | "removed") {
		this.#codes = codes;
	}

	/** Whether a state of a line is held that the next may write over. */
	get hasProgress(): boolean {
		return this.#lines.isHeld;
	}

	/** The text that is complete with these bytes; bytes that are not UTF-8 are U+FFFD. */
	push(bytes: Uint8Array): string {
		return this.#take(this.#decoder.decode(bytes, { stream: true }));
	}

	/** The state that is held, as a line of its own, for who wants to see how far it is. */
	progress(): string {
		return this.#lines.show();
	}

	/** What is left when nothing follows. */
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

/** Text in which a carriage return begins the line anew: what was written before it is left out, unless it is shown already. */
class OverwrittenLines {
	/** What the line that is not over yet is at this moment, from its first carriage return on; a last one is kept. */
	#held: string | undefined;
	/** Whether something of this line is shown. */
	#isShown = false;

	get isHeld(): boolean {
		return this.#held !== undefined && lastState(this.#held) !== "";
	}

	push(text: string): string {
		const lines = text.split("\n");
		const rest = lines.pop() ?? "";
		return `${lines.map((line) => `${this.#add(line)}${this.show()}${this.#endLine()}`).join("")}${this.#add(rest)}`;
	}

	/** The last state, on a line of its own where an earlier one is shown. */
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

	/** What can be shown at once of a part of a line. */
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

/** What a terminal shows of a line that was written over, if each state is as long as the one before. */
function lastState(line: string): string {
	let end = line.length;
	while (end > 0 && line[end - 1] === "\r") end--;
	return line.slice(end === 0 ? 0 : line.lastIndexOf("\r", end - 1) + 1, end);
}
