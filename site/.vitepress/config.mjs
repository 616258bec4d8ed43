// How the site looks and what its navigation holds. The pages are made by site/make/pages.mjs before this is read.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { anchorOf } from "../make/places.mjs";

/** Where the site is below its host: "/" or "/chore/". */
const base = process.env.SITE_BASE ?? "/";
const pages = fileURLToPath(new URL("../pages/", import.meta.url));
const library = JSON.parse(readFileSync(`${pages}reference/library.json`, "utf8"));

/** The guides, as README lists them. */
const guides = [...readFileSync(`${pages}index.md`, "utf8").matchAll(/^- \[(.*)\]\(\.\/guides\/(.*)\.md\)$/gm)];

const sidebar = [
	{ text: "chore in short", link: "/" },
	{ text: "Guides", items: guides.map(([, text, name]) => ({ text, link: `/guides/${name}` })) },
	{
		text: "Reference",
		items: [
			{ text: "chore(1): the commands", link: "/reference/chore-1" },
			{ text: "chore(7): what is behind them", link: "/reference/chore-7" },
			{ text: "Exit statuses", link: "/reference/chore-1#EXIT_STATUS" },
			{ text: "Error codes", link: "/reference/chore-1#DIAGNOSTICS" },
			{ text: "Files on disk", link: "/reference/chore-7#FILES" },
			{ text: "JSON", link: "/reference/json" },
			{ text: "The library", link: "/reference/library/", collapsed: true, items: library.map(item) },
		],
	},
	{
		text: "Project",
		items: [
			{ text: "Changelog", link: "/changelog" },
			{ text: "Security", link: "/security" },
			{ text: "Contributing", link: "/contributing" },
		],
	},
];

function item({ title, path, children }) {
	const link = path && `/reference/library/${path.replace(/(index)?\.md$/, "")}`;
	return { text: title, ...(link && { link }), ...(children && { collapsed: true, items: children.map(item) }) };
}

export default defineConfig({
	base,
	title: "chore",
	description: "Background jobs that outlive the terminal, the editor and the daemon, because there is no daemon",
	srcDir: "pages",
	outDir: "dist",
	head: [["link", { rel: "icon", href: `${base}chore.svg`, type: "image/svg+xml" }]],
	markdown: {
		anchor: { slugify: anchorOf },
		linkify: false,
		config(md) {
			// Nothing in the sources is meant for Vue.
			const text = md.renderer.rules.text;
			md.renderer.rules.text = (...given) => text(...given).replaceAll("{{", "&#123;&#123;");
		},
	},
	themeConfig: {
		sidebar,
		outline: { level: [2, 3] },
		search: {
			provider: "local",
			// What is for programmers comes after the guides and the manual.
			options: { miniSearch: { searchOptions: { boostDocument: (page) => (/\/(library|files)\//.test(page) ? 0.3 : 1) } } },
		},
		docFooter: { prev: "Before", next: "Next" },
	},
});
