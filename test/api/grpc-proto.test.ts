/** proto/chore/v1/chore.proto, held against the types of what operations take and give, and against what is made of it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createFileRegistry, type DescField, type DescMessage, fromBinary, ScalarType } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createGenerator } from "ts-json-schema-generator";
import { DESCRIPTORS } from "../../src/api/grpc/descriptors.ts";
import { ROUTES } from "../../src/api/rest/routes.ts";

/** What is used of a JSON schema. */
interface Schema {
	readonly $ref?: string;
	readonly type?: string | readonly string[];
	readonly anyOf?: readonly Schema[];
	readonly items?: Schema;
	readonly properties?: Readonly<Record<string, Schema>>;
	readonly required?: readonly string[];
	readonly additionalProperties?: Schema;
	readonly definitions?: Readonly<Record<string, Schema>>;
}

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTORS, "base64")));
const jobs = registry.getService("chore.v1.Jobs");
assert.ok(jobs !== undefined);

const noProtoc = spawnSync("protoc", ["--version"]).status !== 0 && "needs protoc(1)";

test("what the server knows of the proto files is what is in them", { skip: noProtoc }, () => {
	const { stdout, stderr } = spawnSync(process.execPath, ["scripts/proto.mjs", "--print"], { encoding: "utf8" });
	assert.ok(stdout === readFileSync("src/api/grpc/descriptors.ts", "utf8"), `not up to date: npm run proto; ${stderr}`);
});

test("each operation is a method, which has no side effects where REST has GET", () => {
	const readOnly = 1; // MethodOptions.IdempotencyLevel.NO_SIDE_EFFECTS
	assert.deepEqual(
		Object.fromEntries(jobs.methods.map(({ localName, idempotency }) => [localName, idempotency === readOnly])),
		Object.fromEntries(Object.entries(ROUTES).map(([name, { method }]) => [name, method === "GET"])),
	);
});

test("each field of what operations take and give is in the messages, and nothing else", () => {
	const path = "src/api/operations/messages.ts";
	const generator = createGenerator({ path, tsconfig: "tsconfig.json", skipTypeCheck: true, topRef: false, additionalProperties: false });
	const wrong: string[] = [];
	const met = new Set<string>();
	for (const type of ["Inputs", "Outputs", "Streams"] as const) {
		const { properties = {}, definitions = {} } = generator.createSchema(type) as Schema;
		const comparison = new Comparison(definitions, wrong, met);
		for (const [name, schema] of Object.entries(properties)) {
			const method = jobs.methods.find(({ localName }) => localName === name);
			if (method === undefined) wrong.push(`there is no method for ${name}`);
			else if ((type === "Streams") !== (method.methodKind === "server_streaming")) {
				if (type !== "Inputs") wrong.push(`${method.name} must answer with a stream if the operation does, and only then`);
			}
			if (method !== undefined) comparison.message(type === "Inputs" ? method.input : method.output, [schema]);
		}
	}
	const messages = [...registry].filter((one) => one.kind === "message" && one.file === jobs.file && one.name !== "Problem");
	for (const field of messages.flatMap((one) => (one.kind === "message" ? one.fields : []))) {
		if (field.name !== "clear" && !met.has(String(field))) wrong.push(`${field} is nowhere in the types`);
	}
	assert.deepEqual(wrong, []);
});

/** Compares messages with schemas. A message stands for a union of objects by having the fields of all of them. */
class Comparison {
	readonly #definitions: Readonly<Record<string, Schema>>;
	readonly #wrong: string[];
	readonly #met: Set<string>;
	readonly #seen = new Set<string>();

	/** @param wrong takes what does not fit @param met takes the fields that the types have, too */
	constructor(definitions: Readonly<Record<string, Schema>>, wrong: string[], met: Set<string>) {
		this.#definitions = definitions;
		this.#wrong = wrong;
		this.#met = met;
	}

