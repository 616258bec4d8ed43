// Makes schema/chore.schema.json, the published JSON Schema of what `--json` prints, of the types in src/cli/json.ts.
// `schema.mjs --print` prints it instead, for the test that compares.
import { mkdirSync, writeFileSync } from "node:fs";
import { createGenerator } from "ts-json-schema-generator";

const { definitions, ...rest } = createGenerator({
	path: "src/cli/json.ts",
	tsconfig: "tsconfig.json",
	type: "Printed",
	skipTypeCheck: true,
	topRef: false,
	// Fields are added in later versions: whoever checks against this must not be surprised by them.
	additionalProperties: true,
}).createSchema("Printed");
const schema = {
	$schema: rest.$schema,
	title: "What chore prints with --json",
	description: "Each property is what one command prints.",
	...rest,
	// No command prints all of this at once.
	required: [],
	definitions,
};
const text = `${JSON.stringify(schema, null, "\t")}\n`;
if (process.argv.includes("--print")) process.stdout.write(text);
else {
	mkdirSync("schema", { recursive: true });
	writeFileSync("schema/chore.schema.json", text);
}
