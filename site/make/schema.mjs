// Makes a page of the JSON Schema of what --json prints: a table of the commands, and one of the fields of each type.
import { readFileSync } from "node:fs";

/** @param {string} file schema/chore.schema.json @returns {string} Markdown */
export function schemaPage(file) {
	const { title, properties, definitions } = JSON.parse(readFileSync(file, "utf8"));
	const commands = Object.entries(properties).map(([name, schema]) => `| \`${name}\` | ${typeOf(schema)} |`);
	return [
		`# ${title}`,
		"Fields are added in later versions, never renamed; absent facts are null; times are RFC 3339 in UTC with milliseconds.",
		'The schema itself: <a href="../chore.schema.json" target="_self">chore.schema.json</a>, in the package `chore-jobs/schema.json`.',
		["| command | prints |", "|---|---|", ...commands].join("\n"),
		...Object.entries(definitions).map(([name, schema]) => definition(name, schema)),
	].join("\n\n");
}

function definition(name, { description, properties, ...schema }) {
	const fields = Object.entries(properties ?? {}).map(
		([field, of]) => `| \`${field}\` | ${typeOf(of)} | ${(of.description ?? "").replace(/\s+/g, " ").replaceAll("|", "\\|")} |`,
	);
	const table = fields.length > 0 ? ["| field | type | |", "|---|---|---|", ...fields].join("\n") : typeOf(schema);
	return [`## ${name}`, description, table].filter(Boolean).join("\n\n");
}

function typeOf(schema) {
	if (schema.$ref !== undefined) {
		const name = schema.$ref.replace("#/definitions/", "");
		return `[${name}](#${name.toLowerCase()})`;
	}
	if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
	if (schema.enum !== undefined) return schema.enum.map((one) => `\`${JSON.stringify(one)}\``).join(", ");
	if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" or ");
	if (schema.type === "array") return `array of ${typeOf(schema.items ?? {})}`;
	if (schema.type === "object" && schema.properties !== undefined)
		return `{ ${Object.entries(schema.properties)
			.map(([name, of]) => `\`${name}\`: ${typeOf(of)}`)
			.join(", ")} }`;
	return [schema.type ?? "anything"].flat().join(" or ");
}
