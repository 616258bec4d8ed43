/** Reads XML property lists, strictly: a second opinion on what the platform writes, and shares nothing with it. */

export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * @param text the whole file
 * @throws Error saying what is wrong
 */
export function parsePropertyList(text: string): Value {
	const prolog =
		/^<\?xml version="1.0"(?: encoding="UTF-8")?\s*\?>\s*(?:<!DOCTYPE plist PUBLIC "[^"]*" "[^"]*">\s*)?<plist version="1.0">/.exec(text);
	if (prolog === null) throw new Error("not a property list");
	// XML 1.0 has no way to write these.
	// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
	if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\ufffd]/.test(text)) throw new Error("a character that XML does not allow");
	const reader = new Reader(text, prolog[0].length);
	const value = reader.value();
	reader.expect("</plist>");
	reader.end();
	return value;
}

class Reader {
	readonly #text: string;
	#at: number;

	constructor(text: string, at: number) {
		this.#text = text;
		this.#at = at;
	}

	value(): Value {
		if (this.#take("<dict/>")) return {};
		if (this.#take("<array/>")) return [];
		if (this.#take("<string/>")) return "";
		if (this.#take("<true/>")) return true;
		if (this.#take("<false/>")) return false;
		if (this.#take("<string>")) return this.#content("string");
		if (this.#take("<integer>")) {
			const digits = this.#content("integer");
			if (!/^-?[0-9]+$/.test(digits)) throw new Error(`not an integer: ${digits}`);
			return Number(digits);
		}
		if (this.#take("<array>")) {
			const values: Value[] = [];
			while (!this.#take("</array>")) values.push(this.value());
			return values;
		}
		this.expect("<dict>");
		const entries = new Map<string, Value>();
		while (!this.#take("</dict>")) {
			this.expect("<key>");
			const key = this.#content("key");
			if (entries.has(key)) throw new Error(`twice: ${key}`);
			entries.set(key, this.value());
		}
		return Object.fromEntries(entries);
	}

	expect(word: string): void {
		if (!this.#take(word)) throw new Error(`${word} is missing before ${this.#text.slice(this.#at, this.#at + 20)}`);
	}

	end(): void {
		if (this.#text.slice(this.#at).trim() !== "") throw new Error("text behind the end");
	}

	#take(word: string): boolean {
		const blanks = /\s*/y;
		blanks.lastIndex = this.#at;
		const start = this.#at + (blanks.exec(this.#text)?.[0].length ?? 0);
		if (!this.#text.startsWith(word, start)) return false;
		this.#at = start + word.length;
		return true;
	}

	#content(tag: string): string {
		const end = this.#text.indexOf("<", this.#at);
		const raw = this.#text.slice(this.#at, end);
		this.#at = end;
		this.expect(`</${tag}>`);
		return raw.replaceAll(/&([^;]*;?)/g, (_, entity: string) => {
			const number = /^#(?:x([0-9a-fA-F]+)|([0-9]+));$/.exec(entity);
			if (number !== null) return String.fromCodePoint(number[1] === undefined ? Number(number[2]) : Number.parseInt(number[1], 16));
			const character = ENTITIES[entity.slice(0, -1)];
			if (!entity.endsWith(";") || character === undefined) throw new Error(`no such entity: &${entity}`);
			return character;
		});
	}
}
