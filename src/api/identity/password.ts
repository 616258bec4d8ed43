/**
 * Passwords of clients that cannot show a certificate, by HTTP Basic (RFC 7617) within TLS. What is kept is a hash that costs
 * time and memory, so that whoever reads it cannot try many.
 */
import { type BinaryLike, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { ChoreError } from "../../index.ts";

/** A refusal of somebody whom a name and the right password would let in. */
export class PasswordNeeded extends ChoreError {
	constructor(message: string) {
		super("NOT_ALLOWED", message);
	}
}

/** What somebody claims to be. */
export interface Credentials {
	readonly client: string;
	readonly password: string;
}

/** How dear a hash is: 2^15 blocks of 1 kB, three times over. */
const COST = { N: 32768, r: 8, p: 3 };
const HASH_BYTES = 32;

/** One that no password has. An unknown client costs as much time as a known one, so that time does not tell who is known. */
export const DECOY = `scrypt:${COST.N}:${COST.r}:${COST.p}:${Buffer.alloc(16).toString("base64")}:${Buffer.alloc(HASH_BYTES).toString("base64")}`;

/** @returns "scrypt:N:r:p:salt:hash", the last two in base64 */
export async function hashPassword(password: string, cost: typeof COST = COST): Promise<string> {
	const salt = randomBytes(16);
	const hash = await derive(password, salt, cost);
	return ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64"), hash.toString("base64")].join(":");
}

/** Whether a password is that of a hash. Takes the same time for each. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
	const read = readHash(hash);
	return read !== undefined && timingSafeEqual(await derive(password, read.salt, read.cost), read.hash);
}

export function isPasswordHash(value: unknown): boolean {
	return typeof value === "string" && readHash(value) !== undefined;
}

/** Reads the header `Authorization`. @returns undefined if it is none of this scheme */
export function readCredentials(header: string | undefined): Credentials | undefined {
	const [, encoded] = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(header ?? "") ?? [];
	if (encoded === undefined) return undefined;
	const text = Buffer.from(encoded, "base64").toString("utf8");
	const colon = text.indexOf(":");
	return colon < 0 ? undefined : { client: text.slice(0, colon), password: text.slice(colon + 1) };
}

function readHash(text: string): { readonly cost: typeof COST; readonly salt: Buffer; readonly hash: Buffer } | undefined {
	const [, N, r, p, salt = "", hash = ""] = /^scrypt:(\d{1,7}):(\d{1,2}):(\d{1,2}):([\w+/]{16,}=*):([\w+/]{43}=)$/.exec(text) ?? [];
	const cost = { N: Number(N), r: Number(r), p: Number(p) };
	const isPossible = Number.isInteger(Math.log2(cost.N)) && cost.N >= 2 && cost.N <= 2 ** 20 && cost.r >= 1 && cost.p >= 1;
	return isPossible ? { cost, salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") } : undefined;
}

/** In a thread of libuv: requests are answered meanwhile. */
function derive(password: string, salt: BinaryLike, cost: typeof COST): Promise<Buffer> {
	const options: ScryptOptions = { ...cost, maxmem: 256 * cost.r * (cost.N + cost.p) };
	return new Promise((resolve, reject) =>
		// The same letters can be written with several sequences of code points; which, depends on the keyboard.
		scrypt(password.normalize("NFC"), salt, HASH_BYTES, options, (error, hash) => (error === null ? resolve(hash) : reject(error))),
	);
}
