/** `chore send`: writes to the standard input of a job. */
import type { Command } from "commander";
import { bytesOf } from "../../index.ts";
import { action, verb } from "../command.ts";
import { UsageError } from "../failure.ts";

interface Options {
	readonly eof?: boolean;
	readonly newline: boolean;
}

export function sendCommand(): Command {
	return verb("send", "write a line to the standard input of a job started with --stdin fifo")
		.argument("<job>", "name or id")
		.argument("[text]", "the line; - for all of your own standard input")
		.option("--eof", "close the job's input afterwards")
		.option("--no-newline", "send the text without a newline")
		.action(
			action<Options, [string, string | undefined]>(async ({ chore, options }, reference, text) => {
				if (text === undefined && !options.eof)
					throw new UsageError("there is nothing to send", "give a TEXT, - for your standard input, or --eof");
				// Like a pipe, wait for the job to read as long as it takes.
				const patience = { timeoutMs: Number.POSITIVE_INFINITY };
				if (text === "-") for await (const data of process.stdin) await chore.send(reference, data as Buffer, patience);
				else if (text !== undefined) await chore.send(reference, bytesOf(options.newline ? `${text}\n` : text));
				if (options.eof) await chore.send(reference, "", { end: true });
			}),
		);
}
