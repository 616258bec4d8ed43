/** The linter refuses the imports that the architecture forbids: one forbidden import for each rule, in a tree of its own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

const FORBIDDEN: readonly (readonly [file: string, source: string])[] = [
	["platform/contract.ts", 'import { run } from "../src/core/start/run.ts";\nrun();\n'],
	["platform/registry.ts", 'import { detect } from "./posix/start.ts";\ndetect();\n'],
	["platform/posix/index.ts", 'import type { Job } from "../../src/core/job.ts";\nexport type J = Job;\n'],
	["platform/posix/index.ts", 'export { registry } from "../registry.ts";\n'],
	["platform/posix/index.ts", 'export { findBus } from "../systemd/address.ts";\n'],
	["platform/systemd/platform.ts", 'import { sessionBus } from "dbus-next";\nsessionBus();\n'],
	["platform/systemd/platform.ts", 'await import("dbus-next");\n'],
	["platform/systemd/wire.ts", 'import { Command } from "commander";\nnew Command();\n'],
	["platform/closest.ts", 'import { readFileSync } from "node:fs";\nreadFileSync("");\n'],
	["platform/systemd/stop.ts", 'import { stop } from "../shell/stop.ts";\nstop();\n'],
	["platform/shell/stop.ts", 'import { detach } from "../posix/start.ts";\ndetach();\n'],
	["platform/launchd/platform.ts", 'import { detach } from "../posix/start.ts";\ndetach();\n'],
	["platform/launchd/launchctl.ts", 'import { build } from "plist";\nbuild({});\n'],
	["platform/launchd/plist.ts", 'import { sessionBus } from "dbus-next";\nsessionBus();\n'],
	["src/core/start/run.ts", 'import { Command } from "commander";\nnew Command();\n'],
	["src/core/chore.ts", 'import { open } from "../../platform/posix/index.ts";\nopen();\n'],
	["src/core/chore.ts", 'import { openChore } from "../index.ts";\nopenChore();\n'],
	["src/core/start/run.ts", 'import { open } from "../../../platform/posix/index.ts";\nopen();\n'],
	["src/core/start/run.ts", 'await import("../../../platform/systemd/index.ts");\n'],
	["src/core/start/run.ts", 'import { openChore } from "../../index.ts";\nopenChore();\n'],
	["src/core/start/run.ts", 'import { Output } from "../../cli/output.ts";\nnew Output();\n'],
	["src/core/disk/store.ts", 'import { startFault } from "../prepare/precheck.ts";\nstartFault();\n'],
	["src/core/schedule/intersect.ts", 'import { startFault } from "../prepare/precheck.ts";\nstartFault();\n'],
	["src/core/schedule/intersect.ts", 'import { readFileSync } from "node:fs";\nreadFileSync("");\n'],
	["src/core/schedule/intersect.ts", 'import { Cron } from "croner";\nnew Cron("");\n'],
	["src/core/schedule/next-times.ts", 'import { closest } from "../../../platform/closest.ts";\nclosest("", []);\n'],
	["src/core/disk/store.ts", 'import { readCron } from "../schedule/cron.ts";\nreadCron("");\n'],
	["src/core/prepare/spec.ts", 'import { settle } from "../settle/settle.ts";\nsettle();\n'],
	["src/core/settle/settle.ts", 'import { stop } from "../control/stop.ts";\nstop();\n'],
	["src/core/control/stop.ts", 'import { list } from "../look/list.ts";\nlist();\n'],
	["src/core/look/list.ts", 'import { remove } from "../forget/remove.ts";\nremove();\n'],
	["src/core/forget/remove.ts", 'import { run } from "../start/run.ts";\nrun();\n'],
	["src/core/start/run.ts", 'import { doctor } from "../doctor/doctor.ts";\ndoctor();\n'],
	["src/core/doctor/doctor.ts", 'import { Chore } from "../chore.ts";\nnew Chore();\n'],
	["src/client/remote-jobs.ts", 'import { run } from "../core/start/run.ts";\nrun();\n'],
	["src/client/remote-jobs.ts", 'import { answer } from "../api/rest/answer.ts";\nanswer();\n'],
	["src/client/remote-jobs.ts", 'import { main } from "../cli/program.ts";\nmain([]);\n'],
	["src/cli/open.ts", 'import { dial } from "../client/dial.ts";\ndial();\n'],
	["src/cli/words.ts", 'import { run } from "../core/start/run.ts";\nrun();\n'],
	["src/cli/commands/ps.ts", 'import { list } from "../../core/look/list.ts";\nlist();\n'],
	["src/cli/commands/cert.ts", 'import { readPool } from "../../api/identity/pool.ts";\nreadPool();\n'],
	["src/cli/commands/ps.ts", 'import type { Platform } from "../../../platform/contract.ts";\nexport type P = Platform;\n'],
	["src/api/caller.ts", 'import { list } from "../core/look/list.ts";\nlist();\n'],
	["src/api/caller.ts", 'import { Output } from "../cli/output.ts";\nnew Output();\n'],
	["src/api/rest/routes.ts", 'import { list } from "../../core/look/list.ts";\nlist();\n'],
	["src/api/rest/routes.ts", 'import { Code } from "@connectrpc/connect";\nCode.Unknown;\n'],
	["src/api/operations/operation.ts", 'import { create } from "@bufbuild/protobuf";\ncreate();\n'],
	["src/api/grpc/service.ts", 'import { list } from "../../core/look/list.ts";\nlist();\n'],
	["src/api/grpc/service.ts", 'import { Server } from "@grpc/grpc-js";\nnew Server();\n'],
	["src/api/grpc/service.ts", 'import { ROUTES } from "../rest/routes.ts";\nObject.keys(ROUTES);\n'],
	["src/api/page/browser/log.ts", 'import { readFileSync } from "node:fs";\nreadFileSync("");\n'],
	["src/api/page/browser/log.ts", 'import { answer } from "../../rest/answer.ts";\nanswer();\n'],
	["src/api/server.ts", 'import { list } from "../core/look/list.ts";\nlist();\n'],
	["src/api/server.ts", 'import { printed } from "../cli/json.ts";\nprinted();\n'],
	["src/api/server.ts", 'import { Ajv } from "ajv";\nnew Ajv();\n'],
	["src/api/rest/rest.ts", 'import { list } from "../../core/look/list.ts";\nlist();\n'],
	["src/api/rest/rest.ts", 'import { createConnectRouter } from "@connectrpc/connect";\ncreateConnectRouter();\n'],
	["src/api/rest/rest.ts", 'import type { Platform } from "../../../platform/contract.ts";\nexport type P = Platform;\n'],
	["src/api/rest/rest.ts", 'import { readMoment } from "../../moment.ts";\nreadMoment();\n'],
	["src/api/operations/jobs.ts", 'import { HttpError } from "../rest/http.ts";\nnew HttpError(404, "");\n'],
	["src/api/operations/jobs.ts", 'import { createServer } from "../server.ts";\ncreateServer();\n'],
	["extension/views/tree.ts", 'import { readFileSync } from "node:fs";\nreadFileSync("");\n'],
	["extension/views/tree.ts", 'import { spawn } from "child_process";\nspawn("");\n'],
	["extension/views/tree.ts", 'import { list } from "../../src/core/look/list.ts";\nlist();\n'],
	["extension/views/tree.ts", 'import { sessionBus } from "dbus-next";\nsessionBus();\n'],
	["extension/views/tree.ts", 'import { connect } from "../../src/client/index.ts";\nconnect("");\n'],
	["extension/jobs/open-jobs.ts", 'import { dial } from "../../src/client/dial.ts";\ndial();\n'],
	["extension/words.ts", 'import { list } from "../src/core/look/list.ts";\nlist();\n'],
	["extension/jobs/job-list.ts", 'import { treeItem } from "../views/row.ts";\ntreeItem();\n'],
	["extension/logs/channels.ts", 'import { treeItem } from "../views/row.ts";\ntreeItem();\n'],
	["extension/views/tree.ts", 'import { start } from "../start/start.ts";\nstart();\n'],
	["extension/start/start.ts", 'import { pickJob } from "../commands/pick.ts";\npickJob();\n'],
	["extension/commands/tasks.ts", 'import { activate } from "../main.ts";\nactivate();\n'],
];

const ALLOWED: readonly (readonly [file: string, source: string])[] = [
	[
		"platform/posix/index.ts",
		'import { ChoreError } from "../errors.ts";\n\nexport const error: Error = new ChoreError("TIMED_OUT", "");\n',
	],
	["platform/launchd/platform.ts", 'import { stop } from "../shell/stop.ts";\n\nexport const one: typeof stop = stop;\n'],
	["src/core/start/run.ts", 'import { registry } from "../../../platform/registry.ts";\n\nexport const count: number = registry.length;\n'],
	["src/core/start/run.ts", 'import { Store } from "../disk/store.ts";\n\nexport const made: typeof Store = Store;\n'],
	["src/core/chore.ts", 'import { registry } from "../../platform/registry.ts";\n\nexport const count: number = registry.length;\n'],
	["src/core/prepare/spec.ts", 'import { readCron } from "../schedule/cron.ts";\n\nexport const read: typeof readCron = readCron;\n'],
	["src/client/request.ts", 'import { ROUTES } from "../api/rest/routes.ts";\n\nexport const routes: typeof ROUTES = ROUTES;\n'],
	["src/cli/open.ts", 'import { connect } from "../client/index.ts";\n\nexport const one: typeof connect = connect;\n'],
	["src/cli/commands/ps.ts", 'import { openChore } from "../../index.ts";\n\nexport const open: typeof openChore = openChore;\n'],
	["src/api/rest/routes.ts", 'import { version } from "../../index.ts";\n\nexport const one: string = version;\n'],
	["src/api/grpc/service.ts", 'import { Code } from "@connectrpc/connect";\n\nexport const one: number = Code.Unknown;\n'],
	["src/api/server.ts", 'import { serveRest } from "./rest/rest.ts";\n\nexport const one: typeof serveRest = serveRest;\n'],
	["src/api/rest/rest.ts", 'import { check } from "../check.ts";\n\nexport const one: typeof check = check;\n'],
	["src/api/rest/rest.ts", 'import { list } from "../operations/jobs.ts";\n\nexport const one: typeof list = list;\n'],
	["src/api/operations/jobs.ts", 'import { version } from "../../index.ts";\n\nexport const one: string = version;\n'],
	[
		"extension/views/tree.ts",
		'import * as vscode from "vscode";\n\nimport { version } from "../../src/index.ts";\n\nexport const both: readonly string[] = [version, vscode.version];\n',
	],
	["extension/jobs/open-jobs.ts", 'import { connect } from "../../src/client/index.ts";\n\nexport const one: typeof connect = connect;\n'],
	["extension/commands/tasks.ts", 'import { start } from "../start/start.ts";\n\nexport const one: typeof start = start;\n'],
];

function lint(files: readonly (readonly [file: string, source: string])[]): { readonly status: number | null; readonly text: string } {
	const tree = mkdtempSync(join(tmpdir(), "chore-lint-"));
	try {
		copyFileSync("biome.json", join(tree, "biome.json"));
		symlinkSync(join(process.cwd(), "node_modules"), join(tree, "node_modules"));
		spawnSync("git", ["init", "-q"], { cwd: tree });
		for (const [file, source] of files) {
			mkdirSync(dirname(join(tree, file)), { recursive: true });
			writeFileSync(join(tree, file), source);
		}
		const { status, stdout, stderr } = spawnSync(
			join(process.cwd(), "node_modules/.bin/biome"),
			["lint", "src", "platform", "extension"].filter((name) => name === "lint" || files.some(([file]) => file.startsWith(name))),
			{
				cwd: tree,
				encoding: "utf8",
			},
		);
		return { status, text: stdout + stderr };
	} finally {
		rmSync(tree, { recursive: true, force: true });
	}
}

for (const [file, source] of FORBIDDEN) {
	test(`${file} may not contain: ${source.split("\n")[0]}`, () => {
		const { status, text } = lint([[file, source]]);
		assert.notEqual(status, 0, text);
		assert.match(text, /noRestrictedImports/);
	});
}

test("what the architecture allows is not refused", () => {
	for (const one of ALLOWED) assert.equal(lint([one]).status, 0, lint([one]).text);
});

test("an import cycle is refused", () => {
	const { status, text } = lint([
		["src/core/one.ts", 'import { two } from "./two.ts";\n\nexport const one: () => number = () => two();\n'],
		["src/core/two.ts", 'import { one } from "./one.ts";\n\nexport const two: () => number = () => one();\n'],
	]);
	assert.notEqual(status, 0);
	assert.match(text, /noImportCycles/);
});
