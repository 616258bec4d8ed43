// Takes the pictures of README.md, light and dark.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { has } from "../page.mjs";
import { ROOT } from "../rig.mjs";

export const pictures = [
	{
		title: "the pictures of the README are taken",
		editors: ["1.139"],
		act: async ({ workbench, page, folders, run, chore }) => {
			const scripts = {
				dev: "echo 'listening on http://localhost:5173/'; exec sleep 1000",
				test: "echo ' ✓ parser > reads an empty file'; echo ' ✗ parser > keeps the order'; echo '     expected 3, got 2'; exit 1",
				build: "echo 'dist/index.js  48.2 kB'",
			};
			writeFileSync(join(folders.workspace, "package.json"), JSON.stringify({ name: "app", private: true, scripts }, null, "\t"));
			mkdirSync(join(folders.workspace, "src"));
			const lines = [
				"def parse(text):",
				'    """The lines that hold something, in their order."""',
				"    return [line for line in text.splitlines() if line]",
				"",
			];
			writeFileSync(join(folders.workspace, "src/parser.py"), lines.join("\n"));
			await chore("wait", await run("-n", "build", "--", "npm", "run", "--silent", "build"));
			await chore("wait", await run("-n", "test", "--", "npm", "run", "--silent", "test")).catch(() => {});
			await run("-n", "dev", "--", "npm", "run", "--silent", "dev");
			await run("-n", "tunnel", "--", "sleep", "1000");
			await run("-n", "backup", "--on-calendar", "Mon..Fri 18:00", "--wake", "tick", "--", "tar", "-cf", "/tmp/app.tar", ".");
			await workbench.untilRows("all are there", (rows) =>
				["dev running", "tunnel running", "test failed", "build succeeded"].every((row) => has(row)(rows)),
			);
			await workbench.explorer();
			await workbench.openFile("parser.py", ["src"]);
			await workbench.openSidebar();
			await workbench.clearNotifications();
			await page.setViewportSize({ width: 1120, height: 640 });
			await workbench.row("test failed").click();
			await workbench.untilOutput("expected 3, got 2");
			for (const [theme, name] of [
				["Light Modern", "light"],
				["Dark Modern", "dark"],
			]) {
				await workbench.theme(theme);
				await workbench.row("test failed").click();
				await page.mouse.move(700, 150);
				await page.screenshot({ path: join(ROOT, `.cache/screenshots/readme-${name}.png`) });
			}
		},
	},
];
