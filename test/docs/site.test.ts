/** What the site is made of: links that lead somewhere, and a comment on all that the library exports. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";

/** The rules of the site's own making of pages. */
const { anchorOf, linksIn } = (await import(pathToFileURL("site/make/places.mjs").href)) as {
	readonly anchorOf: (heading: string) => string;
	readonly linksIn: (text: string, file: string) => readonly (readonly [file: string, anchor: string])[];
};

const read = (file: string): string => readFileSync(file, "utf8");

describe("a document", () => {
	const guides = readdirSync("site/guides").map((name) => `site/guides/${name}`);
	for (const file of ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", ...guides]) {
		test(`${file} links to files and headings that there are`, () => {
			for (const [target, anchor] of linksIn(read(file), file)) {
				assert.ok(existsSync(target) && statSync(target).isFile(), `${target} is no file`);
				if (anchor !== "") assert.ok(anchorsOf(target).includes(anchor), `${target} has no heading #${anchor}`);
			}
		});
	}
});

describe("the library", () => {
	test("has a comment on each thing that it exports", () => {
		const places = [...read("src/index.ts").matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)"/gm)].flatMap(
			([, names = "", from = ""]) =>
				names
					.split(",")
					.map((name) => name.replace("type ", "").trim())
					.filter(Boolean)
					.map((name) => ({ name, file: resolve("src", from) })),
		);
		assert.ok(places.length > 50);
		const bare = places.filter(({ name, file }) => !isExplained(name, read(file)));
		assert.deepEqual(bare, []);
	});

	test("has a comment on each method of Chore", () => {
		const methods = [...read("src/core/chore.ts").matchAll(/^(.*)\n\t(?:async )?\*?([a-z]\w*)(?:<.*>)?\(/gm)];
		assert.ok(methods.length > 20);
		const bare = methods.filter(([, before = "", name]) => name !== "constructor" && !before.endsWith("*/")).map(([, , name]) => name);
		assert.deepEqual(bare, []);
	});
});

/** Whether a comment ends in the line above the declaration. */
function isExplained(name: string, source: string): boolean {
	return new RegExp(`\\*/\\nexport (?:async )?(?:function|const|class|interface|type) ${name}\\b`).test(source);
}

/** The anchors of a manual page as mandoc makes them, else those of the headings in Markdown. */
function anchorsOf(file: string): readonly string[] {
	const text = read(file);
	if (file.startsWith("man/")) return [...text.matchAll(/^\.S[hs] (.*)$/gm)].map(([, title = ""]) => title.replaceAll(" ", "_"));
	return [...text.replace(/^```.*?^```$/gms, "").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading.replaceAll("`", "")));
}
