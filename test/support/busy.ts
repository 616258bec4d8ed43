/** Holds this process at one stroke, as a long computation or a terminal's Ctrl-Z does: it runs no timer and reads nothing. */
export function busy(milliseconds: number): void {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
