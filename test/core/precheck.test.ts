/** What the kernel would refuse to execute is refused before, and nothing else. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import { formatOf } from "../../src/core/prepare/binary-formats.ts";
import { findProgram } from "../../src/core/prepare/precheck.ts";

const skip = process.platform !== "linux" && "other systems have other formats";

/** The same as in qemu-user-static, for programs of 64 bits, also of systems other than Linux. */
const QEMU = (machine: number): string => `enabled
interpreter /usr/bin/qemu
flags: F
offset 0
magic 7f454c460201010000000000000000000200${machine.toString(16)}00
mask ffffffffffffff00fffffffffffffffffeffffff
`;

describe("a program is looked at before the start", { skip }, () => {
	const folder = mkdtempSync(join(tmpdir(), "chore-precheck-"));
	after(() => rmSync(folder, { recursive: true, force: true }));
	const real = skip === false ? readFileSync("/bin/true") : Buffer.alloc(0);

	const file = (name: string, content: string | Buffer): string => {
		writeFileSync(`${folder}/${name}`, content);
		chmodSync(`${folder}/${name}`, 0o755);
		return `${folder}/${name}`;
	};
	/** A program of this system with another number of two bytes. */
	const changed = (name: string, at: number, value: number): string => {
		const bytes = Buffer.from(real);
		bytes.writeUInt16LE(value, at);
		return file(name, bytes);
	};
	const refuses = (program: string, words: RegExp, code = "COMMAND_NOT_EXECUTABLE"): void =>
		assert.throws(
			() => findProgram(program, "/", undefined),
			(error) => isChoreError(error) && error.code === code && words.test(error.message),
			program,
		);
	const otherMachine = process.arch === "arm64" ? 62 : 183;

	test("programs and scripts of this system can run, also a script without a first line for the kernel, and an empty one", () => {
		for (const program of [
			"/bin/true",
			"/bin/sh",
			process.execPath,
			file("script", "#!/bin/sh\n"),
			file("chain", `#!${folder}/script\n`),
			file("plain", "echo hello\n"),
			file("ape", "MZqFpD='\n\0\0\0'\n"),
			file("empty", ""),
		])
			assert.equal(findProgram(program, "/", undefined), program);
	});

	test("a binary for another C library is refused, and the interpreter that is missing is named", () => {
		const program = file("musl", Buffer.from(real.toString("latin1").replace(/\/lib(?=[^\0]*\/ld[^\0]*\0)/, "/xyz"), "latin1"));
		refuses(program, /its interpreter \/xyz\S*ld\S* cannot be run: no such file or directory \(ENOENT\)/);
		refuses(file("of-musl", `#!${program}\n`), /its interpreter \S*\/musl cannot be run: its interpreter \/xyz/);
	});

	test("a script is refused for what is wrong with its interpreter", () => {
		refuses(file("missing", "#!/nowhere/sh\n"), /its interpreter \/nowhere\/sh cannot be run: .*ENOENT/);
		refuses(file("folder", "#!/usr\n"), /its interpreter \/usr cannot be run: it is not a file/);
	});

	test("a link that leads in a circle is told so", () => {
		symlinkSync("circle", `${folder}/circle`);
		refuses(`${folder}/circle`, /too many symbolic links \(ELOOP\)/, "COMMAND_NOT_FOUND");
	});

	test("a program for another machine cannot run, unless an emulator takes it, or may do so unseen", () => {
		const program = changed("other", 18, otherMachine);
		const format = formatOf(program, () => []);
		assert.equal(format.kind, "foreign");
		assert.match(format.kind === "foreign" ? format.what : "", otherMachine === 183 ? /aarch64/ : /x86_64/);
		assert.equal(formatOf(program, () => [QEMU(243), QEMU(62 + 183 - otherMachine)]).kind, "foreign");
		assert.equal(formatOf(program, () => [QEMU(243), QEMU(otherMachine)]).kind, "unknown");
		assert.equal(formatOf(program, () => [QEMU(otherMachine).replace("enabled", "disabled")]).kind, "foreign");
		assert.equal(formatOf(program, () => undefined).kind, "unknown");
	});

	test("an object file and other binary files cannot run, unless an emulator takes them", () => {
		assert.equal(formatOf(changed("object.o", 16, 1), () => []).kind, "foreign");
		const windows = file("tool.exe", Buffer.from("MZ\x90\0\x03\0\0\0", "latin1"));
		assert.equal(formatOf(windows, () => []).kind, "foreign");
		assert.equal(formatOf(windows, () => ["enabled\ninterpreter /init\nflags: PF\noffset 0\nmagic 4d5a\n"]).kind, "unknown");
		assert.equal(formatOf(windows, () => ["enabled\ninterpreter /usr/bin/wine\nflags: \nextension .exe\n"]).kind, "unknown");
	});

	test("headers that make no sense are left to the kernel", () => {
		for (const at of [32, 54, 56]) formatOf(changed(`broken-${at}`, at, 0xffff), () => []);
		assert.equal(formatOf(file("short", real.subarray(0, 40)), () => undefined).kind, "unknown");
	});
});
