// biome-ignore-all lint/suspicious/noControlCharactersInRegex: they are what this is about
/**
 * Makes the output of a job safe for a terminal, which is taken to read UTF-8. Keeps colours and movements of the cursor.
 * Never passes a control sequence that is not known to be harmless: others type into the shell, or set title, clipboard, modes.
 */
import { StringDecoder } from "node:string_decoder";

/** The parts of a control sequence (ECMA-48). No harmless sequence has longer ones. */
const PARAMETERS = "[0-?]{0,64}";
const INTERMEDIATES = "[ -/]{0,4}";

/** Control sequences, beginnings of strings, other escapes, a lone ESC of a broken sequence, and control characters. */
const CONTROL = new RegExp(
	`\\x1b\\[${PARAMETERS}${INTERMEDIATES}[@-~]|\\x1b[\\]PX^_k]|\\x1b${INTERMEDIATES}[0-~]|\\x1b|[\\x01-\\x06\\x0e-\\x1f\\x7f-\\x9f]`,
	"g",
);

/** A sequence at the end of a piece that may go on in the next one. */
const UNFINISHED = new RegExp(`\\x1b(?:\\[${PARAMETERS}${INTERMEDIATES}|${INTERMEDIATES})$`);

const HARMLESS = new RegExp(
	[
		"^\\x1b\\[[0-9;:]*m$", // SGR: colours
		"^\\x1b\\[[0-9;]*[A-HJ-MPXZ@`adef]$", // moves the cursor, erases, inserts
		"^\\x1b\\[[su]$", // saves and restores the place of the cursor
		"^\\x1b[78M]$", // the same; moves up a line
		"^\\x1b\\[\\?(?:7|25|2026)[hl]$", // wrapping of lines, visibility of the cursor, synchronised drawing
		"^\\x1b\\(B$", // the character set ASCII, part of sgr0 (terminfo(5))
	].join("|"),
);

/** The beginning of a string: OSC, DCS, SOS, PM, APC, or a title for screen(1). It ends at END_OF_STRING. */
const STRING = /^\x1b[\]PX^_k]$/;

/** BEL, CAN, SUB, ESC, ST; and the end of the line, so that a string that is never ended hides no more than its line. */
const END_OF_STRING = /[\x07\n\r\x18\x1a\x1b\x9c]/g;

/** The filter of one stream. How the stream is cut into pieces makes no difference. Its output never ends within a sequence. */
export class TerminalFilter {
	readonly #decoder = new StringDecoder("utf8");
	#rest = "";
	#isInString = false;

	/** The bytes of the next piece that may be shown. */
	pass(bytes: Uint8Array): Buffer {
		return this.#filter(this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
	}

	/** The last bytes of the stream, if they are an incomplete character. */
	end(): Buffer {
		return this.#filter(this.#decoder.end());
	}

	#filter(more: string): Buffer {
		const all = this.#rest + more;
		this.#rest = UNFINISHED.exec(all)?.[0] ?? "";
		const text = all.slice(0, all.length - this.#rest.length);
		let shown = "";
		for (let at = 0; at < text.length; ) {
			const pattern = this.#isInString ? END_OF_STRING : CONTROL;
			pattern.lastIndex = at;
			const found = pattern.exec(text);
			const end = found?.index ?? text.length;
			if (!this.#isInString) shown += text.slice(at, end);
			if (found === null) break;
			const [control] = found;
			if (this.#isInString) {
				this.#isInString = false;
				at = /[\n\r\x1b]/.test(control) ? end : end + 1; // these also count by themselves
			} else {
				this.#isInString = STRING.test(control);
				if (HARMLESS.test(control)) shown += control;
				at = end + control.length;
			}
		}
		return Buffer.from(shown);
	}
}
