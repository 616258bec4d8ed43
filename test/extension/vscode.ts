/** As much of the module `vscode` as the parts of the extension need that are tested outside of an editor. */

export class EventEmitter<T> {
	readonly #listeners = new Set<(value: T) => void>();
	readonly event = (listener: (value: T) => void): { dispose(): void } => {
		this.#listeners.add(listener);
		return { dispose: () => this.#listeners.delete(listener) };
	};
	fire(value: T): void {
		for (const listener of [...this.#listeners]) listener(value);
	}
	dispose(): void {
		this.#listeners.clear();
	}
}

export class ThemeColor {
	readonly id: string;
	constructor(id: string) {
		this.id = id;
	}
}

export class ThemeIcon {
	readonly id: string;
	readonly color: ThemeColor | undefined;
	constructor(id: string, color?: ThemeColor) {
		this.id = id;
		this.color = color;
	}
}

export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 } as const;

export class TreeItem {
	readonly label: string;
	readonly collapsibleState: number;
	constructor(label: string, collapsibleState: number) {
		this.label = label;
		this.collapsibleState = collapsibleState;
	}
}

/** Escapes as the editor does. */
export class MarkdownString {
	value = "";
	appendMarkdown(text: string): this {
		this.value += text;
		return this;
	}
	appendText(text: string): this {
		this.value += text.replace(/[\\`*_{}[\]()#+\-!~$<>]/g, "\\$&").replaceAll("\n", "\n\n");
		return this;
	}
	appendCodeblock(text: string, language = ""): this {
		this.value += `\n\`\`\`\`${language}\n${text}\n\`\`\`\`\n`;
		return this;
	}
}

/** The commands that were registered, by name. */
export const registered = new Map<string, () => unknown>();

/** What the command "setContext" was given, by key. */
export const contexts = new Map<string, unknown>();

export const commands = {
	registerCommand(name: string, act: () => unknown): { dispose(): void } {
		registered.set(name, act);
		return { dispose: () => registered.delete(name) };
	},
	async executeCommand(name: string, key: string, value: unknown): Promise<void> {
		if (name === "setContext") contexts.set(key, value);
	},
};

export const languages = { registerDocumentLinkProvider: () => ({ dispose: () => {} }) };

export class Range {
	readonly start: number;
	readonly end: number;
	constructor(start: number, end: number) {
		this.start = start;
		this.end = end;
	}
}

export class DocumentLink {
	readonly range: Range;
	readonly target: { toString(): string };
	constructor(range: Range, target: { toString(): string }) {
		this.range = range;
		this.target = target;
	}
}

export const Uri = { file: (path: string) => ({ toString: () => `file://${encodeURI(path)}` }) };

/** A channel as the output panel would show it. */
export class Channel {
	readonly name: string;
	text = "";
	disposed = false;
	constructor(name: string) {
		this.name = name;
	}
	append(text: string): void {
		this.text += text;
	}
	replace(text: string): void {
		this.text = text;
	}
	clear(): void {
		this.text = "";
	}
	show(): void {}
	error(): void {}
	warn(text: string): void {
		this.text += `${text}\n`;
	}
	dispose(): void {
		this.disposed = true;
	}
}

/** All channels that were made, oldest first. */
export const channels: Channel[] = [];

/** All messages that were shown, oldest first. */
export const messages: { readonly text: string; readonly choices: readonly string[] }[] = [];

function showMessage(text: string, ...choices: string[]): Promise<undefined> {
	messages.push({ text, choices });
	return Promise.resolve(undefined);
}

export const StatusBarAlignment = { Left: 1, Right: 2 } as const;

/** The item of the status bar as a user would see it. */
export class StatusBarItem {
	text = "";
	tooltip = "";
	isShown = false;
	show(): void {
		this.isShown = true;
	}
	hide(): void {
		this.isShown = false;
	}
	dispose(): void {}
}

/** All items of the status bar that were made, oldest first. */
export const statusBarItems: StatusBarItem[] = [];

export const window = {
	createStatusBarItem(): StatusBarItem {
		const item = new StatusBarItem();
		statusBarItems.push(item);
		return item;
	},
	createTreeView: () => ({ description: "", visible: true, onDidChangeVisibility: () => ({ dispose: () => {} }), dispose: () => {} }),
	onDidChangeWindowState: () => ({ dispose: () => {} }),
	showInformationMessage: showMessage,
	showWarningMessage: showMessage,
	showErrorMessage: showMessage,
	createOutputChannel(name: string): Channel {
		const channel = new Channel(name);
		channels.push(channel);
		return channel;
	},
};

/** What the test sets, by the names without "chore.". */
export const settings = new Map<string, unknown>();

interface Folder {
	readonly uri: { readonly fsPath: string };
}

export const workspace: {
	getConfiguration: () => { get: (name: string) => unknown };
	workspaceFolders: readonly Folder[] | undefined;
} = { workspaceFolders: undefined, getConfiguration: () => ({ get: (name: string) => settings.get(name) }) };
