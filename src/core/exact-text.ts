/**
 * Text for words and paths whose bytes need not be UTF-8, as on Unix. A byte that is not part of a character stands in the
 * text as the lone surrogate U+DC00 + byte, as in Python (PEP 383): so nothing is lost, also not in JSON. Where such a text is
 * shown, the byte becomes U+FFFD. Pure.
 */

/** The bytes of a text. */
export function bytesOf(text: string): Buffer {
	if (text.isWellFormed()) return Buffer.from(text);
	// With the flag u only lone surrogates match.
	const parts = text.split(/(\p{Surrogate})/u);
	return Buffer.concat(parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part) : Buffer.of(part.charCodeAt(0) - ESCAPE))));
}

/** The text of these bytes. */
export function textOf(bytes: Uint8Array): string {
	const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const text = whole.toString();
	if (whole.equals(Buffer.from(text))) return text;
	const parts: string[] = [];
	for (let at = 0; at < whole.length; ) {
		const first = whole[at] ?? 0;
		const character = whole.subarray(at, at + (first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4));
		const part = character.toString();
		const isCharacter = character.equals(Buffer.from(part));
		parts.push(isCharacter ? part : String.fromCharCode(ESCAPE + first));
		at += isCharacter ? character.length : 1;
	}
	return parts.join("");
}

/** A path for a call of node:fs, which makes UTF-8 of strings. */
export function pathOf(text: string): string | Buffer {
	return text.isWellFormed() ? text : bytesOf(text);
}

/** These words as they are shown. */
export function shownWords(words: readonly string[]): readonly string[] {
	return words.map((word) => word.toWellFormed());
}

/** Whether the text has bytes: each lone surrogate stands for one. */
export function hasBytes(text: string): boolean {
	return text.isWellFormed() || (text.match(/\p{Surrogate}/gu) ?? []).every((one) => one >= "\udc80" && one <= "\udcff");
}

/** Whether Node, which reads what is not UTF-8 as U+FFFD, may have read other bytes as this text. */
export function isDoubtful(text: string): boolean {
	return text.includes("\ufffd");
}

const ESCAPE = 0xdc00;
