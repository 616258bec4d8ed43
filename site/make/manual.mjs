// Makes a page of a manual page: mandoc's HTML, with headings in Markdown, so that the outline and the search know them.
import { execFileSync } from "node:child_process";

/** Where the other manual page is; other programs' pages have no address. */
const OURS = { "chore.1": "./chore-1.md", "chore.7": "./chore-7.md" };

/** @param {string} file man/chore.1 @returns {string} Markdown */
export function manualPage(file) {
	const html = execFileSync("mandoc", ["-T", "html", "-O", "fragment,man=%N.%S", file], { encoding: "utf8" });
	const [, text = ""] = /<div class="manual-text">(.*)<\/div>\s*<table class="foot">/s.exec(html) ?? [];
	const body = text
		.replace(/<\/?section[^>]*>|<br\/>/g, "")
		.replace(/<a class="Xr" href="([^"]*)">(.*?)<\/a>/gs, (_, page, name) =>
			page in OURS ? `<a href="${OURS[page].replace(".md", ".html")}">${name}</a>` : name,
		)
		.replace(/<pre>(.*?)<\/pre>/gs, (_, text) => `<pre>${text.replaceAll("\n", "&#10;").replaceAll(" ", "&#32;")}</pre>`)
		// A line that ends between two words in code would become nothing: Vue takes such blanks for indentation.
		.replace(/\s+/g, " ")
		.replaceAll("{{", "&#123;&#123;");
	const [, ...sections] = body.split(/(?=<h[12] class="S[hs]")/);
	const name = `chore(${file.at(-1)})`;
	return [`# ${name}`, `The manual page, \`man ${file.at(-1)} chore\`.`, ...sections.map(markdown)].join("\n\n");
}

/** A section or subsection: its heading in Markdown, with mandoc's own anchor, and the rest as one block of HTML. */
function markdown(section) {
	const [, level, id, title, rest] = /^<h([12])[^>]* id="([^"]*)"><a[^>]*>(.*?)<\/a><\/h\d>(.*)$/s.exec(section) ?? [];
	const heading = `${"#".repeat(Number(level) + 1)} ${title} {#${id}}`;
	return `${heading}\n\n<div class="manual">${rest}</div>`;
}
