// biome-ignore-all lint/suspicious/noControlCharactersInRegex: they are what this is about
/**
 * What a job wrote, for a terminal: colours and what progress bars do stay; what would make the terminal answer as if
 * somebody had typed, or set its title, its clipboard or its modes, is left out. It knows what is harmless, and leaves out
 * all else. Terminals are taken to read UTF-8.
 */
import { StringDecoder } from "node:string_decoder";

/** As ECMA-48 has them; none that passes is longer. */
const PARAMETERS = "[0-?]{0,64}";
const INTERMEDIATES = "[ -/]{0,4}";

/** Control sequences, what begins a string, other escapes, and what is left of any that is broken; and lone characters. */
const CONTROL = new RegExp(
	`\\x1b\\[${PARAMETERS}${INTERMEDIATES}[@-~]|\\x1b[\\]PX^_k]|\\x1b${INTERMEDIATES}[0-~]|\\x1b|[\\x01-\\x06\\x0e-\\x1f\\x7f-\\x9f]`,
	"g",
);

/** A sequence that may go on in the next piece. */
const UNFINISHED = new RegExp(`\\x1b(?:\\[${PARAMETERS}${INTERMEDIATES}|${INTERMEDIATES})$`);

const HARMLESS = new RegExp(
	[
		"^\\x1b\\[[0-9;:]*m$", // SGR: colours
		"^\\x1b\\[[0-9;]*[A-HJ-MPXZ@`adef]$", // moves the cursor, erases, makes room
		"^\\x1b\\[[su]$", // keeps the place of the cursor, and goes back there
		"^\\x1b[78M]$", // the same; up a line
		"^\\x1b\\[\\?(?:7|25|2026)[hl]$", // wraps lines, shows the cursor, draws at once
		"^\\x1b\\(B$", // plain letters: part of what tput(1) has as sgr0
	].join("|"),
);

/** OSC, DCS, SOS, PM and APC, and how screen(1) is told a title: all up to BEL, CAN, SUB, ST or another sequence. */
const STRING = /^\x1b[\]PX^_k]$/;

/** No string of use has a line end in it: one that is never ended hides no more than its line. */
const END_OF_STRING = /[\x07\n\r\x18\x1a\x1b\x9c]/g;

/** For one stream. What it gives is the same whatever pieces it is given, and never ends within a sequence. */
export class TerminalFilter {
	readonly #decoder = new StringDecoder("utf8");
	#rest = "";
	#isInString = false;

	/** The bytes of the next piece that may be shown. */
	pass(bytes: Uint8Array): Buffer {
		return this.#filter(this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
	}

	/** What is left of a character that was never finished. */
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
				at = /[\n\r\x1b]/.test(control) ? end : end + 1; // these mean something by themselves
			} else {
				this.#isInString = STRING.test(control);
				if (HARMLESS.test(control)) shown += control;
				at = end + control.length;
			}
		}
		return Buffer.from(shown);
	}
}
