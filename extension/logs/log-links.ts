/**
 * Makes links of the paths in the extension's own lines of a channel. Written as file: URLs they would be opened on the
 * machine of the editor's window, not on the one where the jobs run.
 */
import * as vscode from "vscode";
import { type Job, shortId } from "../../src/index.ts";
import { hostWords, printable } from "../words.ts";

/** The words of a channel that say where the whole log is: in which files, which LogLinks finds again, or on which other machine. */
export function whereWords({ id, output }: Pick<Job, "id" | "output">, host: string | undefined): string {
	if (host !== undefined) return `chore logs ${shortId(id)} on ${printable(hostWords(host))} prints all of it`;
	return `all of it: ${output.paths.map(printable).join(" and ")}`;
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
