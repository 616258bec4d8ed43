/** Wakes one waiter. Call `arm`, look for what may have changed, then await `rung`: no ring in between is lost. */
export class Bell {
	#rings = 0;
	#armed = 0;
	#wake: (() => void) | undefined;

	readonly ring = (): void => {
		this.#rings++;
		this.#wake?.();
	};

	arm(): void {
		this.#armed = this.#rings;
	}

	/** Resolves at the next ring, at once if there was one since `arm`, or after `timeoutMs`. Infinity: no limit. */
	async rung(timeoutMs: number): Promise<void> {
		if (this.#rings !== this.#armed) return;
		let timer: NodeJS.Timeout | undefined;
		await new Promise<void>((wake) => {
			this.#wake = wake;
			if (timeoutMs !== Number.POSITIVE_INFINITY) timer = setTimeout(wake, timeoutMs);
		});
		clearTimeout(timer);
		this.#wake = undefined;
	}
}
