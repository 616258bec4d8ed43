/**
 * Reads back what `startScript` wrote: what a job was given that stands nowhere else. Its variables may be secrets, and are not
 * stored a second time.
 */
import { textOf } from "../exact-text.ts";
import type { Environment } from "./environment.ts";
import type { ResourceLimit } from "./resource-limits.ts";

/** What a job got from whoever made it. */
export interface Given {
	readonly environment: Environment;
	readonly umask: number;
	readonly limits: readonly ResourceLimit[];
	readonly nice: number;
	/** The words of a program that becomes another user; none for a job of the caller's. */
	readonly become: readonly string[];
}

/**
 * @param words how many words the program and its arguments are
 * @returns undefined for a script of another form
 */
export function readStartScript(script: Buffer, words: number): Given | undefined {
	const text = textOf(script);
	// No text of the user's stands before this.
	const begin = text.indexOf("\ncd '");
	const reader = new Reader(text, begin + "\ncd ".length);
	if (begin < 0 || reader.quoted() === undefined || !reader.over(" || exit 126\nset --")) return undefined;
	const byEnv = reader.over(" /usr/bin/env --") ? reader.words((word) => word.includes("=")) : [];
	const nice = Number(reader.match(/ \/usr\/bin\/nice -n (-?[0-9]+)/y)?.[1] ?? 0);
	// The words of a condition, which are those of another user's program, and a shell. Older scripts have none.
	if (reader.match(/\nif [^\n]*; then\nset -- "\$@"/y)) {
		reader.words(() => true);
		reader.match(/ \/bin\/sh -c\n[^\n]*\nelse\nset -- "\$@"/y);
	}
	reader.match(/ \/bin\/sh "[^"]*" "\$chore_run"/y);
	const command = reader.words(() => true);
	const umask = reader.match(/(?:\nfi)?\numask ([0-7]{4})\nunset PWD OLDPWD SHLVL\nSHLVL=1\n/y)?.[1];
	if (umask === undefined || command.length < words) return undefined;
	const environment = new Map(byEnv.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]));
	for (;;) {
		const name = reader.match(/export ([A-Za-z0-9_]+)=(?=')/y)?.[1];
		const value = name === undefined ? undefined : reader.quoted();
		if (name === undefined || value === undefined || !reader.over("\n")) break;
		environment.set(name, value);
	}
	if (!reader.over("export CHORE_JOB_ID=")) return undefined;
	return {
		...{ environment, nice, umask: Number.parseInt(umask, 8), become: command.slice(0, command.length - words) },
		limits: limitsIn(text.slice(0, begin)),
	};
}

function limitsIn(head: string): readonly ResourceLimit[] {
	return head.split("\n").flatMap((line) => {
		const found = [...line.matchAll(/chore_limit (-[a-z]) ([0-9]+|unlimited) ([0-9]+|unlimited)/g)];
		const [, , soft, hard] = found[0] ?? [];
		return soft === undefined || hard === undefined ? [] : [{ flags: found.map(([, flag = ""]) => flag), soft, hard }];
	});
}

/** Goes over a text, piece by piece. */
class Reader {
	readonly #text: string;
	#at: number;

	constructor(text: string, at: number) {
		this.#text = text;
		this.#at = at;
	}

	/** @returns whether this comes next; it is gone over then */
	over(text: string): boolean {
		if (!this.#text.startsWith(text, this.#at)) return false;
		this.#at += text.length;
		return true;
	}

	/** @param pattern sticky */
	match(pattern: RegExp): RegExpExecArray | undefined {
		pattern.lastIndex = this.#at;
		const found = pattern.exec(this.#text) ?? undefined;
		if (found !== undefined) this.#at = pattern.lastIndex;
		return found;
	}

	/** The words in quotes that come next, each behind a blank, for as long as they are wanted. */
	words(isWanted: (word: string) => boolean): readonly string[] {
		const words: string[] = [];
		for (;;) {
			const before = this.#at;
			const word = this.over(" ") ? this.quoted() : undefined;
			if (word === undefined || !isWanted(word)) {
				this.#at = before;
				return words;
			}
			words.push(word);
		}
	}

	/** What `quoted` of start-script.ts made of a word; undefined if none comes next. */
	quoted(): string | undefined {
		if (this.#text[this.#at] !== "'") return undefined;
		let word = "";
		for (let from = this.#at + 1; ; from = this.#at + 3) {
			const to = this.#text.indexOf("'", from);
			if (to < 0) return undefined;
			word += this.#text.slice(from, to);
			this.#at = to + 1;
			if (!this.#text.startsWith("\\''", this.#at)) return word;
			word += "'";
		}
	}
}
