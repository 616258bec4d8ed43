/** Tells once, not at every start, that jobs here end at logout. */
import { existsSync } from "node:fs";
import type { Platform } from "../../../platform/contract.ts";
import { isChoreError } from "../../../platform/errors.ts";
import { makePrivateFolder, writeNew } from "../disk/files.ts";
import type { Session } from "../disk/session.ts";

/** The sentence to show, the first time on this machine's state folder; undefined from then on. */
export async function logoutNotice(session: Session, platform: Platform): Promise<string | undefined> {
	const seen = `${session.root}/notices/logout-${platform.name}`;
	if (existsSync(seen)) return undefined;
	try {
		const fate = await platform.logout();
		if (fate.survives) return undefined;
		makePrivateFolder(`${session.root}/notices`);
		writeNew(seen, "");
		return `${fate.reason}; to keep jobs: ${fate.cure} (said once)`;
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return undefined; // two at once, or no room for the note: no reason to trouble anybody
	}
}
