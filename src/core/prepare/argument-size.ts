/** Checks that the arguments and variables of a job are not more than Linux gives to a program (execve(2), "Limits on size"). */
import { readFileSync } from "node:fs";
import { ChoreError } from "../../../platform/errors.ts";
import { bytesOf } from "../exact-text.ts";
import type { Environment } from "./environment.ts";

/** The longest argument or variable, in pages. */
const PAGES = 32;

/** The bounds of all arguments and variables together, which depend on the limit of the stack. */
const LEAST_BYTES = 128 * 1024;
const MOST_BYTES = 6 * 1024 * 1024;

/** Each argument and variable also takes a pointer. */
const POINTER_BYTES = /64|s390x/.test(process.arch) ? 8 : 4;

/**
 * Refuses only what the kernel would refuse for sure.
 *
 * @param stackKiB the soft limit of the stack, in the unit of ulimit, or "unlimited"; undefined if it is not known
 * @throws ChoreError COMMAND_NOT_EXECUTABLE, as shells do
 */
export function checkSize(command: readonly string[], environment: Environment, stackKiB: string | undefined): void {
	if (process.platform !== "linux") return;
	const longest = PAGES * pageBytes();
	const variables = [...environment].map(([name, value]): [string, number] => [`the variable ${name}`, size(name) + size(value) + 1]);
	const parts = [...command.map((word, index): [string, number] => [`argument ${index}`, size(word)]), ...variables];
	const [tooLong] = parts.filter(([, bytes]) => bytes > longest);
	if (tooLong !== undefined) refuse(command[0], `${tooLong[0]} takes ${tooLong[1]} bytes, and the most is ${longest}`);
	const all = parts.reduce((sum, [, bytes]) => sum + bytes + POINTER_BYTES, 0);
	const stack = stackKiB === undefined || stackKiB === "unlimited" ? MOST_BYTES : Number(stackKiB) * 256;
	const most = Math.max(LEAST_BYTES, Math.min(MOST_BYTES, stack));
	if (all > most) refuse(command[0], `its arguments and variables take ${all} bytes, and the most is ${most}`);
}

/** With the byte that ends it. */
function size(text: string): number {
	return (text.isWellFormed() ? Buffer.byteLength(text) : bytesOf(text).length) + 1;
}

function refuse(program: string | undefined, why: string): never {
	throw new ChoreError("COMMAND_NOT_EXECUTABLE", `cannot run ${JSON.stringify(program?.toWellFormed())}: ${why} (E2BIG)`, {
		hint: "long texts are better given in a file, or as the input of the job (--stdin)",
	});
}

/** AT_PAGESZ of getauxval(3). */
const AT_PAGESZ = 6n;

/** The size of a page of memory; if it is not known, the largest that is in use. */
function pageBytes(): number {
	try {
		const vector = readFileSync("/proc/self/auxv");
		for (let at = 0; at + 16 <= vector.length; at += 16)
			if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
	} catch {}
	return 65_536;
}
