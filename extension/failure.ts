/** The one place where errors become messages of the editor. */
import * as vscode from "vscode";
import { isChoreError } from "../src/index.ts";
import { literal } from "./words.ts";

/** Why something cannot be shown or done, and what to do next. */
export interface Failure {
	readonly message: string;
	readonly hint: string | undefined;
}

/** A failure that stays in sight until somebody mends it. */
export interface Trouble extends Failure {
	/** What does not go. */
	readonly title: string;
}

let log: vscode.LogOutputChannel | undefined;

/** Where the extension writes what is not for a message: made when there is something to write. */
export function ownLog(): vscode.LogOutputChannel {
	log ??= vscode.window.createOutputChannel("Chore", { log: true });
	return log;
}

/** Ends the log with the extension. */
export function disposeOwnLog(): void {
	log?.dispose();
	log = undefined;
}

/** An error in words. One that is not chore's own is a bug: its stack goes to the log. */
export function describe(error: unknown): Failure {
	if (isChoreError(error)) return { message: error.message, hint: error.hint };
	ownLog().error(error instanceof Error ? error : String(error));
	return { message: `this is a bug in chore: ${error instanceof Error ? error.message : String(error)}`, hint: "its log has the details" };
}

/** Shows an error without waiting for an answer. */
export function report(error: unknown): void {
	const { message, hint } = describe(error);
	const text = literal(hint === undefined ? message : `${message}. ${hint}`);
	void vscode.window.showErrorMessage(text, "Show Doctor Report").then((choice) => {
		if (choice !== undefined) void vscode.commands.executeCommand("chore.doctor");
	});
}

/** Lets a failure be seen that nobody waits for. */
export function inBackground(work: Promise<unknown>): void {
	work.catch(report);
}
