// Makes schema/chore.schema.json, the published JSON Schema of what `--json` prints, from the types in src/cli/json.ts.
// `schema.mjs --print` prints it instead, for the test that compares it with the file.
import { mkdirSync, writeFileSync } from "node:fs";
import { createGenerator } from "ts-json-schema-generator";

const { definitions, ...rest } = createGenerator({
	path: "src/cli/json.ts",
	tsconfig: "tsconfig.json",
	type: "Printed",
	skipTypeCheck: true,
	topRef: false,
	// Later versions add fields, which must be valid by this schema, too.
	additionalProperties: true,
}).createSchema("Printed");
const schema = {
	$schema: rest.$schema,
	title: "What chore prints with --json",
	description: "Each property is what one command prints.",
	...rest,
	// Each command prints one of the properties.
	required: [],
	definitions,
};
const text = `${JSON.stringify(schema, null, "\t")}\n`;
if (process.argv.includes("--print")) process.stdout.write(text);
else {
	mkdirSync("schema", { recursive: true });
	writeFileSync("schema/chore.schema.json", text);
}
