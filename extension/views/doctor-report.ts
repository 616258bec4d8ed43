/** The report of `chore doctor`, on the machine whose jobs are shown, as a read-only document. */
import * as vscode from "vscode";
import { doctor, isChoreError, type Report } from "../../src/index.ts";
import type { JobList } from "../jobs/job-list.ts";
import { choreOptions } from "../settings.ts";
import { hostWords, printable } from "../words.ts";

const SCHEME = "chore-report";

export class DoctorReport implements vscode.TextDocumentContentProvider, vscode.Disposable {
	readonly #changed = new vscode.EventEmitter<vscode.Uri>();
	readonly onDidChange: vscode.Event<vscode.Uri> = this.#changed.event;
	readonly #jobs: JobList;
	readonly #registration: vscode.Disposable;
	readonly #uri = vscode.Uri.from({ scheme: SCHEME, path: "Chore Doctor Report" });

	constructor(jobs: JobList) {
		this.#jobs = jobs;
		this.#registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
	}

	async show(): Promise<void> {
		this.#changed.fire(this.#uri);
		// The self-test takes a moment.
		const progress = { location: vscode.ProgressLocation.Window, title: "Chore: examining…" };
		const document = await vscode.window.withProgress(progress, () => vscode.workspace.openTextDocument(this.#uri));
		await vscode.window.showTextDocument(document, { preview: true });
	}

	async provideTextDocumentContent(): Promise<string> {
		// The self-test starts short jobs of its own, which must not happen in a workspace that is not trusted.
		const selfTest = vscode.workspace.isTrusted;
		const { host } = this.#jobs;
		if (host === undefined) return reportText(await doctor({ ...choreOptions(), selfTest }));
		try {
			return reportText(await this.#jobs.useForNew((chore) => chore.doctor({ selfTest })));
		} catch (error) {
			if (!isChoreError(error)) throw error;
			const lines = [
				`there is no report of ${hostWords(host)}`,
				`  ${error.message}`,
				...(error.hint === undefined ? [] : [`    ${error.hint}`]),
			];
			return `${lines.map(printable).join("\n")}\n`;
		}
	}

	dispose(): void {
		this.#registration.dispose();
		this.#changed.dispose();
	}
}

export function reportText(report: Report): string {
	const lines = [`chore ${report.version} on Node ${report.node}, ${report.system}, ${report.release}`];
	// What the reader came for stands on top, the facts below.
	for (const [level, title] of [
		["problem", "needs attention"],
		["note", "good to know"],
	] as const) {
		const some = report.findings.filter((finding) => finding.level === level);
		if (some.length > 0) lines.push("", title);
		for (const { what, cure } of some) lines.push(`  ${what}`, ...(cure === null ? [] : [`    mend it: ${cure}`]));
	}
	if (report.selfTest !== null) {
		const failed = report.selfTest.checks.flatMap(({ problem }) => problem ?? []);
		lines.push("", `self-test on ${report.selfTest.platform}: ${failed.length === 0 ? "ok" : failed.join("; ")}`);
	}
	lines.push("");
	for (const { name, path, kind } of report.locations) lines.push(`${name}: ${path}${kind === "missing" ? " (not there)" : ""}`);
	for (const { name, jobs, active } of report.sessions)
		lines.push(`session ${name}: ${jobs} ${jobs === 1 ? "job" : "jobs"}, ${active} active`);
	for (const { name, used, available, reason, error, capabilities, lacking, logout, facts } of report.platforms) {
		const state = !available ? "not available" : error !== null ? "does not answer" : used ? "used for new jobs" : "available";
		lines.push("", `${name}: ${state}`, `  why: ${error ?? reason}`);
		for (const fact of facts) lines.push(`  ${fact.name}: ${fact.value}`);
		for (const [word, can] of Object.entries(capabilities ?? {})) {
			const own = typeof can === "object" ? Object.keys(can) : undefined;
			if (own !== undefined && own.length > 0) lines.push(`  can: ${word}: ${own.join(", ")}`);
			if (can === true) lines.push(`  can: ${word}`);
			if (can === false || own?.length === 0) lines.push(`  cannot: ${word}${lacking[word] === undefined ? "" : `: ${lacking[word]}`}`);
		}
		if (logout !== null) lines.push(`  at logout: ${logout.survives ? "jobs go on" : `${logout.reason}; to keep them: ${logout.cure}`}`);
	}
	return `${lines.map(printable).join("\n")}\n`;
}
