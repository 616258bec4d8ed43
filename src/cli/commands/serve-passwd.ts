/** `chore serve passwd`: lets a client come by a password. The password is read, never given in the command line. */
import { readFileSync } from "node:fs";
import { isatty } from "node:tty";
import type { Command } from "commander";
import { unopened, verb } from "../command.ts";
import { UsageError } from "../failure.ts";
import type { Output } from "../output.ts";

interface Options {
	readonly remove?: boolean;
}

export function passwdCommand(): Command {
	return verb("passwd", "let a client come by a password, where it cannot show a certificate; TLS only")
		.argument("<name>", "the client")
		.option("--remove", "take the password away")
		.addHelpText("after", "\nThe password is asked for twice, or is the first line of standard input.")
		.action(
			unopened<Options, [string]>(async ({ options, output }, name) => {
				const { setPassword } = await import("../../api/identity/keep.ts");
				await setPassword(name, options.remove ? undefined : await readPassword(output));
				if (!options.quiet) output.note(options.remove ? `${name} has no password any more` : `${name} may come by this password`);
			}),
		);
}

/** @throws UsageError when the two that are typed differ */
async function readPassword(output: Output): Promise<string> {
	if (!isatty(0)) return readFileSync(0, "utf8").split(/\r?\n/)[0] ?? "";
	// Loaded here: every other command starts without them.
	const [{ createInterface }, { Writable }] = await Promise.all([import("node:readline"), import("node:stream")]);
	// It reads the keys by itself, so that the terminal shows none; what it would show of them goes nowhere.
	const nowhere = new Writable({ write: (_shown, _encoding, done) => done() });
	const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
	lines.once("SIGINT", () => lines.close());
	const typed = lines[Symbol.asyncIterator]();
	const ask = async (question: string): Promise<string> => {
		output.bytes(Buffer.from(question), 2);
		const { value, done } = await typed.next();
		output.note("");
		if (done) throw new UsageError("no password was typed");
		return value;
	};
	try {
		const password = await ask("Password: ");
		if ((await ask("Again: ")) !== password) throw new UsageError("the two passwords differ");
		return password;
	} finally {
		lines.close();
	}
}
