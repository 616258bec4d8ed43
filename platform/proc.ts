/** What proc(5) of Linux tells of a process. */
import { readFileSync } from "node:fs";

/** The fields of /proc/PID/stat from the third, `state`: `startTicks` and others are counted from there. Undefined when the process is gone. */
export function statFields(pid: number): readonly string[] | undefined {
	try {
		return statFieldsIn(readFileSync(`/proc/${pid}/stat`, "latin1"));
	} catch {
		return undefined;
	}
}

/** The same of the text of that file. The second field, the name in parentheses, may itself hold blanks and parentheses. */
export function statFieldsIn(text: string): readonly string[] {
	return text
		.slice(text.lastIndexOf(")") + 2)
		.trimEnd()
		.split(" ");
}

/** Field 22, `starttime`: when the process was started, in clock ticks since boot. */
export function startTicksIn(fields: readonly string[] | undefined): string | undefined {
	return fields?.[22 - 3];
}

/** Whether the process with these fields has ended: a zombie has. */
export function isOver([state]: readonly string[]): boolean {
	return state === "Z" || state === "X";
}

/** The value of a variable in the text of /proc/PID/environ. */
export function variableIn(environment: string, name: string): string | undefined {
	const start = environment.startsWith(`${name}=`) ? 0 : environment.indexOf(`\0${name}=`) + 1;
	if (start === 0 && !environment.startsWith(`${name}=`)) return undefined;
	return environment.slice(start + name.length + 1).split("\0", 1)[0];
}
