/** Splits bytes into lines, as they come. Pure. */

const NEWLINE = 0x0a;

/** The lines without their newlines; one that has none is not given: it was cut. */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void, void> {
	let begun: Buffer[] = [];
	for await (const chunk of chunks) {
		let at = 0;
		for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, at)) {
			const line = Buffer.concat([...begun, chunk.subarray(at, end)]).toString();
			begun = [];
			at = end + 1;
			if (line !== "") yield line;
		}
		if (at < chunk.length) begun.push(chunk.subarray(at));
	}
}
