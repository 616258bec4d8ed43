/**
 * What the fire program is told beside how a run is started, where a shell is the parent of each: how one is ended. The text of a
 * shell, with the same programs that Node starts.
 */
import type { RunSpec } from "../contract.ts";
import { shellWord } from "../shell-word.ts";
import { text } from "./halt.sh.ts";
import { membersText, plainEnvironment, stopWords } from "./shim.ts";

/** The program by which `halt` ends a run, as it is installed. */
export const HALT_TEXT: string = `${membersText}\n${text}`;

/** The function `halt`. @param program the path of HALT_TEXT. @see Platform.launcher in contract.ts */
export function haltFunction(run: RunSpec, shell: readonly string[], program: string): string {
	const environment = Object.entries(plainEnvironment()).map(([name, value]) => `${name}=${value}`);
	const before = [...environment, ...shell, program].map(shellWord).join(" ");
	return `halt() { /usr/bin/env -i ${before} "$1" "\${1##*/}.$id" ${stopWords(run).map(shellWord).join(" ")}; }
`;
}
