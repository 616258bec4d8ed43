// Makes the published JSON Schemas from the types: schema/chore.schema.json, of what `--json` prints, and
// schema/api.schema.json, of what the API takes and answers; and of that one and the addresses schema/openapi.json.
// `schema.mjs --print FILE` prints one instead, for the tests that compare them with the files.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { buildSync } from "esbuild";
import { createGenerator } from "ts-json-schema-generator";

/** @param additionalProperties whether unknown fields are valid */
function schemaOf(path, type, additionalProperties) {
	return createGenerator({ path, tsconfig: "tsconfig.json", type, skipTypeCheck: true, topRef: false, additionalProperties }).createSchema(
		type,
	);
}

function printed() {
	// Later versions add fields, which must be valid by this schema, too.
	const { definitions, ...rest } = schemaOf("src/cli/json.ts", "Printed", true);
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
	const messages = "src/api/operations/messages.ts";
	const [inputs, outputs] = [schemaOf(messages, "Inputs", false), schemaOf(messages, "Outputs", true)];
	const problem = schemaOf("src/api/rest/problem.ts", "Problem", true);
	const { definitions: ofProblem, $schema, ...problemItself } = problem;
	const sides = (part) => ({ type: "object", properties: part.properties, additionalProperties: false });
	return plain({
		$schema,
		title: "What the API of chore takes and answers",
		description: "Each property of `inputs` is what one operation takes, and of `outputs` what it answers.",
		type: "object",
		properties: { inputs: sides(inputs), outputs: sides(outputs) },
		additionalProperties: false,
		definitions: { ...outputs.definitions, ...inputs.definitions, ...ofProblem, Problem: problemItself },
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
async function openapi() {
	const [{ text }] = buildSync({
		entryPoints: ["src/api/rest/openapi.ts"],
		bundle: true,
		platform: "node",
		format: "esm",
		write: false,
		define: { CHORE_VERSION: JSON.stringify(JSON.parse(readFileSync("package.json", "utf8")).version) },
		external: ["dbus-next", "plist"],
	}).outputFiles;
	const { openapi } = await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);
	return openapi(api());
}

const made = { "chore.schema.json": printed, "api.schema.json": api, "openapi.json": openapi };
const text = async (name) => `${JSON.stringify(await made[name](), null, "\t")}\n`;
if (process.argv[2] === "--print") process.stdout.write(await text(process.argv[3]));
else {
	mkdirSync("schema", { recursive: true });
	for (const name of Object.keys(made)) writeFileSync(`schema/${name}`, await text(name));
}
