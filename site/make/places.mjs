// Says where on the site a file of the repository is read. Guides and documents link to files of the repository, so that they
// can be read there, too; a page of the site has the place of the file in the same link.
import { posix } from "node:path";

/** Files that are a page by themselves, by that page. Any other file that is linked to becomes one as it is linked to. */
const PAGES = {
	"README.md": "index.md",
	"CHANGELOG.md": "changelog.md",
	"CONTRIBUTING.md": "contributing.md",
	"SECURITY.md": "security.md",
	LICENSE: "license.md",
	"man/chore.1": "reference/chore-1.md",
	"man/chore.7": "reference/chore-7.md",
	"schema/chore.schema.json": "reference/json.md",
	"src/index.ts": "reference/library/index.md",
};

/** @param {string} file a path in the repository @returns {string} the path of its page; pictures stay pictures */
export function pageOf(file) {
	if (file in PAGES) return PAGES[file];
	if (/^site\/guides\/.*\.md$/.test(file)) return file.replace("site/", "");
	if (isPicture(file)) return `public/${file}`;
	return `files/${file}.md`;
}

/** @param {string} file */
export function isPicture(file) {
	return /\.(png|svg)$/.test(file);
}

/** Inline links and pictures of Markdown, outside of code: [before, destination, after]. */
const LINK = /(\]\()([^)\s]+)(\))/g;
const CODE = /(^```.*?^```$|`[^`\n]*`)/ms;

/**
 * The files and anchors that a piece of Markdown links to, each as [file, anchor], with the file as a path in the repository.
 * @param {string} text @param {string} file where it stands
 */
export function linksIn(text, file) {
	const found = [];
	changeLinks(text, file, (target, anchor) => {
		found.push([target, anchor]);
		return "";
	});
	return found;
}

/**
 * The text with another destination in each link to a file of the repository; links to other hosts stay.
 * @param {string} text @param {string} file where it stands
 * @param {(target: string, anchor: string) => string} change
 */
export function changeLinks(text, file, change) {
	return text
		.split(CODE)
		.map((part, index) => (index % 2 === 1 ? part : part.replace(LINK, (_, before, to, after) => `${before}${moved(to)}${after}`)))
		.join("");

	function moved(to) {
		if (/^[a-z]+:/.test(to)) return to;
		const [path, anchor = ""] = to.split("#");
		const target = path === "" ? file : posix.join(posix.dirname(file), path);
		return change(target, anchor);
	}
}

/** The anchor of a heading, as GitHub makes it. @param {string} heading its text, without marks */
export function anchorOf(heading) {
	return heading
		.trim()
		.toLowerCase()
		.replace(/[^\p{L}\p{N}\s_-]/gu, "")
		.replace(/\s/g, "-");
}
