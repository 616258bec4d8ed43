/**
 * Slows those who try passwords: after some that were wrong, the next may be tried only once a time is over, which grows. An
 * attempt before is refused at once, unexamined. Pure, and bounded in memory. Not a lock: an address from which a client
 * came in keeps its own count, so that nobody shuts a client out by wrong passwords from elsewhere.
 */
import { isIPv6 } from "node:net";

/** So many are free: people mistype. */
const FREE = 4;
const FIRST_PAUSE_MS = 1000;
/** The longest pause for one address, and for one client from anywhere. */
const LONGEST_MS = { address: 60_000, client: 5000 };
/** How long a count is kept after the last wrong attempt. */
const KEPT_MS = 15 * 60_000;
/** The oldest counts are forgotten beyond these. */
const MOST = 4096;

interface Count {
	readonly wrong: number;
	readonly freeAtMs: number;
	readonly lastAtMs: number;
}

export class Attempts {
	readonly #counts = new Map<string, Count>();
	/** Client and address of those who came in. */
	readonly #known = new Set<string>();

	/** How long this one has to wait before a password is examined; 0 if it need not. */
	waitMs(client: string, address: string, nowMs: number): number {
		const frees = this.#keys(client, address).map(({ key }) => this.#count(key, nowMs)?.freeAtMs ?? 0);
		return Math.max(0, Math.max(...frees) - nowMs);
	}

	wrong(client: string, address: string, nowMs: number): void {
		for (const { key, longestMs } of this.#keys(client, address)) {
			const wrong = (this.#count(key, nowMs)?.wrong ?? 0) + 1;
			const pauseMs = wrong < FREE ? 0 : Math.min(longestMs, FIRST_PAUSE_MS * 2 ** Math.min(wrong - FREE, 30));
			this.#counts.delete(key); // to the end of the order
			this.#counts.set(key, { wrong, freeAtMs: nowMs + pauseMs, lastAtMs: nowMs });
		}
		shrink(this.#counts);
	}

	/** Their count begins anew. */
	right(client: string, address: string): void {
		const known = together(client, address);
		this.#known.delete(known);
		this.#known.add(known);
		shrink(this.#known);
		for (const { key } of this.#keys(client, address)) this.#counts.delete(key);
	}

	#count(key: string, nowMs: number): Count | undefined {
		const found = this.#counts.get(key);
		return found === undefined || nowMs - found.lastAtMs > KEPT_MS ? undefined : found;
	}

	#keys(client: string, address: string): readonly { readonly key: string; readonly longestMs: number }[] {
		const known = together(client, address);
		if (this.#known.has(known)) return [{ key: known, longestMs: LONGEST_MS.address }];
		return [
			{ key: `address ${networkOf(address)}`, longestMs: LONGEST_MS.address },
			{ key: `client ${client.slice(0, 64)}`, longestMs: LONGEST_MS.client },
		];
	}
}

function together(client: string, address: string): string {
	return `${networkOf(address)} ${client.slice(0, 64)}`;
}

/** Of IPv6 the first 64 bits: the others are chosen by whoever has the network. */
function networkOf(address: string): string {
	if (!isIPv6(address) || address.startsWith("::ffff:")) return address.replace(/^::ffff:/, "");
	const [head = ""] = address.split("::");
	return head.split(":").slice(0, 4).join(":");
}

/** Takes out what was put in first. */
function shrink(kept: Map<string, unknown> | Set<string>): void {
	for (const key of kept.keys()) {
		if (kept.size <= MOST) return;
		kept.delete(key);
	}
}
