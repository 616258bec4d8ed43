/** `chore completion`: prints the completion script for a shell. */
import { Argument, type Command } from "commander";
import { verb } from "../command.ts";
import { Output } from "../output.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

export function completionCommand(): Command {
	return verb("completion", "print the completion script for a shell: bash, zsh or fish")
		.addArgument(new Argument("<shell>", "whose").choices(SHELLS))
		.addHelpText("after", '\nFor this shell only: eval "$(chore completion bash)". The manual page says where to keep it.')
		.action(async (shell: (typeof SHELLS)[number]) => {
			const { scripts } = await import("../scripts.ts");
			new Output({ colour: false }).line(scripts[shell].trimEnd());
		});
}
