/** Does something so many times, with so many under way at any moment. */
export async function inFlight(count: number, width: number, act: (index: number) => Promise<unknown>): Promise<void> {
	let next = 0;
	const line = async (): Promise<void> => {
		while (next < count) await act(next++);
	};
	await Promise.all(Array.from({ length: width }, line));
}
