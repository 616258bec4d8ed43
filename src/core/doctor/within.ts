/** Puts a time limit on a promise. */
import { ChoreError } from "../../../platform/errors.ts";
import { Silence } from "../../../platform/silence.ts";

/**
 * The result of the promise, if it settles in time. A later result or error is ignored.
 * @throws ChoreError TIMED_OUT saying that `who` did not answer
 */
export async function within<T>(milliseconds: number, who: string, answer: Promise<T>): Promise<T> {
	let giveUp: (error: ChoreError) => void = () => {};
	answer.catch(() => {});
	const late = new Promise<never>((_, reject) => {
		giveUp = reject;
	});
	using _ = new Silence(milliseconds, () => giveUp(new ChoreError("TIMED_OUT", `${who} did not answer within ${milliseconds / 1000} s`)));
	return await Promise.race([answer, late]);
}

/** How long a platform may take to answer the doctor, in milliseconds. */
export const ANSWER_MS = 5000;
