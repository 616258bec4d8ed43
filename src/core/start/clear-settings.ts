/** Deletes settings that no run of a job has or will have. */
import { isChoreError } from "../../../platform/errors.ts";
import { readText, removeQuietly } from "../disk/files.ts";
import { entryAt } from "../disk/private-folder.ts";
import { changedSettings, jobFolder, runFolder, type Session } from "../disk/session.ts";
import { runNumbersIn, settingsNumbers } from "../disk/store.ts";

/** A start that read the settings before they were changed is over by then. */
const STARTING_MS = 60 * 60 * 1000;

export function clearSettings(session: Session, id: string): void {
	const folder = (settings: number): string => `${changedSettings(session, id)}/${settings}`;
	const numbers = settingsNumbers(session, id);
	const old = numbers.filter((_, index) => {
		const next = numbers[index + 1];
		const changedAtMs = next === undefined ? undefined : entryAt(folder(next))?.mtimeMs;
		return changedAtMs !== undefined && Date.now() - changedAtMs > STARTING_MS;
	});
	if (old.length === 0) return;
	const used = new Set(runNumbersIn(jobFolder(session, id)).map((run) => settingsOf(session, id, run)));
	if (used.has(undefined)) return;
	for (const settings of old) if (!used.has(settings)) removeQuietly(folder(settings));
}

/** @returns undefined if that cannot be known */
function settingsOf(session: Session, id: string, run: number): number | undefined {
	try {
		const record: unknown = JSON.parse(readText(`${runFolder(session, id, run)}/run.json`) ?? "");
		const { settings = 1 } = record as { readonly settings?: number };
		return settings;
	} catch (error) {
		if (isChoreError(error) || error instanceof SyntaxError) return undefined;
		throw error;
	}
}
