/** Calls back when runs may have changed: by an event for a live run, by polling for one that has not begun or was lost. */
import type { Handle } from "../contract.ts";
import { onceDead } from "./liveness.ts";
import { type Run, stageOf } from "./run-folder.ts";

/** Between two looks at a run that is not alive and has no record. The time doubles: such a run begins soon or never. */
const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 2000;

/** Calls `changed` once for each handle soon, then whenever one may have changed, until disposed. */
export function watch(runs: readonly (readonly [Handle, Run])[], changed: (handle: Handle) => void): AsyncDisposable {
	const watched = runs.map(([handle, run]) => new WatchedRun(run, () => changed(handle)));
	return {
		async [Symbol.asyncDispose]() {
			for (const run of watched) run.dispose();
		},
	};
}

class WatchedRun {
	readonly #run: Run;
	readonly #changed: () => void;
	#giveUp: () => void = () => {};
	#isDisposed = false;

	constructor(run: Run, changed: () => void) {
		this.#run = run;
		this.#changed = changed;
		this.#arm(FIRST_LOOK_MS);
		// Always call back once: the run may have ended before this began to wait.
		queueMicrotask(() => this.#tell());
	}

	dispose(): void {
		this.#isDisposed = true;
		this.#giveUp();
	}

	#arm(nextLookMs: number): void {
		const isLate = nextLookMs > FIRST_LOOK_MS;
		try {
			const giveUp = onceDead(this.#run.runFolder, () => {
				this.#giveUp = () => {};
				this.#tell();
			});
			const isOver = typeof giveUp === "string" && stageOf(this.#run) !== "running";
			if (isLate && (isOver || typeof giveUp === "function")) this.#tell();
			if (typeof giveUp === "function") this.#giveUp = giveUp;
			if (isOver || typeof giveUp === "function") return;
		} catch {
			// No descriptors left, or the folder is out of reach. `inspect` reports it; this tries again.
			if (isLate) this.#tell();
		}
		const timer = setTimeout(() => this.#arm(Math.min(nextLookMs * 2, LAST_LOOK_MS)), nextLookMs);
		this.#giveUp = () => clearTimeout(timer);
	}

	#tell(): void {
		if (!this.#isDisposed) this.#changed();
	}
}
