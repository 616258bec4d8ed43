/** Times that name no zone are those of the machine, whatever TZ the caller has. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { machineZone } from "../../platform/machine-zone.ts";

const scratch = mkdtempSync(`${tmpdir()}/chore-zone-`);
after(() => rmSync(scratch, { recursive: true }));

/** A folder like /etc. @param localtime where the link leads; "" for a file */
function etc(localtime: string | undefined, timezone?: string): string {
	const folder = mkdtempSync(`${scratch}/`);
	if (localtime === "") writeFileSync(`${folder}/localtime`, "TZif2");
	else if (localtime !== undefined) {
		mkdirSync(`${folder}/zoneinfo/posix/Europe`, { recursive: true });
		mkdirSync(`${folder}/zoneinfo/Europe`);
		writeFileSync(`${folder}/${localtime}`, "TZif2");
		symlinkSync(localtime, `${folder}/localtime`);
	}
	if (timezone !== undefined) writeFileSync(`${folder}/timezone`, `${timezone}\n`);
	return folder;
}

test("the zone of the machine is told by a link, else by its name in a file; without both it is UTC", () => {
	assert.equal(machineZone(etc("zoneinfo/Europe/Berlin", "Asia/Tokyo")), "Europe/Berlin");
	assert.equal(machineZone(etc("zoneinfo/posix/Europe/Paris")), "Europe/Paris");
	assert.equal(machineZone(etc("", "Asia/Tokyo")), "Asia/Tokyo");
	assert.equal(machineZone(etc(undefined, "Asia/Tokyo")), "Asia/Tokyo");
	assert.equal(machineZone(etc(undefined)), "UTC");
	assert.equal(machineZone(etc("")), undefined);
	assert.equal(machineZone(etc("zoneinfo/Europe/Nowhere")), undefined);
});

test("the TZ of a caller moves no moment of a schedule", {
	skip: machineZone() === undefined && "the zone of this machine has no name",
}, () => {
	const script = `
		import { nextTimes } from "./dist-test/src/core/schedule/next-times.js";
		import { readCalendar } from "./dist-test/src/core/schedule/calendar.js";
		import { writeLooked } from "./dist-test/src/core/settle/calendar-file.js";
		const at = Date.UTC(2027, 0, 1, 12, 34, 56);
		console.log(nextTimes([readCalendar("9:00")], at, 2).join(), new Date(at).getHours());
		const trigger = { id: "t1", kind: "calendar", texts: ["9:00"], zone: null };
		writeLooked(${JSON.stringify(scratch)}, { triggers: [trigger] }, at);
	`;
	const seen = ["Asia/Tokyo", "America/New_York"].map((TZ) => {
		const said = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", env: { ...process.env, TZ } });
		const [times, hour] = said.trim().split(" ");
		return { times, hour, looked: readFileSync(`${scratch}/looked`, "utf8") };
	});
	assert.notEqual(seen[0]?.hour, seen[1]?.hour, "the callers have different clocks");
	assert.deepEqual(seen[0], { ...seen[1], hour: seen[0]?.hour });
	const local = new Intl.DateTimeFormat("en", { hour: "2-digit", hourCycle: "h23", timeZone: machineZone() });
	assert.deepEqual(
		seen[0]?.times?.split(",").map((time) => local.format(Number(time))),
		["09", "09"],
	);
	assert.match(seen[0]?.looked ?? "", new RegExp(`^202[67]-[0-9-]+ ${local.format(Date.UTC(2027, 0, 1, 12, 34))}:[0-9]{2}\n$`));
});
