/** What the tests in the extension host work with: the extension's parts, real jobs, and a person who answers. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { suiteSetup, suiteTeardown, teardown } from "mocha";
import * as vscode from "vscode";
import type { Parts } from "../../extension/commands/commands.ts";
import type { Row } from "../../extension/views/row.ts";
import type { View } from "../../extension/views/tree.ts";
import { type Chore, type Job, openChore, type RunOptions } from "../../src/index.ts";
import { eventually } from "../support/eventually.ts";

/** What was shown to the person: the text, and the buttons or entries below it. */
export interface Shown {
	readonly text: string;
	readonly choices: readonly string[];
}

/** Not in the workspace: of failures there nothing is told. */
export const ELSEWHERE: string = tmpdir();

type Question = "showInformationMessage" | "showWarningMessage" | "showErrorMessage" | "showQuickPick" | "showInputBox";

export class EditorWindow {
	#parts: Parts | undefined;
	#chore: Chore | undefined;
	readonly #undo: (() => void)[] = [];

	/** To be called in a suite: brings the extension up before it, and forgets all jobs after each test. */
	constructor() {
		suiteSetup(async () => {
			const extension = vscode.extensions.getExtension<Parts | undefined>("chore-jobs.chore-jobs");
			assert.ok(extension, "the extension is not there");
			this.#parts = await extension.activate();
			assert.ok(this.#parts, "the extension does nothing here");
			// A handle of its own, as a program outside of the editor has.
			this.#chore = await openChore({ home: process.env["CHORE_HOME"], platform: process.env["CHORE_PLATFORM"] });
		});
		teardown(async () => {
			for (const undo of this.#undo.splice(0)) undo();
			for (const name of Object.keys(
				vscode.extensions.getExtension("chore-jobs.chore-jobs")?.packageJSON.contributes.configuration.properties,
			))
				await this.set(name.slice("chore.".length), undefined);
			this.parts.sidebar.filter("");
			// Settings that were changed make the extension begin anew.
			await eventually("the extension is as it was", async () => {
				await this.parts.jobs.ready();
				return this.parts.jobs.failure === undefined;
			});
			// Before their jobs go: a task that is left has its job go on.
			await this.closeTerminals();
			for (const job of await this.chore.list({ all: true })) await this.chore.remove(job.id, { force: true, graceMs: 0 });
			await eventually("all jobs are forgotten", () => this.parts.jobs.all.length === 0);
		});
		suiteTeardown(() => this.chore.close());
	}

	get parts(): Parts {
		assert.ok(this.#parts);
		return this.#parts;
	}

	get chore(): Chore {
		assert.ok(this.#chore);
		return this.#chore;
	}

	/** Runs a line of shell in the workspace, as a program outside of the editor would. */
	shell(line: string, more: Partial<RunOptions> = {}): Promise<Job> {
		return this.chore.run({ command: ["/bin/sh", "-c", line], directory: more.directory ?? folder(), ...more });
	}

	/** A job that goes on until `go` says so, then does what the line says. */
	async held(line: string, more: Partial<RunOptions> = {}): Promise<{ readonly job: Job; readonly go: () => Promise<void> }> {
		const job = await this.shell(`while ! test -e "go-$CHORE_JOB_ID"; do sleep 0.02; done; ${line}`, more);
		const file = vscode.Uri.file(`${job.directory}/go-${job.id}`);
		this.#undo.push(() => void vscode.workspace.fs.delete(file).then(undefined, () => {}));
		return { job, go: async () => vscode.workspace.fs.writeFile(file, new Uint8Array()) };
	}

	/** The rows of a view as they are drawn: label and description, those of groups below them. */
	async rows(view: View, parent?: Row): Promise<string[]> {
		const tree = this.parts.sidebar.trees[view];
		const lines: string[] = [];
		for (const row of await tree.getChildren(parent)) {
			const { label, description } = tree.getTreeItem(row);
			lines.push(`${label} ${description}`.trim());
			if (row.kind === "group") lines.push(...(await this.rows(view, row)).map((line) => `  ${line}`));
		}
		return lines;
	}

	async untilRow(view: View, beginning: string): Promise<string> {
		let seen: string[] = [];
		try {
			return await eventually(`a row in ${view}: ${beginning}`, async () => {
				seen = await this.rows(view);
				return seen.find((row) => row.trim().startsWith(beginning));
			});
		} catch (error) {
			throw new Error(`${error instanceof Error ? error.message : error}; the rows are ${JSON.stringify(seen)}`);
		}
	}

	/** The job as the window knows it. */
	async known({ id }: Job, fits: (job: Job) => boolean = () => true): Promise<Job> {
		return eventually("the window knows of the job", () => {
			const job = this.parts.jobs.get(id);
			return job !== undefined && fits(job) && job;
		});
	}

	/** Also those of tasks that were asked for and are about to open. */
	async closeTerminals(): Promise<void> {
		await eventually("no terminal and no task is left", () => {
			for (const terminal of vscode.window.terminals) terminal.dispose();
			return vscode.window.terminals.length === 0 && vscode.tasks.taskExecutions.length === 0;
		});
	}

	command(name: string, ...rest: readonly unknown[]): Thenable<unknown> {
		return vscode.commands.executeCommand(`chore.${name}`, ...rest);
	}

	async set(name: string, value: unknown): Promise<void> {
		const configuration = vscode.workspace.getConfiguration("chore");
		if (configuration.inspect(name)?.globalValue !== value) await configuration.update(name, value, vscode.ConfigurationTarget.Global);
	}

	/** Answers questions of one kind by the text that fits; what was shown is in the list. */
	answer(question: Question, choose: (shown: Shown) => unknown): Shown[] {
		const shown: Shown[] = [];
		this.replace(question, async (first: unknown, ...rest: readonly unknown[]) => {
			const entries = Array.isArray(first) ? first : rest.filter((one) => typeof one === "string");
			const options = (Array.isArray(first) ? rest[0] : first) as { title?: string; prompt?: string; value?: string };
			const text = typeof first === "string" ? first : [options.title, options.prompt, options.value].filter(Boolean).join("|");
			const choices = entries.map((entry) => (typeof entry === "string" ? entry : `${entry.label}|${entry.description}|${entry.detail}`));
			shown.push({ text, choices });
			const answer = await choose({ text, choices });
			return Array.isArray(first) && typeof answer === "string" ? first[choices.findIndex((one) => one.startsWith(answer))] : answer;
		});
		return shown;
	}

	/** Types into the box of "Run Command…", and presses Enter there or the button for a schedule. */
	typeLine(line: string, press: "Enter" | "Run on a Schedule…" = "Enter"): string[] {
		const placeholders: string[] = [];
		this.replace("createQuickPick", () => {
			const accepted = new vscode.EventEmitter<void>();
			const changed = new vscode.EventEmitter<string>();
			const hidden = new vscode.EventEmitter<void>();
			const triggered = new vscode.EventEmitter<vscode.QuickInputButton>();
			return {
				...{ items: [], activeItems: [], value: line, placeholder: "" },
				...{ onDidAccept: accepted.event, onDidChangeValue: changed.event, onDidHide: hidden.event },
				...{ buttons: [] as readonly vscode.QuickInputButton[], onDidTriggerButton: triggered.event },
				show(): void {
					placeholders.push(this.placeholder);
					changed.fire(line);
					this.activeItems = this.items.slice(0, 1);
					const button = this.buttons.find(({ tooltip }) => tooltip === press);
					if (button === undefined) accepted.fire();
					else triggered.fire(button);
				},
				hide: () => hidden.fire(),
				dispose: () => {},
			};
		});
		return placeholders;
	}

	/** Until the end of the test. */
	replace<Name extends keyof typeof vscode.window>(name: Name, by: unknown): void {
		const before = Object.getOwnPropertyDescriptor(vscode.window, name);
		assert.ok(before);
		Object.defineProperty(vscode.window, name, { configurable: true, enumerable: true, writable: true, value: by });
		this.#undo.push(() => Object.defineProperty(vscode.window, name, before));
	}

	async logOf(job: Job): Promise<string> {
		let text = "";
		for await (const { bytes } of this.chore.logs(job.id)) text += Buffer.from(bytes).toString();
		return text;
	}

	/** What the channel of a job holds. */
	channelText({ id }: Job): string | undefined {
		return vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === "output" && uri.path.includes(id.slice(-8)))?.getText();
	}

	async untilChannel(job: Job, text: string): Promise<string> {
		return eventually(`the channel shows ${text}`, () => {
			const shown = this.channelText(job);
			return shown?.includes(text) && shown;
		});
	}
}

/** The first folder of the workspace. */
export function folder(): string {
	const path = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
	assert.ok(existsSync(path));
	return path;
}

export function row(job: Job): Row {
	return { kind: "job", job };
}
