/** Calls back when a run may have changed, at the manager's signals. Connects again when the manager is restarted. */
import type { Handle } from "../contract.ts";
import { type Systemd, type UnitEvent, unitPath } from "./requests.ts";
import { readHandle } from "./unit.ts";

/** Milliseconds until a lost connection is tried again; doubled after each failure, up to the second. */
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 8_000;

export class Watch implements AsyncDisposable {
	readonly #connect: () => Systemd;
	readonly #changed: (handle: Handle) => void;
	readonly #handles: readonly Handle[];
	/** By object path of a unit: the handles of that unit, and whether it was loaded when last heard of. */
	readonly #units = new Map<string, { readonly handles: Handle[]; alive: boolean }>();
	#subscription: AsyncDisposable | undefined;
	#retry: NodeJS.Timeout | undefined;
	#retryMs = FIRST_RETRY_MS;
	#disposed = false;

	private constructor(connect: () => Systemd, handles: readonly Handle[], changed: (handle: Handle) => void) {
		this.#connect = connect;
		this.#changed = changed;
		this.#handles = handles;
		for (const handle of handles) {
			const path = unitPath(readHandle(handle, handle.platform).unit);
			const unit = this.#units.get(path);
			if (unit === undefined) this.#units.set(path, { handles: [handle], alive: true });
			else unit.handles.push(handle);
		}
	}

	/** Resolves once no change can be missed. Calls back for every handle after that, since earlier changes were missed. */
	static async begin(connect: () => Systemd, handles: readonly Handle[], changed: (handle: Handle) => void): Promise<Watch> {
		const watch = new Watch(connect, handles, changed);
		try {
			await watch.#begin();
			return watch;
		} catch (error) {
			await watch[Symbol.asyncDispose]();
			throw error;
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#disposed = true;
		clearTimeout(this.#retry);
		await this.#subscription?.[Symbol.asyncDispose]();
	}

	async #begin(): Promise<void> {
		const systemd = this.#connect();
		const subscription = await systemd.onUnitEvent((event) => this.#receive(systemd, event));
		if (this.#disposed) return subscription[Symbol.asyncDispose]();
		this.#subscription = subscription;
		this.#retryMs = FIRST_RETRY_MS;
		// Later, so that the callback can already dispose the watch that `begin` returns.
		setImmediate(() => this.#hintAll());
	}

	#receive(systemd: Systemd, event: UnitEvent): void {
		if (event.kind === "interrupted") {
			this.#hintAll();
			if (!systemd.open) this.#beginLater();
			return;
		}
		const unit = this.#units.get(event.path);
		if (unit === undefined) return;
		if (event.kind === "changed") {
			unit.alive ||= event.activeState !== undefined && event.activeState !== "inactive";
		} else {
			// The manager loads and removes an empty unit whenever it is asked about one that is gone, as `inspect` does. Without
			// this line, each `inspect` would cause a callback and the callback another `inspect`.
			if (!unit.alive) return;
			unit.alive = false;
		}
		this.#hint(unit.handles);
	}

	#beginLater(): void {
		if (this.#disposed) return;
		clearTimeout(this.#retry);
		this.#retry = setTimeout(() => {
			this.#begin().catch(() => this.#beginLater());
		}, this.#retryMs);
		this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
	}

	#hintAll(): void {
		this.#hint(this.#handles);
	}

	#hint(handles: readonly Handle[]): void {
		for (const handle of handles) if (!this.#disposed) this.#changed(handle);
	}
}
