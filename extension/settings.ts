/** The settings of the extension. Each is read when it is needed, so that a change counts at once. */
import * as vscode from "vscode";
import type { ChoreOptions } from "../src/index.ts";

/** The user's home: jobs run there in a window without a folder. */
export const HOME: string = process.env["HOME"] || "/";

export type GroupBy = "none" | "session" | "folder";

/** Session, platform and state folder. An empty setting leaves it to CHORE_SESSION, CHORE_PLATFORM and CHORE_HOME, as on the command line. */
export function choreOptions(): ChoreOptions {
	return {
		session: text("session") ?? process.env["CHORE_SESSION"],
		platform: text("platform") ?? (process.env["CHORE_PLATFORM"] || undefined),
		home: text("home"),
	};
}

/** The other machine whose jobs are shown, as `chore --host` takes it; undefined for this one. */
export function host(): string | undefined {
	return text("host");
}

export function groupBy(): GroupBy {
	const value = setting<string>("groupBy");
	return value === "session" || value === "folder" ? value : "none";
}

/** How many ended jobs are shown at first. */
export function finishedLimit(): number {
	return atLeast(1, setting<number>("finishedLimit"), 200);
}

/** How much of a log is shown at first, bytes. */
export function logTailBytes(): number {
	return atLeast(1, setting<number>("logTailSize"), 256) * 1024;
}

export function notifyOnFailure(): boolean {
	return setting<boolean>("notifyOnFailure") ?? true;
}

export function confirmStop(): boolean {
	return setting<boolean>("confirmStop") ?? true;
}

function setting<T>(name: string): T | undefined {
	return vscode.workspace.getConfiguration("chore").get<T>(name);
}

function text(name: string): string | undefined {
	return setting<string>(name)?.trim() || undefined;
}

/** A number from settings.json, where people may have written anything. */
function atLeast(least: number, value: unknown, otherwise: number): number {
	return typeof value === "number" && Number.isFinite(value) ? Math.max(least, Math.floor(value)) : otherwise;
}
