// Makes the published JSON Schemas from the types: schema/chore.schema.json, of what `--json` prints, and
// schema/api.schema.json, of what the API takes and answers; and of that one and the addresses schema/openapi.json.
// `schema.mjs --print` prints all of them by name instead, for the test that compares them with the files.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { buildSync } from "esbuild";
import { createFormatter, createParser, createProgram, DEFAULT_CONFIG, SchemaGenerator } from "ts-json-schema-generator";

const common = {
	...DEFAULT_CONFIG,
	path: "src/{cli/json,api/operations/messages,api/rest/problem}.ts",
	tsconfig: "tsconfig.json",
	skipTypeCheck: true,
	topRef: false,
};
// To read the types takes seconds, so it is done once.
const program = createProgram(common);

/** @param additionalProperties whether unknown fields are valid */
function schemaOf(type, additionalProperties) {
	const config = { ...common, type, additionalProperties };
	return new SchemaGenerator(program, createParser(program, config), createFormatter(config), config).createSchema(type);
}

function printed() {
	// Later versions add fields, which must be valid by this schema, too.
	const { definitions, ...rest } = schemaOf("Printed", true);
	return {
		$schema: rest.$schema,
		title: "What chore prints with --json",
		description: "Each property is what one command prints.",
		...rest,
		// Each command prints one of the properties.
		required: [],
		definitions,
	};
}

function api() {
	const [inputs, outputs] = [schemaOf("Inputs", false), schemaOf("Outputs", true)];
	const { definitions: ofProblem, $schema, ...problem } = schemaOf("Problem", true);
	const sides = (part) => ({ type: "object", properties: part.properties, additionalProperties: false });
	return plain({
		$schema,
		title: "What the API of chore takes and answers",
		description: "Each property of `inputs` is what one operation takes, and of `outputs` what it answers.",
		type: "object",
		properties: { inputs: sides(inputs), outputs: sides(outputs) },
		additionalProperties: false,
		definitions: { ...outputs.definitions, ...inputs.definitions, ...ofProblem, Problem: problem },
	});
}

/** Without what the generator says in a way that only TypeScript means: `never`, and a Uint8Array as an object with its fields. */
function plain(part) {
	if (Array.isArray(part)) return part.filter((one) => !isNever(one)).map(plain);
	if (typeof part !== "object" || part === null) return part;
	if (part.properties?.BYTES_PER_ELEMENT !== undefined) return { type: "string", contentEncoding: "base64" };
	return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, isNever(value) ? false : plain(value)]));
}

function isNever(part) {
	return JSON.stringify(part) === '{"not":{}}';
}

/** The addresses are a module of the server, which describes itself by the same function. */
async function openapi(schema) {
	const { version } = JSON.parse(readFileSync("package.json", "utf8"));
	const { outputFiles } = buildSync({
		entryPoints: ["src/api/rest/openapi.ts"],
		bundle: true,
		platform: "node",
		format: "esm",
		write: false,
	});
	const module = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);
	return module.openapi(schema, version);
}

const ofApi = api();
const all = { "chore.schema.json": printed(), "api.schema.json": ofApi, "openapi.json": await openapi(ofApi) };
if (process.argv.includes("--print")) process.stdout.write(JSON.stringify(all));
else {
	mkdirSync("schema", { recursive: true });
	for (const [name, schema] of Object.entries(all)) writeFileSync(`schema/${name}`, `${JSON.stringify(schema, null, "\t")}\n`);
}
