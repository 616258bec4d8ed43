/**
 * Checks the input of an operation against schema/api.schema.json, which is made from the types of the messages. Says in words what
 * is wrong; unknown fields are refused. Knows what that schema uses of JSON Schema, and nothing else. Pure.
 */
import { ChoreError } from "../index.ts";
import { text } from "./api.schema.json.ts";
import type { Inputs } from "./operations/messages.ts";

/** A part of the schema. */
interface Part {
	readonly $ref?: string;
	readonly type?: Kind | readonly Kind[];
	readonly properties?: Readonly<Record<string, Part>>;
	readonly required?: readonly string[];
	readonly additionalProperties?: boolean | Part;
	readonly items?: Part;
	readonly anyOf?: readonly Part[];
	readonly enum?: readonly unknown[];
	readonly const?: unknown;
}

type Kind = "string" | "number" | "boolean" | "null" | "array" | "object";

interface Fault {
	readonly text: string;
	readonly hint?: string;
}

/** The whole document, as it is published. */
export const SCHEMA: {
	readonly properties: Readonly<Record<"inputs" | "outputs", { readonly properties: Readonly<Record<string, Part>> }>>;
	readonly definitions: Readonly<Record<string, Part>>;
} = JSON.parse(text);

/** @throws ChoreError INVALID_ARGUMENT that names the field */
export function check<Name extends keyof Inputs>(name: Name, input: Readonly<Record<string, unknown>>): Inputs[Name] {
	const fault = faultOf(SCHEMA.properties.inputs.properties[name] ?? {}, input, "");
	if (fault === undefined) return input as unknown as Inputs[Name];
	throw new ChoreError("INVALID_ARGUMENT", fault.text, fault.hint === undefined ? {} : { hint: fault.hint });
}

/** @param path where the value is in the input, "schedule.everyMs"; "" for all of it */
function faultOf(asked: Part, value: unknown, path: string): Fault | undefined {
	const parts = alternatives(asked);
	const fitting = parts.filter((part) => isMeant(part, value)).sort((one, other) => knownIn(other, value) - knownIn(one, value));
	const [part] = fitting;
	if (part === undefined) return { text: `${path || "the input"} must be ${inWords(parts)}, not ${shown(value, parts)}` };
	const faults = fitting.map((one) => innerFault(one, value, path));
	return faults.includes(undefined) ? undefined : faults[0];
}

/** How many fields of the value the part knows: of two kinds of objects the one that is meant knows more. */
function knownIn({ properties = {} }: Part, value: unknown): number {
	return typeof value === "object" && value !== null ? Object.keys(value).filter((name) => Object.hasOwn(properties, name)).length : 0;
}

function innerFault(part: Part, value: unknown, path: string): Fault | undefined {
	if (Array.isArray(value)) return firstFault(value.map((one, index) => [part.items ?? {}, one, `${path}[${index}]`]));
	if (typeof value !== "object" || value === null) return undefined;
	const { properties = {}, additionalProperties: others = true } = part;
	const within = (name: string): string => (path === "" ? name : `${path}.${name}`);
	const entries = Object.entries(value).map(
		([name, one]) => [Object.hasOwn(properties, name) ? properties[name] : others, one, within(name)] as const,
	);
	const unknown = entries.find(([one]) => one === false);
	if (unknown !== undefined) {
		const known = Object.keys(properties);
		return {
			text: `there is no field ${JSON.stringify(unknown[2].slice(0, 100))}`,
			hint: known.length === 0 ? "there are none" : `there are ${known.join(", ")}`,
		};
	}
	const missing = part.required?.find((name) => !Object.hasOwn(value, name));
	if (missing !== undefined) return { text: `${within(missing)} is missing` };
	return firstFault(entries.map(([one, inner, where]) => [typeof one === "object" ? one : {}, inner, where]));
}

function firstFault(values: readonly (readonly [part: Part, value: unknown, path: string])[]): Fault | undefined {
	for (const [part, value, path] of values) {
		const fault = faultOf(part, value, path);
		if (fault !== undefined) return fault;
	}
	return undefined;
}

/** The parts of which one must hold, without references. */
function alternatives(part: Part): readonly Part[] {
	if (part.$ref !== undefined) return alternatives(SCHEMA.definitions[part.$ref.replace("#/definitions/", "")] ?? {});
	return part.anyOf === undefined ? [part] : part.anyOf.flatMap(alternatives);
}

/** Whether the value is of that kind; of an object also whether it has the words by which its kind is told ("kind": "http"). */
function isMeant(part: Part, value: unknown): boolean {
	if (part.const !== undefined) return value === part.const;
	if (part.enum !== undefined) return part.enum.includes(value);
	if (part.type !== undefined && ![part.type].flat().includes(kindOf(value))) return false;
	if (kindOf(value) !== "object") return true;
	const words = Object.entries(part.properties ?? {}).filter(([, { const: word }]) => word !== undefined);
	return words.every(([name, { const: word }]) => (value as Readonly<Record<string, unknown>>)[name] === word);
}

function kindOf(value: unknown): Kind {
	if (value === null) return "null";
	return Array.isArray(value) ? "array" : (typeof value as Kind);
}

const ARTICLES: Readonly<Record<Kind, string>> = {
	string: "a string",
	number: "a number",
	boolean: "true or false",
	null: "null",
	array: "a list",
	object: "an object",
};

/** So many words of a list are named. */
const MOST_WORDS = 12;

function inWords(parts: readonly Part[]): string {
	const all = parts.flatMap((part) =>
		part.const === undefined ? (part.enum ?? [part.type ?? []].flat().map((kind) => ({ kind }))) : [part.const],
	);
	const words = all.map((one) =>
		typeof one === "object" && one !== null && "kind" in one ? ARTICLES[one.kind as Kind] : JSON.stringify(one),
	);
	const named = words.length > MOST_WORDS ? [...words.slice(0, MOST_WORDS), "another word like these"] : words;
	return named.length < 2 ? named.join("") : `${named.slice(0, -1).join(", ")} or ${named.at(-1)}`;
}

/** What a wrong value is. A word is only shown where one of some words was wanted: any other text may be a secret. */
function shown(value: unknown, parts: readonly Part[]): string {
	const kind = kindOf(value);
	const isWord = kind === "string" && parts.every((part) => part.const !== undefined || part.enum !== undefined);
	return isWord ? JSON.stringify(String(value).slice(0, 40)) : kind === "boolean" ? String(value) : ARTICLES[kind];
}
