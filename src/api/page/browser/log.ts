/** The output of one run: its end first, what is before on request, and what is added as it comes. */
import { element, setText } from "./dom.ts";
import { fromLineOn, Lines } from "./lines.ts";
import { ask, piecesOf, type Query, Refusal } from "./server.ts";

/** So much is asked for at a time, of what has been written. */
const PIECE_BYTES = 256 * 1024;
/** So much is kept of an output that is followed; four times that while somebody reads further up. */
const MOST_BYTES = 2 * 1024 * 1024;
/** Nearer to the end than this, in pixels, is at the end. */
const NEAR_END = 40;

export class Log {
	readonly element: HTMLElement;
	readonly #path: string;
	readonly #query: Query;
	readonly #onCut: () => void;
	readonly #box = element("div", { id: "log", tabIndex: 0, role: "region", ariaLabel: "Output" });
	readonly #earlier = element("button", { type: "button", hidden: true });
	readonly #follow = element("input", { type: "checkbox", checked: true });
	readonly #followLabel = element("label", {}, this.#follow, "Follow");
	readonly #search = element("input", { type: "search", placeholder: "Find", ariaLabel: "Find in the output" });
	readonly #found = element("span", { role: "status", className: "faint" });
	#lines: Lines | undefined;
	#hits: HTMLElement[] = [];
	#isActive = false;
	#isWhole = false;
	#following: AbortController | undefined;

	/**
	 * @param query which run and stream
	 * @param first what stands above the output, before all else
	 * @param last and after it
	 * @param onCut is called when what was followed is over, or was cut: `refresh` goes on
	 */
	constructor(path: string, query: Query, first: readonly HTMLElement[], last: HTMLElement, onCut: () => void) {
		this.#path = path;
		this.#query = query;
		this.#onCut = onCut;
		const tools = element("div", { className: "tools" }, ...first, this.#search, this.#found, this.#followLabel, last);
		const text = element("pre");
		text.append(this.#box);
		this.element = element("section", {}, tools, this.#earlier, text);
		this.#earlier.onclick = () => void this.#loadEarlier().catch(onCut);
		this.#follow.onchange = () => (this.#follow.checked ? onCut() : this.rest());
		this.#search.oninput = () => this.#find(0);
		this.#search.onkeydown = ({ key, shiftKey }) => {
			if (key === "Enter") this.#find(shiftKey ? -1 : 1);
		};
	}

	/** @param writtenBytes how much there is by now, if not more */
	async refresh(isActive: boolean, writtenBytes: number, signal: AbortSignal): Promise<void> {
		this.#isActive = isActive;
		this.#followLabel.hidden = !isActive;
		const isFarBehind = this.#following === undefined && writtenBytes - (this.#lines?.to ?? 0) > MOST_BYTES;
		const isWanted = isActive ? this.#follow.checked : !this.#isWhole;
		if (this.#lines === undefined || (isWanted && isFarBehind)) await this.#loadEnd(signal);
		signal.throwIfAborted();
		if (isWanted && this.#following === undefined) void this.#goOn();
	}

	rest(): void {
		this.#following?.abort();
		this.#following = undefined;
	}

	async #loadEnd(signal: AbortSignal): Promise<void> {
		const { bytes, from } = await this.#range(`-${PIECE_BYTES}`, signal);
		const shown = from > 0 ? fromLineOn(bytes) : bytes;
		this.#lines = new Lines(this.#box, from + bytes.length - shown.length);
		this.#lines.append(shown);
		this.#showEarlier();
		this.#toEnd();
	}

	async #loadEarlier(): Promise<void> {
		const lines = this.#lines;
		if (lines === undefined || lines.from === 0) return;
		const before = Math.max(0, lines.from - PIECE_BYTES);
		const { bytes, from } = await this.#range(`${before}-${lines.from - 1}`, AbortSignal.timeout(60_000));
		const height = this.#box.scrollHeight;
		lines.prepend(from > 0 ? fromLineOn(bytes) : bytes);
		this.#box.scrollTop += this.#box.scrollHeight - height;
		this.#showEarlier();
	}

	/** @param range as in the header Range. @returns nothing of an output that is empty */
	async #range(range: string, signal: AbortSignal): Promise<{ readonly bytes: Uint8Array; readonly from: number }> {
		try {
			const response = await ask(this.#path, { query: this.#query, headers: { Range: `bytes=${range}` }, signal });
			const [, from = "0"] = /^bytes (\d+)-/.exec(response.headers.get("Content-Range") ?? "") ?? [];
			return { bytes: new Uint8Array(await response.arrayBuffer()), from: Number(from) };
		} catch (error) {
			if (error instanceof Refusal && error.status === 416) return { bytes: new Uint8Array(), from: 0 };
			throw error;
		}
	}

	/** Adds what is written from now on, to the end of the run. */
	async #goOn(): Promise<void> {
		const lines = this.#lines;
		if (lines === undefined) return;
		const gone = new AbortController();
		this.#following = gone;
		try {
			const response = await ask(this.#path, { query: { ...this.#query, follow: true, fromByte: lines.to }, signal: gone.signal });
			for await (const piece of piecesOf(response)) {
				if (gone.signal.aborted) return;
				if (piece !== undefined) this.#add(lines, piece);
				// No faster than it can be shown.
				await new Promise(requestAnimationFrame);
			}
			this.#isWhole = true;
		} catch {
			// The view is refreshed, which tells why.
		}
		if (gone.signal.aborted) return;
		this.#following = undefined;
		if (this.#isActive || !this.#isWhole) this.#onCut();
	}

	#add(lines: Lines, piece: Uint8Array): void {
		const { scrollHeight, scrollTop, clientHeight } = this.#box;
		const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
		lines.append(piece);
		lines.trim(isAtEnd ? MOST_BYTES : 4 * MOST_BYTES);
		this.#showEarlier();
		if (isAtEnd) this.#toEnd();
	}

	#toEnd(): void {
		this.#box.scrollTop = this.#box.scrollHeight;
	}

	#showEarlier(): void {
		const from = this.#lines?.from ?? 0;
		this.#earlier.hidden = from === 0;
		setText(this.#earlier, `Earlier output (${Math.ceil(from / 1024)} KiB)`);
	}

	/** @param step to the next line that fits, or to the one before; 0: to the last one */
	#find(step: number): void {
		const at = this.#hits.findIndex((line) => line.classList.contains("at"));
		for (const line of this.#hits) line.classList.remove("hit", "at");
		const text = this.#search.value;
		this.#hits = this.#lines?.find(text) ?? [];
		for (const line of this.#hits) line.classList.add("hit");
		const count = this.#hits.length;
		const next = step === 0 || at < 0 ? count - 1 : (at + step + count) % count;
		this.#hits[next]?.classList.add("at");
		this.#hits[next]?.scrollIntoView({ block: "nearest" });
		const where = this.#earlier.hidden ? "" : " in what is shown";
		setText(this.#found, text === "" ? "" : count === 0 ? `not found${where}` : `${next + 1} of ${count} lines${where}`);
	}
}
