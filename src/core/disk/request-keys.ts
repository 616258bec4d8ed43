/**
 * Request keys, by which a start that is asked for twice is made once. `requests/<key>/` says which job has a key, as in claims.ts; it
 * is made before the job. The file `key` in the folder of the job says the key and what was asked for with it.
 */
import { isChoreError } from "../../../platform/errors.ts";
import { type Claim, claimOf, holderIn, leave } from "./claims.ts";
import { readText } from "./files.ts";
import type { Session } from "./session.ts";

/** Two digests, by sha256 in hexadecimal digits. */
export interface RequestKey {
	/** Of the caller's key. */
	readonly key: string;
	/** Of the options. */
	readonly options: string;
}

/** The content of the file. */
export function keyText({ key, options }: RequestKey): string {
	return `${key} ${options}\n`;
}

/** Reads the file. @returns undefined if there is none, or it is damaged */
export function readKey(jobFolder: string): RequestKey | undefined {
	try {
		const [, key, options] = /^([0-9a-f]{64}) ([0-9a-f]{64})\n$/.exec(readText(keyFile(jobFolder)) ?? "") ?? [];
		return key === undefined || options === undefined ? undefined : { key, options };
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return undefined;
	}
}

export function keyFile(jobFolder: string): string {
	return `${jobFolder}/key`;
}

/** Finds the holder of a key, before `take`. */
export function keyToReplace(session: Session, { key }: RequestKey): Claim {
	return claimOf(`${session.requests}/${key}`, "the request key");
}

/** The id of the job that has a key. The job may be under way, refused or removed by now. */
export function holderOfKey(session: Session, { key }: RequestKey): string | undefined {
	return holderIn(`${session.requests}/${key}`);
}

/** Frees the key of a job that was removed or not started, unless another job has it by now. */
export function forgetKey(session: Session, { key }: RequestKey, id: string): void {
	leave(`${session.requests}/${key}`, id);
}
