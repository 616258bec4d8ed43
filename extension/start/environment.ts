/** The variables that jobs get: those of the user's login shell, without what belongs to the editor. */
import { loginEnvironment } from "../../src/index.ts";
import { describe, ownLog } from "../failure.ts";

let asked: Promise<Readonly<Record<string, string | undefined>>> | undefined;

/** Asks once a window: start files take their time. Where the shell tells nothing, the editor's own variables serve. */
export function environmentForJobs(): Promise<Readonly<Record<string, string | undefined>>> {
	asked ??= ask();
	return asked;
}

async function ask(): Promise<Readonly<Record<string, string | undefined>>> {
	const own = withoutEditor(process.env);
	try {
		return withoutEditor(await loginEnvironment({ environment: own }));
	} catch (error) {
		const { message, hint } = describe(error);
		ownLog().warn(`jobs get the variables of the editor itself: ${message}${hint === undefined ? "" : `; ${hint}`}`);
		return own;
	}
}

function withoutEditor(variables: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string | undefined>> {
	return Object.fromEntries(Object.entries(variables).filter(([name]) => !/^(VSCODE|ELECTRON)_/.test(name)));
}
