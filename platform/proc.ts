/** Reads what proc(5) of Linux tells of one process. The number of a field is that of the manual. */
import { readFileSync } from "node:fs";

/** The fields of /proc/PID/stat from the third, `state`, on. Undefined when the process is gone. */
export function statFields(pid: number): readonly string[] | undefined {
	try {
		return statFieldsIn(readFileSync(`/proc/${pid}/stat`, "latin1"));
	} catch {
		return undefined;
	}
}

/** The same, from the text of that file. The second field, the name in parentheses, may itself hold blanks and parentheses. */
export function statFieldsIn(text: string): readonly string[] {
	return text
		.slice(text.lastIndexOf(")") + 2)
		.trimEnd()
		.split(" ");
}

/** Field 22, `starttime`: the start of the process in clock ticks since boot. */
export function startTicksIn(fields: readonly string[] | undefined): string | undefined {
	return fields?.[22 - 3];
}

/** Whether the process with these fields has ended. A zombie has. */
export function isOver([state]: readonly string[]): boolean {
	return state === "Z" || state === "X";
}

/** The value of a variable in the text of /proc/PID/environ. */
export function variableIn(environment: string, name: string): string | undefined {
	const start = environment.startsWith(`${name}=`) ? 0 : environment.indexOf(`\0${name}=`) + 1;
	if (start === 0 && !environment.startsWith(`${name}=`)) return undefined;
	return environment.slice(start + name.length + 1).split("\0", 1)[0];
}
