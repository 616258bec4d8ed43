/** Writes the settings of the next runs of a job, and makes them count. */
import { existsSync, renameSync } from "node:fs";
import { errnoOf, isChoreError } from "../../../platform/errors.ts";
import { gone } from "../control/reach.ts";
import { isAbsence, makeFolder, readText, refuse, removeQuietly, replaceFile, writeNew } from "../disk/files.ts";
import { randomBytes } from "../disk/random.ts";
import { changedSettings, jobFolder, type Session, scheduleFolder, settingsFolder } from "../disk/session.ts";
import { type ChangedRecord, earlierSettings, isUnreadable } from "../disk/store.ts";
import type { NewSettings } from "./new-settings.ts";
import { isFinalByRecord, planTemplate, writeChangedTemplate } from "./template.ts";

/** Writes the files of the new settings into the trash. @returns their folder there */
export async function writeSettings(session: Session, { platform, job, script }: NewSettings): Promise<string> {
	const { id } = job;
	const folder = `${session.trash}/new-${id}.${randomBytes(4).toString("hex")}`;
	try {
		const template = existsSync(scheduleFolder(session, id)) ? await planTemplate(session, platform, job) : undefined;
		makeFolder(folder);
		writeNew(`${folder}/job.json`, `${JSON.stringify(job)}\n`);
		writeNew(`${folder}/start`, script);
		if (template !== undefined) {
			const isFinal = [...earlierSettings(session, id), job].every((record) => !isUnreadable(record) && isFinalByRecord(record));
			writeChangedTemplate(folder, { session, platform, job, isFinal }, template);
		}
		return folder;
	} catch (error) {
		removeQuietly(folder);
		throw error;
	}
}

/**
 * Makes the settings count, by one rename: who starts the job finds the old ones or the new ones.
 * @returns false if another process made its own count first
 */
export function placeSettings(session: Session, { id, settings }: NewSettings["job"], folder: string): boolean {
	try {
		openSettings(session, id);
		renameSync(folder, settingsFolder(session, id, settings));
		return true;
	} catch (error) {
		if (!existsSync(jobFolder(session, id))) return gone(id);
		if (isChoreError(error)) throw error;
		if (["EEXIST", "ENOTEMPTY"].includes(errnoOf(error) ?? "")) return false;
		return refuse(settingsFolder(session, id, settings), error);
	}
}

/** At the first change of a job: keeps its record among the settings, and then has `job.json` say where they are. */
function openSettings(session: Session, id: string): void {
	const path = `${jobFolder(session, id)}/job.json`;
	const text = readText(path);
	if (text === undefined) gone(id);
	const { format, name } = JSON.parse(text) as { readonly format: number; readonly name: string };
	if (format === 3) return;
	const aside = `${session.trash}/settings-${id}.${randomBytes(4).toString("hex")}`;
	try {
		makeFolder(aside);
		makeFolder(`${aside}/1`);
		writeNew(`${aside}/1/job.json`, text);
		renameSync(aside, changedSettings(session, id));
	} catch (error) {
		if (isChoreError(error) || isAbsence(error) || !existsSync(changedSettings(session, id))) throw error;
	} finally {
		removeQuietly(aside);
	}
	const record: ChangedRecord = { format: 3, id, name };
	replaceFile(path, `${JSON.stringify(record)}\n`);
}
