/** What a person types to say when: which of the syntaxes it is, and that the words of a schedule can be typed again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isChoreError, type JobSchedule, momentsOf } from "../../src/index.ts";
import "./editor.ts";

const { readWhen } = await import("../../extension/start/when.ts");
const { whenWords } = await import("../../extension/words.ts");

const NOON = new Date(2026, 10, 21, 12, 0);

test("a line is read as the syntax that it is written in", () => {
	const zone = undefined;
	const cases: readonly (readonly [string, ReturnType<typeof readWhen>])[] = [
		["every 10min", { everyMs: 600_000 }],
		["Every 1h 30min", { everyMs: 5_400_000 }],
		["at 23:30", { at: new Date(2026, 10, 21, 23, 30) }],
		["at tomorrow", { at: new Date(2026, 10, 22) }],
		["0 9 * * 1-5", { cron: ["0 9 * * 1-5"], zone }],
		["@daily", { cron: ["@daily"], zone }],
		["*/10  *  *  *  *", { cron: ["*/10  *  *  *  *"], zone }],
		["0 9 * * * | 0 12 * * *", { cron: ["0 9 * * *", "0 12 * * *"], zone }],
		[" Mon..Fri 9:00 ", { calendar: ["Mon..Fri 9:00"], zone }],
		["hourly", { calendar: ["hourly"], zone }],
		["@4102444800", { calendar: ["@4102444800"], zone }],
		["9:00 | Sat 12:00 (Europe/Berlin)", { calendar: ["9:00", "Sat 12:00"], zone: "Europe/Berlin" }],
	];
	for (const [line, options] of cases) assert.deepEqual(readWhen(line, NOON), options, line);
});

test("what is no span, no moment or no calendar is refused with an example", async () => {
	for (const line of [
		"every",
		"every now and then",
		"at noon",
		"0 9 * * 8",
		"Mon..Fri 25:00",
		"0 9 * * 1 | 9:00",
		"9:00 (Nowhere/At_All)",
		"",
	])
		await assert.rejects(
			async () => momentsOf(readWhen(line, NOON), 1),
			(error: unknown) => isChoreError(error) && error.code === "INVALID_ARGUMENT" && error.hint !== undefined,
			line,
		);
});

test("the words of a schedule mean the same when they are typed again", () => {
	const words = (kind: JobSchedule["triggers"][number]["kind"], text: string) =>
		whenWords({ triggers: [{ id: "t1", kind, text }] } as unknown as JobSchedule);
	assert.deepEqual(readWhen(words("every", "600s")), { everyMs: 600_000 });
	assert.deepEqual(readWhen(words("at", NOON.toISOString())), { at: NOON });
	const [calendar, zone] = [["Mon 9:00", "Fri 17:00"], "Europe/Berlin"];
	assert.deepEqual(readWhen(words("calendar", "Mon 9:00 | Fri 17:00 | (Europe/Berlin)")), { calendar, zone });
	assert.deepEqual(readWhen(words("cron", "0 9 * * 1-5")), { cron: ["0 9 * * 1-5"], zone: undefined });
});

test("the next moments of a schedule are told before there is one, and none of one that never comes", async () => {
	assert.deepEqual(await momentsOf({ calendar: ["2199-01-01..03 UTC"] }, 2), ["2199-01-01T00:00:00.000Z", "2199-01-02T00:00:00.000Z"]);
	assert.equal((await momentsOf({ everyMs: 420_000 }, 3)).length, 3);
	assert.deepEqual(await momentsOf({ at: NOON }, 1), []);
});
