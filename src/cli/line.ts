/** Reads a command line that may be incomplete or wrong. For completion and for error messages; never throws. */
import type { Command, Option } from "commander";

export interface Line {
	/** The command of the verb, or of the verb's own verb; chore itself if there is no verb, or an unknown one. */
	readonly command: Command;
	readonly verb: string | undefined;
	/** By the name of an option: its last value; "" if it takes none, or has none yet. */
	readonly given: ReadonlyMap<string, string>;
	/** The words that are neither options nor their values. For `run`: the program and all that follows. */
	readonly operands: readonly string[];
	/** The index of the first operand among the words. */
	readonly operandsAt: number | undefined;
	/** The option whose value comes next. */
	readonly awaiting: Option | undefined;
	/** Whether no further word can be an option. */
	readonly optionsOver: boolean;
}

/** @param words those after `chore` */
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
			const below = operands.length === 0 && !optionsOver ? commandOf(command, word) : undefined;
			if (below !== undefined) {
				command = below;
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

/** The last of these commands, each below the one before it; as far as there are such. */
export function commandAt(chore: Command, names: readonly string[]): Command {
	const [name, ...rest] = names;
	const found = name === undefined ? undefined : commandOf(chore, name);
	return found === undefined ? chore : commandAt(found, rest);
}

/** The command with this name or alias. */
export function commandOf(chore: Command, name: string): Command | undefined {
	return chore.commands.find((one) => one.name() === name || one.aliases().includes(name));
}

/** The option with this flag, of a command or of one above it. */
function optionOf(command: Command, flag: string): Option | undefined {
	const found = command.options.find(({ short, long }) => short === flag || long === flag);
	return found ?? (command.parent === null ? undefined : optionOf(command.parent, flag));
}

/** The options in one word: one long option, or several short ones, the last of which may have a value. Skips unknown ones. */
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
