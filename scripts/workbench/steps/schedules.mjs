// Steps with scheduled jobs, on systemd: they are made, seen, run at once, paused, edited and removed.
import assert from "node:assert/strict";
import { has, hasText } from "../page.mjs";

/** The names of the views that are there, from top to bottom. */
function views(page) {
	return page.locator(".part.sidebar .pane-header .title").allTextContents();
}

/** Types when into the box that is open, waits for what is said about it, and takes it. */
async function typeWhen({ workbench, page }, text, said) {
	await workbench.box().fill(text);
	await page.locator(".quick-input-widget:visible .quick-input-message", { hasText: said }).waitFor();
}

async function menuOf({ workbench, page }, row) {
	await workbench.row(row).click({ button: "right" });
	const entries = page.locator(".monaco-menu .action-item:not(.disabled) .action-label[aria-label]");
	await entries.first().waitFor();
	return (await entries.evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")))).filter(Boolean);
}

export const schedules = [
	{
		title: "a schedule made from the palette is a row of a view that was not there before",
		act: async (tools) => {
			const { workbench, page, shot } = tools;
			assert.deepEqual(await views(page), ["Running", "Finished"]);
			await workbench.command("Chore: Run on a Schedule…");
			await workbench.type("A line of shell", "echo on time");
			await workbench.type("When it is to run", "Every…");
			await typeWhen(tools, "every soon", "no span of time");
			await shot("schedule-wrong");
			await typeWhen(tools, "every 10min", "Next: ");
			await shot("schedule-when");
			await page.keyboard.press("Enter");
			await workbench.untilRows("it waits", has("echo next "));
			await workbench.until("the view is between the others", async () =>
				["Running", "Scheduled", "Finished"].every((name, index, all) => all.length === 3 && name === all[index]),
			);
			assert.deepEqual(await views(page), ["Running", "Scheduled", "Finished"]);
			await shot("schedule-made");
		},
	},
	{
		title: "a scheduled job is run now by the button of its row, and its row tells what came of it",
		act: async ({ workbench, page, shot }) => {
			await workbench.inline("echo next", "Run Now");
			await workbench.untilRows("it ran", (rows) => rows.length === 1 && /^echo next .* · last .*, succeeded · every 10min$/.test(rows[0]));
			await workbench.row("echo next").click();
			await workbench.untilOutput("on time");
			await workbench.row("echo next").locator(".label-name").hover();
			const hover = page.locator(".monaco-hover:visible", { hasText: "Next run" });
			await hover.waitFor();
			await shot("schedule-hover");
			await page.mouse.move(700, 200);
			await hover.waitFor({ state: "hidden" });
		},
	},
	{
		title: "its menu offers what can be done with a schedule, what ends it last; it is paused there and resumed by its button",
		act: async (tools) => {
			const { workbench, shot } = tools;
			const labels = await menuOf(tools, "echo next");
			for (const wanted of ["Show Log", "Run Now", "Edit Schedule…", "Pause Schedule", "Copy"])
				assert.ok(labels.includes(wanted), labels.join());
			for (const other of ["Stop", "Forget", "Restart", "Pause", "Resume Schedule"]) assert.ok(!labels.includes(other), labels.join());
			assert.equal(labels.at(-1), "Remove Scheduled Job");
			await shot("schedule-menu");
			await workbench.choose("Pause Schedule");
			await workbench.untilRows("it is paused", has("echo paused"));
			await workbench.inline("echo paused", "Resume Schedule");
			await workbench.untilRows("it goes on", has("echo next"));
		},
	},
	{
		title: "its schedule is edited in the words in which it was made, and judged as they are typed",
		act: async (tools) => {
			const { workbench, page } = tools;
			await menuOf(tools, "echo next");
			await workbench.choose("Edit Schedule…");
			await workbench.until("the box has it", async () => (await workbench.box().inputValue()) === "every 10min");
			await typeWhen(tools, "0 9 * * 8", "the cron line");
			await typeWhen(tools, "Mon..Fri 9:00", "Next: ");
			await page.keyboard.press("Enter");
			await workbench.untilRows("it is so", (rows) => rows.some((row) => row.startsWith("echo next") && row.endsWith("· Mon..Fri 9:00")));
		},
	},
	{
		title: "the button beside a line of Run Command… schedules it",
		act: async (tools) => {
			const { workbench, page } = tools;
			await workbench.command("Chore: Run Command…");
			await workbench.box().fill("sleep 1000");
			await page.locator('.quick-input-widget:visible .quick-input-titlebar .action-label[aria-label^="Run on a Schedule"]').click();
			await workbench.type("When it is to run", "Calendar…");
			await typeWhen(tools, "daily", "Next: ");
			await page.keyboard.press("Enter");
			await workbench.untilRows("it waits", (rows) => rows.some((row) => row.startsWith("sleep next") && row.endsWith("· daily")));
		},
	},
	{
		title: "schedules that wait, run, failed or are paused can be told apart in light and dark",
		act: async ({ workbench, page, run, chore, shot }) => {
			await run("-n", "broken", "--on-calendar", "2199-01-01", "-c", "exit 3");
			await chore("start", "broken").catch(() => {});
			await run("-n", "held", "--every", "6h", "--", "true");
			await chore("trigger", "pause", "held");
			await workbench.inline("sleep next", "Run Now");
			await workbench.untilRows("all are there", (rows) =>
				["broken next 2199-01-01 00:00 · last", "held paused · has not run yet", "sleep running · sleep 1000", "echo next"].every((row) =>
					has(row)(rows),
				),
			);
			await workbench.untilRows("one runs", hasText("· running · daily"));
			await workbench.clearNotifications();
			for (const theme of ["Light Modern", "Dark High Contrast", "Dark Modern"]) {
				await workbench.theme(theme);
				await workbench.row("held paused").hover();
				await shot(`schedules-${theme.toLowerCase().replaceAll(" ", "-")}`);
				await page.mouse.move(700, 200);
			}
		},
	},
	{
		title: "the Delete key removes a scheduled job, after a question, and with the last one its view goes",
		act: async ({ workbench, page, chore, shot }) => {
			const row = workbench.row("echo next");
			await row.click();
			await workbench.until("the row has the keyboard", () => row.evaluate((element) => element.matches(".focused.selected")));
			await page.keyboard.press("Delete");
			await page.locator(".monaco-dialog-box", { hasText: "Remove echo and its schedule?" }).waitFor();
			await shot("schedule-question");
			await workbench.answer("Remove");
			await workbench.untilRows("it is gone", (rows) => !rows.some((one) => one.startsWith("echo")));
			await chore("rm", "-f", "broken", "held", "sleep");
			await workbench.until("the view is gone", async () => (await views(page)).join() === "Running,Finished");
		},
	},
];

export const untrustedSchedules = [
	{
		title: "in a workspace that is not trusted schedules are seen, and none is changed",
		act: async (tools) => {
			const { workbench, page, run, shot } = tools;
			await run("-n", "nightly", "--on-calendar", "2199-01-01", "--", "true");
			await workbench.untilRows("it is shown", has("nightly next 2199-01-01 00:00"));
			await workbench.row("nightly next").hover();
			for (const action of ["Run Now", "Pause Schedule"]) {
				const button = workbench.row("nightly next").locator(`.action-label[aria-label^="${action}"]`);
				await workbench.until(`${action} is disabled`, async () => (await button.getAttribute("aria-disabled")) === "true");
			}
			const labels = await menuOf(tools, "nightly next");
			for (const action of ["Run Now", "Edit Schedule…", "Pause Schedule", "Remove Scheduled Job"])
				assert.ok(!labels.includes(action), labels.join());
			await shot("schedule-untrusted");
			await page.keyboard.press("Escape");
		},
	},
];
