/** An answer in bounded time. */
import { ChoreError } from "../../../platform/errors.ts";
import { Silence } from "../../../platform/silence.ts";

/**
 * What the promise comes to, if it does so in time; what comes of it later is nobody's concern.
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
