/** Tells what a user would not expect of a platform: once for each state folder and platform, not at every start. */
import { existsSync } from "node:fs";
import type { Platform } from "../../../platform/contract.ts";
import { isChoreError } from "../../../platform/errors.ts";
import { writeNew } from "../disk/files.ts";
import { makePrivateFolder } from "../disk/private-folder.ts";
import type { Session } from "../disk/session.ts";

/** The sentences to show after a start: that jobs end at logout, and that they are not where their caller is. */
export async function notices(session: Session, platform: Platform): Promise<readonly string[]> {
	const asked: readonly (string | undefined)[] = [
		await once(session, `logout-${platform.name}`, async () => {
			const fate = await platform.logout();
			return fate.survives ? undefined : `${fate.reason}; to keep jobs: ${fate.cure}`;
		}),
		await once(session, `elsewhere-${platform.name}`, async () => {
			const words = await platform.elsewhere?.();
			return words && `${words}; to have them as here: --platform posix`;
		}),
	];
	return asked.filter((sentence) => sentence !== undefined);
}

/** The sentence, the first time that there is one; undefined from then on. */
async function once(session: Session, notice: string, ask: () => Promise<string | undefined>): Promise<string | undefined> {
	const seen = `${session.root}/notices/${notice}`;
	if (existsSync(seen)) return undefined;
	try {
		const sentence = await ask();
		if (sentence === undefined) return undefined;
		makePrivateFolder(`${session.root}/notices`);
		writeNew(seen, "");
		return `${sentence} (said once)`;
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return undefined; // another process was first, or there is no space for the note
	}
}
