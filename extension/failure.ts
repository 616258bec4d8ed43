/** Turns errors into messages of the editor. No other file does. */
import * as vscode from "vscode";
import { isChoreError } from "../src/index.ts";
import { literal } from "./words.ts";

/** Why something cannot be shown or done, and what to do next. */
export interface Failure {
	readonly message: string;
	readonly hint: string | undefined;
}

/** A failure that is shown as a row until it is mended. */
export interface Trouble extends Failure {
	/** What cannot be done: "Jobs cannot be shown". */
	readonly title: string;
}

let log: vscode.LogOutputChannel | undefined;

/** The extension's own log, made at the first use: warnings, and the stacks of bugs. */
export function ownLog(): vscode.LogOutputChannel {
	log ??= vscode.window.createOutputChannel("Chore", { log: true });
	return log;
}

/** Closes the log; called when the extension ends. */
export function disposeOwnLog(): void {
	log?.dispose();
	log = undefined;
}

/** An error in words. One that is no ChoreError is a bug in chore: its stack goes to the log. */
export function describe(error: unknown): Failure {
	if (isChoreError(error)) return { message: error.message, hint: error.hint };
	ownLog().error(error instanceof Error ? error : String(error));
	return { message: `this is a bug in chore: ${error instanceof Error ? error.message : String(error)}`, hint: "its log has the details" };
}

/** Shows an error without waiting for an answer. */
export function report(error: unknown): void {
	const { message, hint } = describe(error);
	const text = literal(hint === undefined ? message : `${message}. ${hint}`);
	void vscode.window.showErrorMessage(text, ...(isOfServer(error) ? [] : ["Show Doctor Report"])).then((choice) => {
		if (choice !== undefined) void vscode.commands.executeCommand("chore.doctor");
	});
}

/** Whether a server does not answer or does not allow it: a report on how jobs are run says nothing about that. */
function isOfServer(error: unknown): boolean {
	return isChoreError(error) && (error.code === "SERVER_UNREACHABLE" || error.code === "NOT_ALLOWED");
}

/** Shows the failure of work that no caller awaits. */
export function inBackground(work: Promise<unknown>): void {
	work.catch(report);
}