	message(desc: DescMessage, schemas: readonly Schema[]): void {
		const alternatives = schemas.flatMap((schema) => this.#alternatives(schema));
		const [first, ...others] = desc.fields;
		if (first?.fieldKind === "list" && others.length === 0) {
			// A single word may stand for the list in the types.
			this.#met.add(String(first));
			this.#value(
				first,
				alternatives.filter(({ type }) => type === "array"),
			);
			return;
		}
		const [oneof] = desc.oneofs;
		const isUnion = first !== undefined && oneof?.fields.length === desc.fields.length;
		const names = new Set(isUnion ? others.map(({ jsonName }) => jsonName) : []);
		const isWrapped = ({ properties = {} }: Schema): boolean => Object.keys(properties).some((name) => names.has(name));
		if (isUnion) {
			this.#met.add(String(first));
			this.#value(
				first,
				alternatives.filter((one) => !isWrapped(one)),
			);
		}
		const objects = isUnion ? alternatives.filter(isWrapped) : alternatives.filter(({ type }) => type === "object");
		const key = `${desc.name} ${JSON.stringify(objects)}`;
		if (this.#seen.has(key)) return;
		this.#seen.add(key);
		const fields = desc.fields.filter((field) => field.name !== "clear" && !(isUnion && field === first));
		const wanted = new Set(objects.flatMap(({ properties = {} }) => Object.keys(properties)));
		for (const name of wanted) if (!fields.some(({ jsonName }) => jsonName === name)) this.#wrong.push(`${desc.name} has no ${name}`);
		for (const field of fields) {
			const having = objects.filter(({ properties }) => properties?.[field.jsonName] !== undefined);
			const schemas = having.map(({ properties }) => properties?.[field.jsonName] as Schema);
			if (having.length === 0) continue;
			this.#met.add(String(field));
			this.#value(field, schemas);
			const isSure = having.every(({ required = [] }) => required.includes(field.jsonName)) && !schemas.some((one) => this.#mayBeNull(one));
			const implicit = 2; // FeatureSet.FieldPresence
			if (!isSure && field.fieldKind === "scalar" && field.presence === implicit)
				this.#wrong.push(`${desc.name}.${field.name} must be optional`);
		}
	}

	#value(field: DescField, schemas: readonly Schema[]): void {
		const alternatives = schemas.flatMap((schema) => this.#alternatives(schema));
		const types = new Set(alternatives.map(({ type }) => String(type)));
		const is = (...names: string[]): boolean => names.every((name) => types.has(name)) && types.size === names.length;
		const isMap = alternatives.every(({ additionalProperties, properties }) => additionalProperties && !properties);
		const isRight =
			field.fieldKind === "list"
				? is("array")
				: field.fieldKind === "map"
					? isMap
					: field.fieldKind === "message"
						? types.has("object") || types.has("array")
						: is(field.jsonName === "base64" ? "string" : (SCHEMA_TYPES[field.scalar as ScalarType] ?? ""));
		if (!isRight) this.#wrong.push(`${field.parent.name}.${field.name} is ${field}, in the types ${[...types]}`);
		if (field.message === undefined) return;
		const ofList = alternatives.flatMap(({ items }) => items ?? []);
		const ofMap = alternatives.flatMap(({ additionalProperties }) => additionalProperties ?? []);
		this.message(field.message, field.fieldKind === "list" ? ofList : field.fieldKind === "map" ? ofMap : alternatives);
	}

	/** What the schema may be but null, each with a single type. */
	#alternatives(schema: Schema): readonly Schema[] {
		if (schema.$ref !== undefined) {
			const found = this.#definitions[decodeURIComponent(schema.$ref.replace("#/definitions/", ""))];
			assert.ok(found !== undefined, schema.$ref);
			return this.#alternatives(found);
		}
		if (schema.anyOf !== undefined) return schema.anyOf.flatMap((one) => this.#alternatives(one));
		const types = [schema.type ?? []].flat().filter((type) => type !== "null");
		const isBytes = schema.properties?.["BYTES_PER_ELEMENT"] !== undefined;
		return types.map((type) => (isBytes ? { type: "bytes" } : { ...schema, type }));
	}

	#mayBeNull(schema: Schema): boolean {
		return (schema.anyOf ?? []).some((one) => this.#mayBeNull(one)) || [schema.type].flat().includes("null");
	}
}

const SCHEMA_TYPES: Partial<Record<ScalarType, string>> = {
	[ScalarType.STRING]: "string",
	[ScalarType.BOOL]: "boolean",
	[ScalarType.INT32]: "number",
	[ScalarType.INT64]: "number",
	[ScalarType.DOUBLE]: "number",
	[ScalarType.BYTES]: "bytes",
};
