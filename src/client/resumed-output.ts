/** Follows output across several connections, so that no byte is given twice and none is left out. Pure. */
import type { LogOptions, LogPiece, StreamName } from "../index.ts";

export class ResumedOutput {
	readonly #wanted: LogOptions;
	#asked: LogOptions;
	/** Of each stream the offset behind the last byte that was given. */
	readonly #reached = new Map<StreamName, number>();
	/** Of each stream up to where bytes come again on this connection. */
	#again = new Map<StreamName, number>();

	constructor(wanted: LogOptions) {
		this.#wanted = wanted;
		this.#asked = wanted;
	}

	/** What to ask the server for. */
	get options(): LogOptions {
		return this.#asked;
	}

	/** To be called after a connection was lost. If nothing came on any, the same is asked for again. */
	resume(): void {
		const { lines: _, tailBytes: __, ...wanted } = this.#wanted;
		const reached = [...this.#reached.values()];
		if (reached.length === 0) return;
		// The server begins both streams of a split output at the same byte. One that was silent may have been empty.
		const isSilent = wanted.stream === undefined && reached.length === 1 && !this.#reached.has("output");
		this.#asked = { ...wanted, fromByte: Math.min(...reached, ...(isSilent ? [wanted.fromByte ?? 0] : [])) };
		this.#again = new Map(this.#reached);
	}

	/** The part of a piece that was not given before; undefined if all of it was. An empty one says where a stream is begun. */
	rest(piece: LogPiece): LogPiece | undefined {
		const { bytes, offset, stream } = piece;
		if (bytes.length === 0) {
			if (this.#reached.has(stream)) return undefined;
			this.#reached.set(stream, offset);
			return this.#wanted.begins ? piece : undefined;
		}
		const known = this.#again.get(stream) ?? 0;
		// A piece before what was asked for: the file was emptied, and has begun again.
		const over = offset < (this.#asked.fromByte ?? 0) ? 0 : Math.max(0, known - offset);
		if (over >= bytes.length) return undefined;
		this.#again.delete(stream);
		this.#reached.set(stream, offset + bytes.length);
		return { bytes: bytes.subarray(over), offset: offset + over, stream };
	}
}
