/** Splits text into words like systemd, with quotes and C escapes (systemd.syntax(7)), as in Environment=. Pure. */

/** One escape. The groups: hexadecimal digits, octal digits, 4 or 8 digits of a code point, a letter. */
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abfnrtvs\\"']))/y;

const LETTERS: Readonly<Record<string, string>> = {
	a: "\u0007",
	b: "\b",
	f: "\f",
	n: "\n",
	r: "\r",
	t: "\t",
	v: "\v",
	s: " ",
};

/** @returns undefined if a quote is not closed, an escape is unknown, or the bytes of a word are not UTF-8 */
export function systemdWords(text: string): readonly string[] | undefined {
	const words: string[] = [];
	let word: Buffer[] | undefined;
	let quote = "";
	const end = (): boolean => {
		const read = word === undefined ? undefined : readUtf8(Buffer.concat(word));
		if (read !== undefined) words.push(read);
		const isWhole = word === undefined || read !== undefined;
		word = undefined;
		return isWhole;
	};
	for (let at = 0; at < text.length; ) {
		const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
		if (character === "\\") {
			ESCAPE.lastIndex = at;
			const found = ESCAPE.exec(text);
			const bytes = found === null ? undefined : bytesOf(found);
			if (found === null || bytes === undefined) return undefined;
			word = [...(word ?? []), bytes];
			at += found[0].length;
			continue;
		}
		at += character.length;
		if (quote === "" && /[ \t\n\r]/.test(character)) {
			if (!end()) return undefined;
		} else if (quote === "" && (character === '"' || character === "'")) {
			quote = character;
			word ??= [];
		} else if (character === quote) quote = "";
		else word = [...(word ?? []), Buffer.from(character)];
	}
	return quote === "" && end() ? words : undefined;
}

/** The bytes that an escape stands for; undefined for NUL, and for a number that is no character. */
function bytesOf([, hex, octal, short, long, letter = ""]: RegExpExecArray): Buffer | undefined {
	if (hex !== undefined || octal !== undefined) {
		const byte = hex === undefined ? Number.parseInt(octal ?? "", 8) : Number.parseInt(hex, 16);
		return byte > 0 && byte <= 255 ? Buffer.from([byte]) : undefined;
	}
	const digits = short ?? long;
	if (digits === undefined) return Buffer.from(LETTERS[letter] ?? letter);
	const point = Number.parseInt(digits, 16);
	return point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff) ? Buffer.from(String.fromCodePoint(point)) : undefined;
}

function readUtf8(bytes: Buffer): string | undefined {
	const text = bytes.toString();
	return Buffer.from(text).equals(bytes) ? text : undefined;
}
