/** Calls `act` `count` times, with at most `width` calls under way at the same time. */
export async function inFlight(count: number, width: number, act: (index: number) => Promise<unknown>): Promise<void> {
	let next = 0;
	const line = async (): Promise<void> => {
		while (next < count) await act(next++);
	};
	await Promise.all(Array.from({ length: width }, line));
}
