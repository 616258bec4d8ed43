/** `chore cert`: the certificates of `chore serve`: the server's own, and those of the clients that are let in. */
import { readFileSync } from "node:fs";
import { Argument, type Command } from "commander";
import type { ClientCertificate } from "../../api/identity/keep.ts";
import { pathOf } from "../../index.ts";
import { oneOf, repeated } from "../arguments.ts";
import { type Invocation, jsonLines, unopened, verb } from "../command.ts";
import { UsageError } from "../failure.ts";
import type { Output } from "../output.ts";
import { printable, shortPath } from "../words.ts";

interface Options {
	readonly reachedBy?: readonly string[];
	readonly force?: boolean;
	readonly role?: "read" | "run" | "admin";
	readonly sessions?: readonly string[];
	readonly directory?: string;
	readonly only?: string;
	readonly revoke?: boolean;
}

type Action = "init" | "new" | "add" | "ls" | "rm";

type Asked = Omit<Invocation<Options>, "chore">;

/** The options that each action has. */
const OWN: Readonly<Record<Action, readonly (keyof Options)[]>> = {
	init: ["reachedBy", "force"],
	new: ["role", "sessions", "directory"],
	add: ["role", "sessions"],
	ls: [],
	rm: ["only", "revoke"],
};

/** Fewer days are shown in yellow. */
const FEW_DAYS = 14;

export function certCommand(): Command {
	return verb("cert", "make, let in, list or remove the certificates of `chore serve`")
		.addArgument(new Argument("<action>", "what to do").choices(Object.keys(OWN)))
		.argument("[name]", "the client, and its session")
		.argument("[file]", "with add: its certificate; - for standard input")
		.optionsGroup("With init:")
		.option(
			"--reached-by <name>",
			"a name or address by which the server is reached; several times for more (default: the machine's)",
			repeated,
		)
		.option("--force", "make another certificate in the place of the one there is")
		.optionsGroup("With new and add:")
		.option("--role <role>", "what it may do: read, run or admin (default: run)", oneOf(["read", "run", "admin"]))
		.option("--sessions <names>", "the sessions it may work with, separated by commas; * for any (default: its own)", names)
		.optionsGroup("With new:")
		.option("--directory <path>", "where the key and the certificate are written (default: here)")
		.optionsGroup("With rm:")
		.option("--only <fingerprint>", "only the certificate whose fingerprint begins so")
		.option("--revoke", "never let its certificates in again, whoever vouches for them")
		.optionsGroup("Options:")
		.addHelpText("after", "\n  chore cert init --reached-by build.example.org\n  chore cert add alice alice.pem --role read")
		.action(
			unopened<Options, [Action, string | undefined, string | undefined]>(async (asked, action, name, file) => {
				for (const option of Object.values(OWN).flat())
					if (asked.options[option] !== undefined && !OWN[action].includes(option))
						throw new UsageError(`cert ${action} takes no --${option}`);
				if (file !== undefined && action !== "add") throw new UsageError(`cert ${action} takes no file`);
				if (action === "init" || action === "ls") {
					if (name !== undefined) throw new UsageError(`cert ${action} takes no name`);
					return action === "init" ? init(asked) : list(asked);
				}
				if (name === undefined) throw new UsageError(`cert ${action} needs the name of a client`);
				if (action === "new") return make(asked, name);
				return action === "add" ? add(asked, name, file) : remove(asked, name);
			}),
		);
}

async function init({ options, output }: Asked): Promise<void> {
	const { initServer } = await keep();
	const made = initServer(options.reachedBy ?? [], { force: options.force === true });
	if (options.json) return output.line(JSON.stringify(made));
	output.line(made.certificate);
	if (options.quiet) return;
	output.note(`It is for ${made.hosts.map(printable).join(", ")}, until ${day(made.endsAt)}. Its key stays beside it.`);
	output.note(
		`hint: clients know the server by this file: curl --cacert ${shortPath(made.certificate)} ...; \`chore cert new NAME\` lets one in`,
	);
}

