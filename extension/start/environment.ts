/** The variables that jobs get: those of the user's login shell, without what belongs to the editor. */
import * as vscode from "vscode";
import { loginEnvironment } from "../../src/index.ts";
import { describe, ownLog } from "../failure.ts";
import { literal } from "../words.ts";

type Variables = Readonly<Record<string, string | undefined>>;

let asked: Promise<Variables> | undefined;

/** The variables for a new job. The shell is asked once a window, since start files are slow; if it fails, the editor's own serve. */
export function environmentForJobs(): Promise<Variables> {
	asked ??= ask();
	return asked;
}

async function ask(): Promise<Variables> {
	const own = withoutEditor(process.env);
	try {
		return withoutEditor(await loginEnvironment({ environment: own }));
	} catch (error) {
		const { message, hint } = describe(error);
		const text = `Jobs get the variables of the editor, not those of a terminal: ${message}${hint === undefined ? "" : `; ${hint}`}`;
		ownLog().warn(text);
		void vscode.window.showWarningMessage(literal(text));
		return own;
	}
}

/** The snap of VS Code changes variables for the editor. NAME_VSCODE_SNAP_ORIG holds the old value of NAME, empty for none. */
const BEFORE_SNAP = "_VSCODE_SNAP_ORIG";

/** Programs of the editor through which git asks for passwords and messages. They work only with VSCODE_GIT_… and an open window. */
const OF_EDITORS_GIT = /\/extensions\/git\/dist\/[a-z-]+\.sh"?$/;
const ASKED_BY_GIT: ReadonlySet<string> = new Set(["GIT_ASKPASS", "SSH_ASKPASS", "GIT_EDITOR"]);

/** The variables as they were before the editor was started. Exported for its test. */
export function withoutEditor(variables: Variables): Variables {
	const kept = new Map(Object.entries(variables));
	for (const [name, value] of Object.entries(variables)) {
		if (name.endsWith(BEFORE_SNAP)) {
			const changed = name.slice(0, -BEFORE_SNAP.length);
			kept.delete(name);
			if (value) kept.set(changed, value);
			else kept.delete(changed);
		}
		if (/^(VSCODE|ELECTRON)_/.test(name)) kept.delete(name);
		if (ASKED_BY_GIT.has(name) && OF_EDITORS_GIT.test(value ?? "")) kept.delete(name);
	}
	return Object.fromEntries(kept);
}
