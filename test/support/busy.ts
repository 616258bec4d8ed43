/** Blocks this process, as a long computation or Ctrl-Z does: no timer runs and nothing is read. */
export function busy(milliseconds: number): void {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
