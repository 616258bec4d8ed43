/** What the doctor is told of systemd, and which folder a unit was started for. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { description, type Surroundings } from "../../platform/systemd/describe.ts";
import { SYSTEM, USER } from "../../platform/systemd/scope.ts";
import { runFolder } from "../../platform/systemd/strays.ts";
import { unitProperties } from "../../platform/systemd/unit.ts";
import { prepareRun } from "./support.ts";

const scratch = mkdtempSync(`${tmpdir()}/chore-describe-`);
after(() => rmSync(scratch, { recursive: true, force: true }));

const FOUND: Surroundings = {
	version: "252",
	controlGroup: "/user.slice",
	cgroupMode: "unified",
	controllers: new Set(["cpu", "memory", "pids"]),
	manager: USER.manager,
	lingers: true,
	hasLogind: true,
	shell: "/usr/bin/dash",
};

for (const [controllers, lacking] of [
	[["cpu", "memory", "pids", "io"], []],
	[["pids"], ["memoryLimit", "cpuLimit"]],
	[[], ["memoryLimit", "cpuLimit", "taskLimit"]],
] as const) {
	test(`with the controllers ${controllers.join(" ") || "none"} it lacks ${lacking.join(" ") || "nothing"}`, () => {
		const told = description({ ...FOUND, controllers: new Set(controllers) });
		assert.deepEqual(Object.keys(told.lacking), lacking);
		for (const reason of Object.values(told.lacking)) assert.match(reason, /^the (cpu|memory|pids) controller is not delegated/);
	});
}

test("without a cgroup v2 tree limits and accounting are lacking, with the reason", () => {
	const { lacking } = description({ ...FOUND, controllers: null, cgroupMode: "legacy" });
	assert.deepEqual(Object.keys(lacking), ["memoryLimit", "cpuLimit", "taskLimit", "accounting"]);
	assert.match(lacking.memoryLimit ?? "", /no cgroup v2 tree: .* legacy way/);
});

test("for the system's manager lingering is not shown, and delegation is not given as a reason", () => {
	const { facts, lacking } = description({ ...FOUND, manager: SYSTEM.manager, lingers: null, controllers: new Set(["cpu"]) });
	assert.equal(
		facts.some(({ name }) => name === "lingering"),
		false,
	);
	assert.match(lacking.memoryLimit ?? "", /the system's manager has no memory controller/);
});

for (const [lingers, hasLogind, words] of [
	[true, true, "on"],
	[false, true, "off"],
	[false, false, "off; there is no logind to turn it on"],
] as const) {
	test(`lingering is ${words}`, () => {
		const facts = new Map(description({ ...FOUND, lingers, hasLogind }).facts.map(({ name, value }) => [name, value]));
		assert.equal(facts.get("lingering"), words);
	});
}

for (const folder of ["/tmp/plain", "/tmp/it's $HOME; `x` \\ é %h\n"]) {
	test(`the folder of a run is read back from its unit: ${JSON.stringify(folder)}`, () => {
		const run = { ...prepareRun(scratch, ":"), jobFolder: folder, runFolder: `${folder}/runs/1` };
		const start = unitProperties(run, { hookPath: "/hook", isPrivileged: false }).find(({ name }) => name === "ExecStopPost");
		assert.equal(runFolder(start?.value), `${folder}/runs/1`);
	});
}

test("a command that is not chore's hook gives no folder", () => {
	for (const commands of [[], [["/bin/true", []]], [["/bin/sh", ["sh", "-c", "sleep 1"]]]]) assert.equal(runFolder(commands), undefined);
});
