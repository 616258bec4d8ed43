/** The few pieces of DER (X.690) that a certificate is made of. Pure. */

/** A tag, the length of the content, the content. */
function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
	const bytes = Buffer.concat(content);
	const { length } = bytes;
	const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
	return Buffer.concat([Buffer.from([tag, ...head]), bytes]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
	return element(0x30, ...parts);
}

export function set(...parts: readonly Uint8Array[]): Buffer {
	return element(0x31, ...parts);
}

/** @param bytes a whole number of 0 or more, the highest byte first */
export function integer(bytes: Uint8Array): Buffer {
	const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0;
	return element(0x02, isNegative ? Buffer.from([0]) : Buffer.alloc(0), bytes);
}

export const TRUE = element(0x01, Buffer.from([0xff]));

/** @param unused how many of the last bits do not count */
export function bitString(bytes: Uint8Array, unused = 0): Buffer {
	return element(0x03, Buffer.from([unused]), bytes);
}

export function octetString(bytes: Uint8Array): Buffer {
	return element(0x04, bytes);
}

export function utf8String(text: string): Buffer {
	return element(0x0c, Buffer.from(text));
}

/** An object identifier: "2.5.29.17". */
export function identifier(dotted: string): Buffer {
	const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
	return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** To the second. From 2050 on RFC 5280 wants the form with four digits for the year. */
export function time(moment: Date): Buffer {
	const digits = moment.toISOString().replace(/\.\d+|[-:T]/g, "");
	const isLate = moment.getUTCFullYear() >= 2050;
	return element(isLate ? 0x18 : 0x17, Buffer.from(isLate ? digits : digits.slice(2)));
}

/** A tagged element around others. */
export function explicit(tag: number, ...content: readonly Uint8Array[]): Buffer {
	return element(0xa0 + tag, ...content);
}

/** A tagged element in the place of a string. */
export function implicit(tag: number, bytes: Uint8Array): Buffer {
	return element(0x80 + tag, bytes);
}

/** Seven bits a byte; all but the last have the highest bit. */
function base128(number: number): number[] {
	return number < 0x80 ? [number] : [...base128(number >>> 7).map((byte) => byte | 0x80), number & 0x7f];
}
