/** Makes properties of units in the form that the manager takes over D-Bus (org.freedesktop.systemd1(5)). */

/** A unit property with its D-Bus type. */
export interface Property {
	readonly name: string;
	readonly signature: string;
	readonly value: unknown;
}

/** "Unlimited" for properties with a number of 64 bits. */
export const INFINITY = 2n ** 64n - 1n;

export function text(name: string, value: string): Property {
	return { name, signature: "s", value };
}

export function texts(name: string, value: readonly string[]): Property {
	return { name, signature: "as", value };
}

export function flag(name: string, value: boolean): Property {
	return { name, signature: "b", value };
}

export function integer(name: string, value: number): Property {
	return { name, signature: "i", value };
}

export function count(name: string, value: number | bigint): Property {
	return { name, signature: "t", value: typeof value === "bigint" ? value : BigInt(Math.round(value)) };
}

/** A text for one line of a message: without C0, DEL, C1, line and paragraph separators, and bidirectional controls. */
export function printable(words: string): string {
	return words.replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, " ");
}
