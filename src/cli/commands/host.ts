/** `chore host`: gives servers names, for `--host`. */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { Argument, type Command } from "commander";
import type { Host } from "../../client/index.ts";
import { isChoreError, pathOf } from "../../index.ts";
import { type Invocation, jsonLines, unopened, verb } from "../command.ts";
import { UsageError } from "../failure.ts";
import type { HostLine } from "../json.ts";
import { printable } from "../words.ts";

interface Options {
	readonly cacert?: string;
	readonly cert?: string;
	readonly key?: string;
	readonly check?: boolean;
}

type Action = "add" | "ls" | "rm";

const ACTIONS: readonly Action[] = ["add", "ls", "rm"];

type Unopened = Omit<Invocation<Options>, "chore">;

export function hostCommand(): Command {
	return verb("host", "name the machines whose jobs --host works with: add, list or remove one")
		.addArgument(new Argument("<action>", "what to do").choices(ACTIONS))
		.argument("[name]", "the name")
		.argument("[url]", "with add: https://HOST:PORT, unix:/PATH or ssh://USER@HOST")
		.optionsGroup("With add:")
		.option("--cacert <file>", "the certificate of the server, which it is known by")
		.option("--cert <file>", "your own certificate (default: a new one)")
		.option("--key <file>", "the key of --cert")
		.optionsGroup("With ls:")
		.option("--check", "see which of them answer")
		.optionsGroup("Options:")
		.action(
			unopened<Options, [Action, string | undefined, string | undefined]>(async (invocation, what, name, url) => {
				const { cacert, cert, key, check } = invocation.options;
				if (what !== "add" && [url, cacert, cert, key].some((one) => one !== undefined))
					throw new UsageError(`host ${what} takes no URL and no certificate`);
				if (what !== "ls" && check) throw new UsageError("--check is for ls");
				if (what === "ls") return list(invocation, name);
				if (name === undefined) throw new UsageError(`host ${what} needs a name`, "`chore host ls` lists them");
				if (what === "rm") return remove(invocation, name);
				if (url === undefined) throw new UsageError("host add needs the URL of a server", `chore host add ${name} ssh://USER@HOST`);
				return add(invocation, name, url);
			}),
		);
}

async function add({ options, output }: Unopened, name: string, url: string): Promise<void> {
	const { addHost } = await import("../../client/index.ts");
	const { cert, key, cacert } = options;
	if ((cert === undefined) !== (key === undefined)) throw new UsageError("--cert and --key belong together");
	const own = cert !== undefined && key !== undefined ? { certificate: fileOf(cert), key: fileOf(key) } : undefined;
	// A socket and ssh need no certificate: who can use them is the user there.
	const needsOne = own === undefined && url.startsWith("https:") && !/^https:\/\/[^/]*@/.test(url);
	const made = needsOne ? (await import("../../api/identity/keep.ts")).ownCertificate(ownName()) : undefined;
	const host = addHost(name, url, { ...(made ?? own), ca: cacert === undefined ? undefined : fileOf(cacert) });
	if (options.json) output.line(JSON.stringify(lineOf(host, null)));
	else if (!options.quiet) {
		if (made === undefined) return output.note(`${name} is added; try it: chore --host ${name} ps`);
		output.note(`${name} is added; your certificate for it is ${host.certificate}`);
		output.note(`hint: the server lets you in once this was run there, with a copy of that file: chore cert add ${ownName()} client.pem`);
	}
}

async function list({ options, output, setStatus }: Unopened, name: string | undefined): Promise<void> {
	const { listHosts } = await import("../../client/index.ts");
	const hosts = listHosts().filter((host) => name === undefined || host.name === name);
	const states = options.check ? await Promise.all(hosts.map(({ name }) => failureOf(name))) : hosts.map(() => null);
	if (states.some((state) => state !== null && state !== "")) setStatus(1);
	if (options.json) output.line(jsonLines(hosts.map((host, index) => lineOf(host, states[index] ?? null))));
	else if (options.quiet) for (const host of hosts) output.line(host.name);
	else if (hosts.length > 0) {
		const heading = ["NAME", "URL", ...(options.check ? ["STATE"] : [])].map((text) => output.dim(text));
		const answers = (index: number) => (states[index] === "" ? "answers" : "does not");
		const rows = hosts.map(({ name, url }, index) => [name, withoutPassword(url), ...(options.check ? [answers(index)] : [])]);
		await output.table([heading, ...rows.map((row) => row.map((text) => ({ text: printable(text) })))]);
		// Apart from the table, whose last column a terminal may have no room for.
		for (const [index, { name }] of hosts.entries()) if (states[index]) output.note(`chore: ${name}: ${printable(states[index])}`);
	} else if (output.isTerminal) output.note("no hosts; `chore host add NAME URL` adds one");
}

async function remove({ options, output }: Unopened, name: string): Promise<void> {
	const { removeHost } = await import("../../client/index.ts");
	const host = removeHost(name);
	if (options.json) output.line(JSON.stringify(lineOf(host, null)));
	else if (!options.quiet) output.note(`${name} is forgotten, with its key`);
}

/** Why a host does not answer, in words; "" if it does. */
async function failureOf(name: string): Promise<string> {
	const { connectTo } = await import("../../client/index.ts");
	try {
		await using jobs = await connectTo(name);
		await jobs.info();
		return "";
	} catch (error) {
		if (isChoreError(error)) return error.message;
		throw error;
	}
}

function lineOf({ name, url, certificate }: Host, failure: string | null): HostLine {
	const answers = failure === null ? null : failure === "";
	return { name, url: withoutPassword(url), certificate, answers, reason: failure || null };
}

function withoutPassword(url: string): string {
	return url.replace(/^(https:\/\/[^/:@]*):[^/@]*@/, "$1@");
}

/** What this client is called by others: the user's name, as far as it can be a name. */
function ownName(): string {
	try {
		return userInfo().username.replace(/[^A-Za-z0-9._-]/g, "-");
	} catch {
		return "me"; // no entry in passwd(5)
	}
}

function fileOf(path: string): string {
	try {
		return readFileSync(pathOf(path), "utf8");
	} catch (error) {
		throw new UsageError(`cannot read ${path}: ${error instanceof Error ? error.message : error}`, "it is a file of the form PEM");
	}
}
