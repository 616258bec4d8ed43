/**
 * Loads the files of the program with the code that V8 compiled for an earlier command: compiling takes longer than most
 * commands. Without the cache, or if V8 rejects it, the files are compiled as usual.
 */
import {
	closeSync,
	constants,
	existsSync,
	fstatSync,
	fsyncSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	type Stats,
	statSync,
	writeFileSync,
} from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { Script } from "node:vm";

/** A hash of the bundles, so that two builds never share code, even if they have the same version. */
declare const CHORE_BUILD: string;

/** 30 days. Whenever code is written, older files are removed from the cache. */
const KEPT_MS = 30 * 86_400_000;

type Load = (name: string) => unknown;

interface Loaded {
	readonly script: Script;
	readonly cacheFile: string;
	readonly fits: boolean;
}

/**
 * @param folder the folder of the program's files, an absolute path
 * @returns a function that loads one of these files, each once: `load("cli-program.cjs")`. The `require` of each file uses it
 */
export function codeCache(folder: string): Load {
	const cached = cacheFolder();
	const exported = new Map<string, unknown>();
	const loaded: Loaded[] = [];
	const load: Load = (name) => {
		if (exported.has(name)) return exported.get(name);
		const file = join(folder, name);
		// The build writes ASCII only (see scripts/build.mjs), and latin1 is the fastest to decode.
		const source = readFileSync(file, "latin1");
		const cacheFile = cached === undefined ? undefined : join(cached, keyOf(file, name));
		const cachedData = cacheFile === undefined ? undefined : readOwn(cacheFile);
		const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
			filename: file,
			...(cachedData === undefined ? {} : { cachedData }),
		});
		if (cacheFile !== undefined) loaded.push({ script, cacheFile, fits: cachedData !== undefined && script.cachedDataRejected !== true });
		const module = { exports: {} };
		exported.set(name, module.exports);
		const fromHere: Load = (id) => (id.startsWith("./") ? load(id.slice(2)) : require(id));
		script.runInThisContext().call(module.exports, module.exports, fromHere, module, file, folder);
		exported.set(name, module.exports);
		return module.exports;
	};
	// At the end, since V8 compiles a function when it is first called: all that the command needed is compiled now.
	process.once("exit", () => {
		for (const { script, cacheFile, fits } of loaded) if (!fits) writeOwn(cacheFile, script);
	});
	return load;
}

/** `$XDG_CACHE_HOME/chore/code`; undefined if the environment turns the cache off or has no place for it. */
function cacheFolder(): string | undefined {
	const { XDG_CACHE_HOME: base = "", HOME: home = "", NODE_DISABLE_COMPILE_CACHE: off, NODE_V8_COVERAGE: coverage } = process.env;
	if (off || coverage) return undefined;
	const caches = isAbsolute(base) ? base : isAbsolute(home) ? join(home, ".cache") : undefined;
	return caches === undefined ? undefined : join(caches, "chore", "code");
}

/** The time of the last change tells whether a file was edited after the build: V8 compares only the length of the source. */
function keyOf(file: string, name: string): string {
	return `${CHORE_BUILD}-${process.version}-${process.arch}-${statSync(file).mtimeMs.toString(36)}-${name}.code`;
}

/** The content of a file that only this user can have written, since V8 will run it; undefined for any other file. */
function readOwn(file: string): Buffer | undefined {
	let descriptor: number;
	try {
		descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	} catch {
		return undefined;
	}
	try {
		const found = fstatSync(descriptor);
		return found.isFile() && isOwn(found) && (found.mode & 0o022) === 0 ? readFileSync(descriptor) : undefined;
	} catch {
		return undefined;
	} finally {
		closeSync(descriptor);
	}
}

/** Writes the code, whole or not at all. Ignores errors, such as a full disk, or a home of another user (`sudo -E`). */
function writeOwn(file: string, script: Script): void {
	const part = `${file}.${process.pid}`;
	try {
		makeFolder(dirname(file));
		const descriptor = openSync(part, "wx", 0o600);
		try {
			writeFileSync(descriptor, script.createCachedData());
			fsyncSync(descriptor); // after a power cut the file could be incomplete, which V8 would not notice
			renameSync(part, file);
			removeOld(dirname(file));
		} catch {
			rmSync(part, { force: true });
		} finally {
			closeSync(descriptor);
		}
	} catch {}
}

/** Makes the missing folders of `BASE/chore/code`. @throws if this or the parent of a missing one is another user's */
function makeFolder(code: string): void {
	const chore = dirname(code);
	for (const one of [dirname(chore), chore, code]) {
		if (existsSync(one)) continue;
		if (!isOwn(statSync(dirname(one)))) throw new Error(`${dirname(one)} is another user's`);
		mkdirSync(one, 0o700);
	}
	if (!isOwn(statSync(code))) throw new Error(`${code} is another user's`);
}

function removeOld(code: string): void {
	for (const name of readdirSync(code)) {
		const file = join(code, name);
		if (Date.now() - statSync(file).mtimeMs > KEPT_MS) rmSync(file, { recursive: true, force: true });
	}
}

function isOwn({ uid }: Stats): boolean {
	return uid === process.geteuid?.();
}
