/** Reads what proc(5) of Linux tells of one process. The number of a field is that of the manual. */
import { readdirSync, readFileSync } from "node:fs";

/** The fields of /proc/PID/stat from the third, `state`, on. Undefined when the process is gone. @param of its pid, or a folder as /proc/PID */
export function statFields(of: number | string): readonly string[] | undefined {
	try {
		return statFieldsIn(readFileSync(`${typeof of === "string" ? of : `/proc/${of}`}/stat`, "latin1"));
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

/** Whether the thread with these fields has ended. A zombie has. */
export function isOver([state]: readonly string[]): boolean {
	return state === "Z" || state === "X";
}

/**
 * The folder in /proc that tells of a live process; undefined when it is over. A zombie is, unless only its first thread has
 * ended: then that of another thread, since those of the process and its first thread show nothing any more.
 */
export function liveFolder(pid: number): string | undefined {
	const isLive = (folder: string): boolean => {
		const fields = statFields(folder);
		return fields !== undefined && !isOver(fields);
	};
	const folder = `/proc/${pid}`;
	return isLive(folder) ? folder : threadsOf(folder).find(isLive);
}

function threadsOf(folder: string): readonly string[] {
	try {
		return readdirSync(`${folder}/task`).map((thread) => `${folder}/task/${thread}`);
	} catch {
		return [];
	}
}

/** The value of a variable in the text of /proc/PID/environ. */
export function variableIn(environment: string, name: string): string | undefined {
	const start = environment.startsWith(`${name}=`) ? 0 : environment.indexOf(`\0${name}=`) + 1;
	if (start === 0 && !environment.startsWith(`${name}=`)) return undefined;
	return environment.slice(start + name.length + 1).split("\0", 1)[0];
}