async function make({ options, output }: Asked, name: string): Promise<void> {
	const { newClient } = await keep();
	const made = newClient(name, options.directory ?? process.cwd(), options);
	if (options.json) return output.line(JSON.stringify(made));
	for (const path of [made.certificate, made.key]) output.line(path);
	if (options.quiet) return;
	output.note(`${name} is let in with these: ${rightsWords(made)}, until ${day(made.endsAt ?? "")}.`);
	output.note("hint: give both files to the client, the key (.key) in secret, and keep none; they are curl's --cert and --key");
}

async function add({ options, output }: Asked, name: string, file: string | undefined): Promise<void> {
	if (file === undefined) throw new UsageError("cert add needs a file with the certificate", "- reads it from standard input");
	let text: string;
	try {
		text = readFileSync(file === "-" ? 0 : pathOf(file), "utf8");
	} catch (error) {
		throw new UsageError(`cannot read the certificate ${file}: ${error instanceof Error ? error.message : error}`);
	}
	const { addClient } = await keep();
	const added = addClient(name, text, file === "-" ? "standard input" : file, options);
	if (options.json) output.line(jsonLines([added]));
	else if (!options.quiet) output.note(`${name} is let in: ${rightsWords(added)}, until ${day(added.endsAt ?? "")}.`);
}

async function list({ options, output, setStatus }: Asked): Promise<void> {
	const { listClients } = await keep();
	const { clients, faults } = listClients();
	for (const fault of faults) output.note(`chore: ${printable(fault)}`);
	if (faults.length > 0) setStatus(1);
	if (options.json) output.line(jsonLines(clients));
	else if (options.quiet) for (const name of new Set(clients.map(({ client }) => client))) output.line(name);
	else if (clients.length > 0) {
		const heading = ["NAME", "ROLE", "SESSIONS", "ENDS", "DAYS", "FINGERPRINT"].map((text) => output.dim(text));
		await output.table([heading, ...clients.map((one) => row(one, output))]);
	} else if (output.isTerminal) output.note("no clients; `chore cert new NAME` makes one");
}

async function remove({ options, output }: Asked, name: string): Promise<void> {
	const { removeClient } = await keep();
	const gone = removeClient(name, { only: options.only, revoke: options.revoke === true });
	if (options.json) output.line(jsonLines(gone));
	else if (!options.quiet)
		output.note(options.only === undefined ? `${name} is let in no more` : `${name} is let in by that certificate no more`);
}

function row(one: ClientCertificate, output: Output) {
	const { client, role, sessions, endsAt, daysLeft, fingerprint, revoked, password } = one;
	const isOver = revoked || (daysLeft !== null && daysLeft < 0);
	const colour = isOver ? "red" : daysLeft !== null && daysLeft < FEW_DAYS ? "yellow" : undefined;
	const days = revoked ? "revoked" : daysLeft === null ? "" : daysLeft < 0 ? "ended" : String(daysLeft);
	return [
		{ text: client },
		{ text: role },
		{ text: sessions.join(",") },
		{ text: endsAt === null ? "" : day(endsAt) },
		{ text: days, paint: (plain: string) => (colour === undefined ? plain : output.paint(colour, plain)) },
		{ text: fingerprint ?? (password ? "(password)" : "(none)") },
	];
}

function rightsWords({ role, sessions }: ClientCertificate): string {
	return `role ${role}, ${sessions.includes("*") ? "any session" : `session${sessions.length > 1 ? "s" : ""} ${sessions.join(", ")}`}`;
}

function day(moment: string): string {
	return moment.slice(0, "2026-01-31".length);
}

function names(text: string): readonly string[] {
	return text.split(",").map((name) => name.trim());
}

/** Loads what works in the server's folder. */
function keep() {
	return import("../../api/identity/keep.ts");
}
