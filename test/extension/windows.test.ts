/** On Windows no platform runs: what is left of the extension there. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { ExtensionContext } from "vscode";
import "./editor.ts";

const { contexts, messages, registered } = await import("./vscode.ts");
const { activate } = await import("../../extension/main.ts");

test("on Windows every command says where jobs can be run, and nothing else is made", () => {
	const packageJSON = JSON.parse(readFileSync("package.json", "utf8"));
	const names = packageJSON.contributes.commands.map(({ command }: { readonly command: string }) => command);
	const subscriptions: unknown[] = [];
	const here = Object.getOwnPropertyDescriptor(process, "platform");
	assert.ok(here);
	Object.defineProperty(process, "platform", { ...here, value: "win32" });
	try {
		assert.equal(activate({ subscriptions, extension: { packageJSON } } as unknown as ExtensionContext), undefined);
	} finally {
		Object.defineProperty(process, "platform", here);
	}
	assert.equal(contexts.get("chore.unsupported"), true);
	assert.deepEqual([...registered.keys()], names);
	assert.equal(subscriptions.length, names.length);
	registered.get("chore.run")?.();
	assert.match(messages.at(-1)?.text ?? "", /in WSL/);
});
