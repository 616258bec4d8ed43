/** `chore help`: prints the help of one command, or the list of commands. */
import { Command } from "commander";
import { UsageError } from "../failure.ts";

export function helpCommand(): Command {
	const help = new Command("help").summary("print help").description("Print help.").helpOption("-h, --help", "print help");
	return help.argument("[command]", "the command to explain").action((name: string | undefined) => {
		const chore = help.parent;
		if (chore === null) throw new Error("help is a command of chore");
		if (name === undefined) return chore.outputHelp();
		const command = chore.commands.find((one) => one.name() === name || one.aliases().includes(name));
		if (command === undefined) throw new UsageError(`there is no command "${name}"`, "`chore help` lists the commands");
		return command.outputHelp();
	});
}
