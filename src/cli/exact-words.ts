/** The words of the command line with the bytes that they have. Node reads what is not UTF-8 as U+FFFD. */
import { readFileSync } from "node:fs";
import { isDoubtful, textOf } from "../index.ts";
import { UsageError } from "./failure.ts";

/**
 * @param words the last words of this process, as Node gives them
 * @param read reads the words that the kernel gave to this process (proc_pid_cmdline(5)), each with a NUL behind it
 * @returns the same, with other bytes as in core/exact-text.ts
 * @throws UsageError when they cannot be known
 */
export function exactWords(words: readonly string[], read: () => Buffer = ownWords): readonly string[] {
	if (!words.some(isDoubtful)) return words;
	const all = split(read()).slice(-words.length);
	// A process may change its own words there.
	if (all.length === words.length && all.every((word, index) => word.toString() === words[index])) return all.map(textOf);
	throw new UsageError(
		`a word is not valid UTF-8, or has the character U+FFFD, and this system does not tell which: ${JSON.stringify(words.find(isDoubtful))}`,
		"such a word can be written in a script, or with $'…' inside chore run -c 'LINE'",
	);
}

function ownWords(): Buffer {
	try {
		return readFileSync("/proc/self/cmdline");
	} catch {
		return Buffer.alloc(0);
	}
}

function split(text: Buffer): readonly Buffer[] {
	const words: Buffer[] = [];
	for (let start = 0; start < text.length; ) {
		const end = text.indexOf(0, start);
		const word = text.subarray(start, end < 0 ? text.length : end);
		words.push(word);
		start += word.length + 1;
	}
	return words;
}
