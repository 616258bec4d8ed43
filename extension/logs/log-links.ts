/**
 * Makes links of the paths in the extension's own lines of a channel. Written as file: URLs they would be opened on the
 * machine of the editor's window, not on the one where the jobs run.
 */
import * as vscode from "vscode";
import { printable } from "../words.ts";

/** The words of a channel that say in which files the whole log is. LogLinks finds them again. */
export function whereWords(paths: readonly string[]): string {
	return `all of it: ${paths.map(printable).join(" and ")}`;
}

const LINE = /^\[chore: .*all of it: (\/.*)\]$/gm;

export class LogLinks implements vscode.DocumentLinkProvider {
	provideDocumentLinks(document: vscode.TextDocument): vscode.DocumentLink[] {
		const links: vscode.DocumentLink[] = [];
		for (const { 0: line, 1: paths = "", index } of document.getText().matchAll(LINE)) {
			let start = index + line.length - "]".length - paths.length;
			for (const path of paths.split(/ and (?=\/)/)) {
				const range = new vscode.Range(document.positionAt(start), document.positionAt(start + path.length));
				links.push(new vscode.DocumentLink(range, vscode.Uri.file(path)));
				start += path.length + " and ".length;
			}
		}
		return links;
	}
}
