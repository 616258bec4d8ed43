/** Tells that jobs end at logout: once for each state folder and platform, not at every start. */
import { existsSync } from "node:fs";
import type { Platform } from "../../../platform/contract.ts";
import { isChoreError } from "../../../platform/errors.ts";
import { writeNew } from "../disk/files.ts";
import { makePrivateFolder } from "../disk/private-folder.ts";
import type { Session } from "../disk/session.ts";

/** The sentence to show the first time; undefined from then on, and if jobs survive the logout. */
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
		return undefined; // another process was first, or there is no space for the note
	}
}
