/** The published schemas of the API, and the checks that are made by them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv } from "ajv";
import fc from "fast-check";
import { check, SCHEMA } from "../../src/api/check.ts";
import { OPERATIONS } from "../../src/api/operations/index.ts";
import type { Inputs } from "../../src/api/operations/messages.ts";
import { ROUTES } from "../../src/api/rest/routes.ts";
import { STATUS } from "../../src/api/rest/status.ts";
import { version } from "../../src/index.ts";
import { PATIENCE } from "../support/cli.ts";
import { startServer } from "./server.ts";

test("each operation has an address, an input and an output", () => {
	const names = Object.keys(OPERATIONS).sort();
	assert.deepEqual(Object.keys(ROUTES).sort(), names);
	assert.deepEqual(Object.keys(SCHEMA.properties.inputs.properties).sort(), names);
	assert.deepEqual(
		Object.keys(SCHEMA.properties.outputs.properties).sort(),
		names.filter((name) => name !== "logs" && name !== "events"),
	);
});

test("each operation that changes nothing is read by GET, and no other", () => {
	for (const [name, { readOnly }] of Object.entries(OPERATIONS)) {
		assert.equal(ROUTES[name as keyof Inputs].method === "GET", readOnly, name);
	}
});

test("each error has a status of an error", () => {
	for (const [code, status] of Object.entries(STATUS)) assert.ok(status >= 400 && status < 600, code);
});

const words = [
	"command",
	"name",
	"kind",
	"url",
	"http",
	"reference",
	"schedule",
	"everyMs",
	"stdin",
	"file",
	"fifo",
	"data",
	"base64",
	"output",
	"split",
	"stopSignal",
	"SIGTERM",
	"restart",
	"policy",
	"always",
	"environment",
	"native",
	"description",
	"states",
	"failed",
	"triggers",
];
const value = fc.letrec((tie) => ({
	any: fc.oneof(
		{ depthSize: "small" },
		fc.constantFrom(...words, "x", "", 0, 1.5, -1, true, false, null),
		fc.array(tie("any"), { maxLength: 3 }),
		fc.dictionary(fc.constantFrom(...words, "other", "constructor"), tie("any"), { maxKeys: 4 }),
	),
})).any;

test("an input is refused exactly when the schema says so", () => {
	const ajv = new Ajv({ allowUnionTypes: true, strict: false });
	ajv.addSchema(SCHEMA, "api");
	for (const name of Object.keys(ROUTES) as (keyof Inputs)[]) {
		const isValid = ajv.compile({ $ref: `api#/properties/inputs/properties/${name}` });
		// Random fields, and those that the input has: most of the others are refused for their name.
		const fields = Object.keys(flat(name));
		const input = fc.dictionary(fc.constantFrom(...fields, "other"), value, { maxKeys: 4 });
		fc.assert(
			fc.property(input, (given) => {
				let isTaken = true;
				try {
					check(name, given);
				} catch {
					isTaken = false;
				}
				assert.equal(isTaken, isValid(given));
			}),
			{ numRuns: 60 },
		);
	}
});

function flat(name: string): object {
	const part = SCHEMA.properties.inputs.properties[name] ?? {};
	return part.properties ?? SCHEMA.definitions["RunHttpRequest"]?.properties ?? {};
}

test("the description of the addresses is valid, and given to whoever is let in", PATIENCE, async () => {
	await using server = await startServer({ caller: { role: "read" } });
	const { status, json } = await server.ask("GET", "/v1/openapi.json");
	const { info, ...published } = JSON.parse(readFileSync("schema/openapi.json", "utf8"));
	assert.deepEqual([status, json], [200, { info: { ...info, version }, ...published }]);
	const { Validator } = await import("@seriousme/openapi-schema-validator");
	const { valid, errors } = await new Validator().validate(json);
	assert.ok(valid, JSON.stringify(errors));
});

test("the description tells of each operation and parameter what it is, and its examples are valid", () => {
	const text = readFileSync("schema/openapi.json", "utf8");
	const { paths, components, tags, info } = JSON.parse(text);
	for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods as object))) {
		const { operationId: name, summary, tags: own, parameters, requestBody, responses } = operation;
		assert.match(summary, /^[A-Z].*[^.]$/, name);
		assert.ok(own.length === 1 && tags.some((tag: { name: string }) => tag.name === own[0]), name);
		for (const one of parameters) assert.ok("$ref" in one || one.description?.length > 0, `${name} ${one.name}`);
		for (const { value } of Object.values(requestBody?.content?.["application/json"]?.examples ?? {}) as { value: object }[])
			assert.doesNotThrow(() => check(name, value as Readonly<Record<string, unknown>>), name);
		assert.ok(
			["400", "403", "429", "default"].every((status) => status in responses),
			name,
		);
	}
	for (const [, kind = "", name = ""] of text.matchAll(/"#\/components\/(\w+)\/([^"]+)"/g))
		assert.ok(name in components[kind], `${kind} ${name}`);
	assert.ok(info.description.includes("A SERVER OF CHORE"));
	assert.match(readFileSync("man/chore.7", "utf8"), /^\.Sh A SERVER OF CHORE$/m);
});
