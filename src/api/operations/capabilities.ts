/** What the platform of a session can do. A platform may run programs for its answer, and the server does nothing else meanwhile. */
import { type Capabilities, isChoreError, type Jobs } from "../../index.ts";

/** So old may an answer be. */
const OLD_MS = 60_000;

const known = new WeakMap<Jobs, { readonly capabilities: Capabilities; readonly atMs: number }>();

/** @returns null where there is no platform */
export async function capabilitiesOf(jobs: Jobs): Promise<Capabilities | null> {
	const before = known.get(jobs);
	if (before !== undefined && performance.now() - before.atMs < OLD_MS) return before.capabilities;
	try {
		// A copy has the answers themselves in the place of what looks for them.
		const capabilities = { ...(await jobs.capabilities()) };
		known.set(jobs, { capabilities, atMs: performance.now() });
		return capabilities;
	} catch (error) {
		if (isChoreError(error) && error.code === "PLATFORM_UNAVAILABLE") return null;
		throw error;
	}
}
