/**
 * Tells what the kernel needs to execute a file, from its first bytes: another program, or what it does not have. In doubt it
 * says nothing: a shell runs a text without `#!`, and emulators run programs of other machines (binfmt_misc of Linux).
 */
import { closeSync, constants, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { endianness } from "node:os";
import { basename } from "node:path";
import { pathOf, textOf } from "../exact-text.ts";

/** What the first bytes of a program say. */
export type Format =
	| { readonly kind: "unknown" }
	/** A script; the kernel starts its interpreter. `interpreter` is as it is written. */
	| { readonly kind: "script"; readonly interpreter: string }
	/** The kernel starts this other program, which loads the first one. */
	| { readonly kind: "loaded"; readonly loader: string }
	/** Neither the kernel nor a shell can run it; `what` it is. */
	| { readonly kind: "foreign"; readonly what: string };

type Read = (offset: number, length: number) => Buffer;

const UNKNOWN: Format = { kind: "unknown" };

/** In the first block stands all that matters of most files. */
const BLOCK = 4096;

/**
 * @param path an absolute path
 * @param emulators the entries of binfmt_misc; undefined if they cannot be known
 */
export function formatOf(path: string, emulators: () => readonly string[] | undefined = registered): Format {
	let file: number;
	try {
		file = openSync(pathOf(path), constants.O_RDONLY);
	} catch {
		return UNKNOWN; // executable but not readable
	}
	const read: Read = (offset, length) => {
		const bytes = Buffer.alloc(length);
		return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
	};
	try {
		const head = read(0, BLOCK);
		const [, interpreter] = /^#![ \t]*([^ \t\n]+)/.exec(textOf(head.subarray(0, 256))) ?? [];
		if (interpreter !== undefined) return { kind: "script", interpreter };
		if (process.platform !== "linux") return UNKNOWN;
		const format = isElf(head) ? elfFormat(head, read) : binaryFormat(head);
		if (format.kind === "unknown") return UNKNOWN;
		const entries = emulators();
		// Nobody emulates the machine itself.
		if (entries === undefined) return format.kind === "loaded" ? format : UNKNOWN;
		return entries.some((entry) => takes(entry, path, head)) ? UNKNOWN : format;
	} catch {
		return UNKNOWN;
	} finally {
		closeSync(file);
	}
}

/** Shells refuse to read a file as a script if there is a NUL in the first line of its beginning. */
function binaryFormat(head: Buffer): Format {
	const line = head.subarray(0, 80);
	const end = line.indexOf("\n");
	const isBinary = (end < 0 ? line : line.subarray(0, end)).includes(0);
	return isBinary ? { kind: "foreign", what: "a binary file of another kind" } : UNKNOWN;
}

/** By the names of `process.arch`: the machines (elf(5), e_machine) whose programs a kernel for that one may run. */
const MACHINES: Readonly<Partial<Record<string, readonly number[]>>> = {
	ia32: [3, 6, 62],
	x64: [3, 6, 62],
	arm: [40, 183],
	arm64: [40, 183],
	mips: [8, 10],
	mipsel: [8, 10],
	ppc64: [20, 21],
	riscv64: [243],
	s390x: [22],
	loong64: [258],
};

const MACHINE_NAMES: Readonly<Record<number, string>> = {
	3: "i386",
	8: "mips",
	20: "ppc",
	21: "ppc64",
	22: "s390x",
	40: "arm",
	62: "x86_64",
	183: "aarch64",
	243: "riscv64",
	258: "loongarch64",
};

const ET_EXEC = 2;
const ET_DYN = 3;
const PT_INTERP = 3;

/** The longest path (PATH_MAX of Linux), and the largest table of program headers that the kernel takes. */
const LONGEST_PATH = 4096;
const LARGEST_TABLE = 65_536;

function isElf(head: Buffer): boolean {
	return head.length >= 64 && head.readUInt32BE(0) === 0x7f454c46;
}

/** By the headers of the file (elf(5)). */
function elfFormat(head: Buffer, read: Read): Format {
	const is64 = head[4] === 2;
	const isLittle = head[5] === 1;
	/** A number of 2 bytes, or of 4 or 8 in the files of 32 or 64 bits. */
	const half = (from: Buffer, at: number): number => (isLittle ? from.readUInt16LE(at) : from.readUInt16BE(at));
	const whole = (from: Buffer, at: number): number => {
		if (is64) return Number(isLittle ? from.readBigUInt64LE(at) : from.readBigUInt64BE(at));
		return isLittle ? from.readUInt32LE(at) : from.readUInt32BE(at);
	};
	const type = half(head, 16);
	const machine = half(head, 18);
	const ours = MACHINES[process.arch];
	if (type !== ET_EXEC && type !== ET_DYN) return { kind: "foreign", what: "an object file" };
	if (ours === undefined) return UNKNOWN;
	if (!ours.includes(machine) || isLittle !== (endianness() === "LE"))
		return { kind: "foreign", what: `a program for ${MACHINE_NAMES[machine] ?? `machine ${machine}`}, and this is ${process.arch}` };
	const size = half(head, is64 ? 54 : 42);
	const length = size * half(head, is64 ? 56 : 44);
	if (size !== (is64 ? 56 : 32) || length > LARGEST_TABLE) return UNKNOWN;
	const table = read(whole(head, is64 ? 32 : 28), length);
	for (let at = 0; at + size <= table.length; at += size) {
		if ((isLittle ? table.readUInt32LE(at) : table.readUInt32BE(at)) !== PT_INTERP) continue;
		const bytes = whole(table, at + (is64 ? 32 : 16));
		if (bytes > LONGEST_PATH) return UNKNOWN;
		const [loader = ""] = textOf(read(whole(table, at + (is64 ? 8 : 4)), bytes)).split("\0", 1);
		return loader === "" ? UNKNOWN : { kind: "loaded", loader };
	}
	return UNKNOWN;
}

const EMULATORS = "/proc/sys/fs/binfmt_misc";

/**
 * The entries of binfmt_misc. In most containers they cannot be seen, although the kernel goes by them: then undefined, unless
 * the kernel lacks all of it.
 */
function registered(): readonly string[] | undefined {
	try {
		if (!/\tbinfmt_misc$/m.test(readFileSync("/proc/filesystems", "latin1"))) return [];
		if (readFileSync(`${EMULATORS}/status`, "latin1").trim() !== "enabled") return [];
		const names = readdirSync(EMULATORS).filter((name) => name !== "status" && name !== "register");
		return names.map((name) => readFileSync(`${EMULATORS}/${name}`, "latin1"));
	} catch {
		return undefined;
	}
}

/** Whether an entry takes the file: by the end of its name, or by bytes at some place. */
function takes(entry: string, path: string, head: Buffer): boolean {
	const field = (name: string): string | undefined => new RegExp(`^${name} (.*)$`, "m").exec(entry)?.[1];
	if (!/^enabled$/m.test(entry)) return false;
	const extension = field("extension");
	if (extension !== undefined) return basename(path).endsWith(extension);
	const magic = Buffer.from(field("magic") ?? "", "hex");
	const mask = Buffer.from(field("mask") ?? "", "hex");
	const found = head.subarray(Number(field("offset") ?? 0));
	return magic.every((byte, index) => (((found[index] ?? 0) ^ byte) & (mask[index] ?? 255)) === 0);
}
