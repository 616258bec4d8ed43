/** What keeps the bounds of clients' requests. */
import type { Caller } from "./caller.ts";

export interface Limits {
	/** Counts a request. @throws ChoreError TOO_MANY_REQUESTS */
	request(caller: Caller): void;
	/** Counts a start of a job. @throws ChoreError TOO_MANY_REQUESTS */
	start(caller: Caller): void;
	/** Counts a follower until it is disposed of. @throws ChoreError TOO_MANY_REQUESTS */
	follower(caller: Caller): Disposable;
}
