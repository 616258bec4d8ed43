/** `chore request`: starts an HTTP job: one request, made by curl(1). */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { bytesOf, pathOf, type RequestOptions, textOf } from "../../index.ts";
import { count, duration, repeated } from "../arguments.ts";
import { startAndStay } from "../begin.ts";
import { action, type Invocation, verb } from "../command.ts";
import { UsageError } from "../failure.ts";
import { refuseFar } from "../far.ts";
import {
	boundingOptions,
	checkJobOptions,
	type JobOptions,
	jobOptions,
	namingOptions,
	stayingOptions,
	surroundingOptions,
} from "../job-options.ts";

interface Options extends JobOptions {
	readonly request?: string;
	readonly header?: readonly string[];
	readonly headerFile?: readonly string[];
	readonly data?: string;
	readonly expect?: string;
	readonly retries?: number;
	readonly maxTime?: number;
	readonly location?: boolean;
	readonly cacert?: string;
	readonly insecure?: boolean;
}

export function requestCommand(): Command {
	const command = verb("request", "make an HTTP request in the background, with curl")
		.argument("<url>", "of http or https")
		.optionsGroup("The request:")
		.option("-X, --request <method>", "the method (default: GET, or POST with --data)")
		.option("-H, --header <line>", "send a header 'Name: value' (repeatable)", repeated)
		.option("--header-file <file>", "send the headers in a file, one a line (repeatable)", repeated)
		.option("-d, --data <what>", "the body: @FILE, @- for standard input, or a text")
		.option("-L, --location", "go where redirects lead")
		.option("--cacert <file>", "trust the certificates in a file of the form PEM")
		.option("-k, --insecure", "trust any certificate")
		.optionsGroup("What is well:")
		.option("--expect <statuses>", "those that are no failure: 2xx, or 200,204,4xx (default: 2xx)")
		.option("--retries <number>", "how often to try again after what may pass (default: 0)", count)
		.option("-m, --max-time <time>", "give up each try after so long", duration);
	stayingOptions(command);
	namingOptions(command, "the host's");
	surroundingOptions(command, "split");
	return boundingOptions(command).action(
		action<Options, [string]>(async (invocation, url) => {
			checkJobOptions(invocation.options);
			refuseFar(invocation.options);
			await startAndStay(invocation, requestOptions(invocation, url));
		}),
	);
}

function requestOptions({ options, output }: Invocation<Options>, url: string): RequestOptions {
	return {
		...jobOptions(options, output),
		kind: "http",
		url,
		method: options.request,
		headers: headersOf([...(options.header ?? []), ...(options.headerFile ?? []).flatMap(linesOf)]),
		data: options.data === undefined ? undefined : dataOf(options.data),
		expect: options.expect?.split(",").map((status) => status.trim()),
		retries: options.retries,
		tryTimeoutMs: options.maxTime,
		followRedirects: options.location,
		caFile: options.cacert,
		insecure: options.insecure,
	};
}

/** Without a word of the lines in messages: they are secrets as often as not. @throws UsageError */
function headersOf(lines: readonly string[]): NonNullable<RequestOptions["headers"]> {
	const headers = new Map<string, string[]>();
	for (const [index, line] of lines.entries()) {
		const colon = line.indexOf(":");
		if (colon < 1) throw new UsageError(`header ${index + 1} has no name`, "one is written 'Name: value'");
		const name = line.slice(0, colon);
		// Only blanks: the library refuses other characters that are not seen.
		const value = line.slice(colon + 1).replace(/^ +| +$/g, "");
		headers.set(name, [...(headers.get(name) ?? []), value]);
	}
	return Object.fromEntries(headers);
}

/** The lines of a file that are not empty. @throws UsageError */
function linesOf(path: string): readonly string[] {
	try {
		return textOf(readFileSync(pathOf(path)))
			.split(/\r?\n/)
			.filter((line) => line !== "");
	} catch (error) {
		throw new UsageError(`cannot read the headers in ${path}: ${reason(error)}`, "it has lines of Name: value");
	}
}

function dataOf(word: string): NonNullable<RequestOptions["data"]> {
	if (!word.startsWith("@")) return bytesOf(word);
	if (word !== "@-") return { file: word.slice(1) };
	try {
		return readFileSync(0);
	} catch (error) {
		throw new UsageError(`cannot read the body from standard input: ${reason(error)}`, "give it, or a file: --data @FILE");
	}
}

function reason(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
