// Steps that look at the walkthrough, at every theme, and at many jobs.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { has } from "../page.mjs";

export const looks = [
	{
		title: "the walkthrough has four steps with pictures",
		act: async ({ workbench, page, shot }) => {
			await workbench.command("Welcome: Open Walkthrough...");
			await workbench.typeText("Background jobs with Chore");
			const steps = page.locator(".getting-started-step");
			await workbench.until("four steps", async () => (await steps.count()) === 4);
			// The editor shows the pictures in a wide window only; each is a frame of its own.
			await page.setViewportSize({ width: 1700, height: 1000 });
			await workbench.until("the picture of the first step is drawn", async () => {
				const words = page.frames().map((frame) =>
					frame
						.getByText("The command is a job of its own.")
						.count()
						.catch(() => 0),
				);
				return (await Promise.all(words)).some((count) => count > 0);
			});
			await shot("walkthrough");
			await page.setViewportSize({ width: 1280, height: 800 });
			await workbench.command("View: Close All Editors");
		},
	},
	{
		title: "the views can be told apart in light, dark and high contrast",
		act: async ({ workbench, page, run, shot }) => {
			await run("-n", "themed", "--", "sleep", "1000");
			await run("-n", "themed-over", "--directory", "/", "--", "false").catch(() => run("-n", "themed-over", "--", "false"));
			await workbench.untilRows("both are there", (rows) => has("themed running")(rows) && has("themed-over failed")(rows));
			await workbench.clearNotifications();
			for (const theme of ["Light Modern", "Dark High Contrast", "Light High Contrast", "Dark Modern"]) {
				await workbench.theme(theme);
				await workbench.row("themed running").hover();
				await shot(theme.toLowerCase().replaceAll(" ", "-"));
				await page.mouse.move(700, 200);
				const icons = [];
				for (const row of ["themed running", "themed-over failed"])
					icons.push(
						await workbench
							.row(row)
							.locator(".custom-view-tree-node-item-icon")
							.evaluate((icon) => getComputedStyle(icon).color),
					);
				const text = await workbench
					.row("themed running")
					.locator(".label-name")
					.evaluate((label) => getComputedStyle(label).color);
				assert.equal(new Set([...icons, text]).size, 3, `in ${theme} the icons have the colours ${icons.join(" and ")}, the text ${text}`);
			}
		},
	},
	{
		title: "of 2,000 finished jobs the newest are shown, and more on request",
		act: async ({ workbench, page, folders, run, chore, shot }) => {
			await chore("wait", await run("-n", "copied-from", "--", "true"));
			manyJobs(join(folders.state, "default/jobs"), 2000);
			await workbench.command("Chore: Refresh");
			await workbench.command("Chore: Filter…");
			await workbench.typeText("copied");
			await workbench.untilRows("they are there", (rows) => rows.length > 5 && rows.every((row) => row.startsWith("copied")));
			await workbench.row("copied").click();
			await page.keyboard.press("End");
			await workbench.row("Show more").waitFor();
			await shot("many");
			await workbench.row("Show more").click();
			await workbench.until("more are there", async () => {
				await page.keyboard.press("End");
				return (await workbench.row("1601 older").count()) > 0;
			});
			await workbench.command("Chore: Clear Filter");
		},
	},
];

/** Copies the files of a finished job: thousands of starts would take minutes. */
function manyJobs(folder, count) {
	const id = readdirSync(folder).find((one) => readFileSync(join(folder, one, "job.json"), "utf8").includes('"copied-from"'));
	const text = (path) => readFileSync(join(folder, id, path), "utf8");
	const paths = ["job.json", "runs/1/run.json", "runs/1/end.json", "runs/1/exit", "runs/1/started", "runs/1/output"];
	const files = Object.fromEntries(paths.map((path) => [path, text(path)]));
	for (let number = 0; number < count; number++) {
		const copy = id.slice(0, -6) + String(100_000 + number);
		mkdirSync(join(folder, copy, "runs/1"), { recursive: true, mode: 0o700 });
		for (const [path, content] of Object.entries(files)) {
			writeFileSync(join(folder, copy, path), content.replaceAll(id, copy).replaceAll('"copied-from"', '"copied"'));
		}
	}
}
