/** What the words of a command line are, without judging them: for completion, and for how failures are told. */
import type { Command, Option } from "commander";

export interface Line {
	/** The command that the words are for: chore itself while there is no verb, or none that is known. */
	readonly command: Command;
	readonly verb: string | undefined;
	/** By the option's name, the last value of each; "" where it takes none, or has not got it yet. */
	readonly given: ReadonlyMap<string, string>;
	/** What is neither an option nor its value. Of `run`: the program and all that follows. */
	readonly operands: readonly string[];
	/** The place of the first of them among the words. */
	readonly operandsAt: number | undefined;
	/** The option whose value would come next. */
	readonly awaiting: Option | undefined;
	/** Whether nothing that follows can be an option. */
	readonly optionsOver: boolean;
}

/** @param words all that follows the name of the program */
export function readLine(chore: Command, words: readonly string[]): Line {
	const given = new Map<string, string>();
	const operands: string[] = [];
	let operandsAt: number | undefined;
	let verb: string | undefined;
	let command = chore;
	let awaiting: Option | undefined;
	let optionsOver = false;
	for (const [index, word] of words.entries()) {
		if (awaiting !== undefined) {
			given.set(awaiting.name(), word);
			awaiting = undefined;
		} else if (optionsOver || word === "-" || !word.startsWith("-")) {
			if (verb === undefined) {
				verb = word;
				command = commandOf(chore, word) ?? chore;
				continue;
			}
			operands.push(word);
			operandsAt ??= index;
			optionsOver ||= verb === "run";
		} else if (word === "--") optionsOver = true;
		else {
			for (const { option, value } of optionsIn(command, word)) {
				given.set(option.name(), value ?? "");
				if (option.required && value === undefined) awaiting = option;
			}
		}
	}
	return { command, verb, given, operands, operandsAt, awaiting, optionsOver };
}

/** The command of that name or alias. */
function commandOf(chore: Command, name: string): Command | undefined {
	return chore.commands.find((one) => one.name() === name || one.aliases().includes(name));
}

/** The option of that flag, of a command or of chore itself. */
function optionOf(command: Command, flag: string): Option | undefined {
	const options = [...command.options, ...(command.parent?.options ?? [])];
	return options.find(({ short, long }) => short === flag || long === flag);
}

/** The options of one word: a long one, or a cluster of short ones, the last of which may have a value. Unknown ones are left out. */
export function optionsIn(command: Command, word: string): readonly { readonly option: Option; readonly value: string | undefined }[] {
	if (word.startsWith("--")) {
		const equals = word.indexOf("=");
		const option = optionOf(command, equals < 0 ? word : word.slice(0, equals));
		return option === undefined ? [] : [{ option, value: equals < 0 ? undefined : word.slice(equals + 1) }];
	}
	const found: { readonly option: Option; readonly value: string | undefined }[] = [];
	for (let place = 1; place < word.length; place++) {
		const option = optionOf(command, `-${word[place]}`);
		if (option === undefined) continue;
		const rest = word.slice(place + 1);
		const takesRest = option.required && rest !== "";
		found.push({ option, value: takesRest ? rest : undefined });
		if (takesRest) break;
	}
	return found;
}
