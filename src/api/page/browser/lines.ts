/** Shows output as lines, in blocks of which each knows its bytes, so that earlier ones can be let go and asked for again. */
import { element } from "./dom.ts";
import { shownParts } from "./escapes.ts";

/** A line that gets longer is cut there. */
const LONGEST_LINE_BYTES = 64 * 1024;
/** A block that has more takes no more lines. So much is added at a time. */
const FULL_BLOCK_BYTES = 32 * 1024;

const NEWLINE = 10;

interface Block {
	readonly element: HTMLElement;
	readonly from: number;
	to: number;
}

export class Lines {
	readonly #parent: HTMLElement;
	readonly #blocks: Block[] = [];
	/** The line that has not ended yet: its bytes, and what is shown of it. */
	#open = new Uint8Array();
	readonly #openElement = element("div");

	/** @param from where in the output the first byte is */
	constructor(parent: HTMLElement, from: number) {
		this.#parent = parent;
		this.#blocks.push({ element: element("div"), from, to: from });
		parent.replaceChildren(...this.#blocks.map((block) => block.element), element("div", {}, this.#openElement));
	}

	/** Where in the output the first byte is that is shown. */
	get from(): number {
		return this.#blocks[0]?.from ?? 0;
	}

	/** Where the next byte belongs. */
	get to(): number {
		return (this.#blocks.at(-1)?.to ?? 0) + this.#open.length;
	}

	/** Adds what comes after the last byte. */
	append(bytes: Uint8Array): void {
		for (let at = 0; at < bytes.length; at += FULL_BLOCK_BYTES) this.#append(bytes.subarray(at, at + FULL_BLOCK_BYTES));
		this.#openElement.replaceChildren(...partsOf(decode(this.#open)));
	}

	#append(bytes: Uint8Array): void {
		const all = new Uint8Array(this.#open.length + bytes.length);
		all.set(this.#open);
		all.set(bytes, this.#open.length);
		const ended = all.lastIndexOf(NEWLINE) + 1;
		const whole = all.length - ended > LONGEST_LINE_BYTES ? all.length : ended;
		this.#open = all.slice(whole);
		let block = this.#blocks.at(-1);
		if (whole > 0 && block !== undefined) {
			if (block.to - block.from > FULL_BLOCK_BYTES) {
				const next = { element: element("div"), from: block.to, to: block.to };
				block.element.after(next.element);
				this.#blocks.push(next);
				block = next;
			}
			block.element.append(...linesOf(all.subarray(0, whole)));
			block.to += whole;
		}
	}

	/** Adds what comes before the first byte. @param bytes the last of them is the one before it */
	prepend(bytes: Uint8Array): void {
		const block = { element: element("div", {}, ...linesOf(bytes)), from: this.from - bytes.length, to: this.from };
		this.#parent.prepend(block.element);
		this.#blocks.unshift(block);
	}

	/** Lets the first blocks go, until so many bytes are left, or one block. */
	trim(most: number): void {
		for (let [first] = this.#blocks; first !== undefined && this.#blocks.length > 1 && this.to - first.to >= most; [first] = this.#blocks) {
			first.element.remove();
			this.#blocks.shift();
		}
	}

	/** The lines that hold this text in any case, first ones first. */
	find(text: string): HTMLElement[] {
		const wanted = text.toLowerCase();
		const all = [...this.#parent.querySelectorAll<HTMLElement>(":scope > div > div")];
		return wanted === "" ? [] : all.filter((line) => line.textContent?.toLowerCase().includes(wanted));
	}
}

/** The bytes from the beginning of the first whole line on; all, if none begins in them. */
export function fromLineOn(bytes: Uint8Array): Uint8Array {
	const first = bytes.indexOf(NEWLINE) + 1;
	return first < bytes.length ? bytes.subarray(first) : bytes;
}

function decode(bytes: Uint8Array): string {
	return new TextDecoder().decode(bytes);
}

function linesOf(bytes: Uint8Array): HTMLElement[] {
	return decode(bytes)
		.replace(/\n$/, "")
		.split("\n")
		.map((line) => element("div", {}, ...partsOf(line)));
}

function partsOf(line: string): (Node | string)[] {
	return shownParts(line).map(({ text, look }) => (look === "" ? text : element("span", { className: look }, text)));
}
