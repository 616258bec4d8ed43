/** The published JSON Schema, by which tests judge what commands print. */
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";

const FILE = "schema/chore.schema.json";

export const schema = JSON.parse(readFileSync(FILE, "utf8"));

export const lenient = new Ajv({ allowUnionTypes: true }).compile(schema);

/** The schema allows unknown fields, for later versions. Here none may be there. */
export const exact = new Ajv({ allowUnionTypes: true }).compile(closed(schema));

function closed(part: unknown): never {
	if (Array.isArray(part)) return part.map(closed) as never;
	if (typeof part !== "object" || part === null) return part as never;
	const inner = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closed(value)]));
	return ("properties" in inner ? { ...inner, additionalProperties: false } : inner) as never;
}
