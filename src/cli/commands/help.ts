/** `chore help`: prints the help of one command, or the list of commands. */
import { Command } from "commander";
import { UsageError } from "../failure.ts";
import { commandOf } from "../line.ts";

export function helpCommand(): Command {
	const help = new Command("help").summary("print help").description("Print help.").helpOption("-h, --help", "print help");
	return help.argument("[command...]", "the command to explain").action((names: readonly string[]) => {
		let command = help.parent;
		if (command === null) throw new Error("help is a command of chore");
		for (const name of names) {
			const found = commandOf(command, name);
			if (found === undefined) throw new UsageError(`there is no command "${names.join(" ")}"`, "`chore help` lists the commands");
			command = found;
		}
		return command.outputHelp();
	});
}
