/** Reads the properties of `-p Name=Value`, in systemd-run's spelling. Pure. */
import type { Settings } from "./property-kinds.ts";
import { invalid, quoted, refuseProperty } from "./property-refusals.ts";
import { manualOf, TABLE } from "./property-table.ts";

/** Properties that set the same as an option of chore's. They are refused when the option is given. */
const TWICE: Readonly<Record<string, { readonly limit: "memoryBytes" | "cpus" | "tasks"; readonly option: string }>> = {
	MemoryMax: { limit: "memoryBytes", option: "--memory" },
	CPUQuota: { limit: "cpus", option: "--cpus" },
	TasksMax: { limit: "tasks", option: "--tasks" },
};

/**
 * Reads the words of `-p`.
 *
 * @param words "Name=Value" each. When a name is given twice the later value counts; for lists both do
 * @param limits set by chore's own options
 * @throws ChoreError INVALID_ARGUMENT naming what is wrong, what is expected, and what to use instead
 */
export function readProperties(
	words: readonly string[],
	limits: { readonly memoryBytes: number | null; readonly cpus: number | null; readonly tasks: number | null },
): Settings {
	const all = words.map((word) => {
		const [name, value] = split(word);
		const twice = Object.hasOwn(TWICE, name) ? TWICE[name] : undefined;
		if (twice !== undefined && limits[twice.limit] !== null)
			throw invalid(`${name} and ${twice.option} set the same`, `leave one of them out`);
		return { name, ...readOne(name, value) };
	});
	const counting = all.filter(({ name }, at) => TABLE[name]?.isList === true || !all.slice(at + 1).some((later) => later.name === name));
	return { properties: counting.flatMap(({ properties }) => properties), limits: counting.flatMap(({ limits }) => limits) };
}

/** Name and value of a property. @throws ChoreError INVALID_ARGUMENT */
export function split(word: string): readonly [name: string, value: string] {
	const at = word.indexOf("=");
	if (at < 1) throw invalid(`a property is NAME=VALUE, not ${quoted(word)}`, "such as -p MemoryHigh=500M");
	return [word.slice(0, at), word.slice(at + 1)];
}

function readOne(name: string, value: string): Settings {
	const kind = Object.hasOwn(TABLE, name) ? TABLE[name] : undefined;
	if (kind === undefined) return refuseProperty(name);
	const settings = kind.read(name, value);
	if (settings === undefined) throw invalid(`${name} takes ${kind.takes}, not ${quoted(value)}`, `see ${manualOf(name)}`);
	return settings;
}
