/** `chore completion`: prints the completion script for a shell. */
import { Argument, type Command } from "commander";
import { unopened, verb } from "../command.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

export function completionCommand(): Command {
	return verb("completion", "print the completion script for a shell: bash, zsh or fish")
		.addArgument(new Argument("<shell>", "whose").choices(SHELLS))
		.addHelpText("after", '\nFor this shell only: eval "$(chore completion bash)". The manual page says where to keep it.')
		.action(
			unopened<unknown, [(typeof SHELLS)[number]]>(async ({ output }, shell) => {
				const { scripts } = await import("../scripts.ts");
				output.line(scripts[shell].trimEnd());
			}),
		);
}
