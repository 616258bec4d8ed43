/**
 * Loads the other files of the program together with the code that V8 made of them at an earlier start: compiling them
 * takes longer than most commands do. The cache is never needed: without it, or where it does not fit, the same is loaded.
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

/** Names what was built: two builds never share code, whatever their version. */
declare const CHORE_BUILD: string;

/** Code of builds and of versions of Node that were not used for so long is removed when code is next written: 30 days. */
const KEPT_MS = 30 * 86_400_000;

type Load = (name: string) => unknown;

interface Loaded {
	readonly script: Script;
	readonly cacheFile: string;
	readonly fits: boolean;
}

/**
 * @param folder where the program's files are, as an absolute path
 * @returns what loads one of them, once, by its name: `load("cli-program.cjs")`. Each file gets it as its own `require`
 */
export function codeCache(folder: string): Load {
	const cache = cacheFolder();
	const exported = new Map<string, unknown>();
	const loaded: Loaded[] = [];
	const load: Load = (name) => {
		if (exported.has(name)) return exported.get(name);
		const file = join(folder, name);
		// The build writes ASCII only, which is read as it is: one byte a character.
		const source = readFileSync(file, "latin1");
		const cacheFile = cache === undefined ? undefined : join(cache, `${name}.code`);
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
	// Only at the end is all compiled that the command needed.
	process.once("exit", () => {
		for (const { script, cacheFile, fits } of loaded) if (!fits) writeOwn(cacheFile, script);
	});
	return load;
}

/** Where the code is kept: `$XDG_CACHE_HOME/chore/code/BUILD-NODE-ARCHITECTURE`; undefined where it is not wanted. */
function cacheFolder(): string | undefined {
	const { XDG_CACHE_HOME: base = "", HOME: home = "", NODE_DISABLE_COMPILE_CACHE: off, NODE_V8_COVERAGE: coverage } = process.env;
	if (off || coverage) return undefined;
	const caches = isAbsolute(base) ? base : isAbsolute(home) ? join(home, ".cache") : undefined;
	return caches === undefined ? undefined : join(caches, "chore", "code", `${CHORE_BUILD}-${process.version}-${process.arch}`);
}

/** The content of a file that nobody but this user can have written: what is in it is run. */
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

/** Writes the code whole or not at all: a full disk, or a home that is another user's (`sudo -E`), leaves things as they are. */
function writeOwn(file: string, script: Script): void {
	const part = `${file}.${process.pid}`;
	try {
		makeFolder(dirname(file));
		const descriptor = openSync(part, "wx", 0o600);
		try {
			writeFileSync(descriptor, script.createCachedData());
			fsyncSync(descriptor); // V8 would not see that half of it was lost in a power cut
			renameSync(part, file);
		} catch {
			rmSync(part, { force: true });
		} finally {
			closeSync(descriptor);
		}
	} catch {}
}

/** Makes `BASE/chore/code/KEY`, as far as it is missing. @throws where one of the folders is another user's */
function makeFolder(folder: string): void {
	const code = dirname(folder);
	const chore = dirname(code);
	for (const one of [dirname(chore), chore, code, folder]) {
		if (existsSync(one)) continue;
		if (!isOwn(statSync(dirname(one)))) throw new Error(`${dirname(one)} is another user's`);
		mkdirSync(one, 0o700);
		if (one === folder) removeUnused(code);
	}
	if (!isOwn(statSync(folder))) throw new Error(`${folder} is another user's`);
}

function removeUnused(code: string): void {
	for (const name of readdirSync(code)) {
		const folder = join(code, name);
		if (Date.now() - statSync(folder).mtimeMs > KEPT_MS) rmSync(folder, { recursive: true, force: true });
	}
}

function isOwn({ uid }: Stats): boolean {
	return uid === process.geteuid?.();
}
