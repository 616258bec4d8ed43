/** Stops the code under test at one of its calls of node:fs and does there what another process may do at that moment. */
import fs, { readlinkSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";

type Functions = { [Name in keyof typeof fs]: (typeof fs)[Name] extends (...given: never[]) => unknown ? Name : never }[keyof typeof fs];

/** Replaces a function of node:fs for all importers, until disposed. */
export function intercept<Name extends Functions>(name: Name, wrap: (original: (typeof fs)[Name]) => (typeof fs)[Name]): Disposable {
	const original = fs[name];
	const put = (value: (typeof fs)[Name]): void => {
		fs[name] = value;
		syncBuiltinESMExports();
	};
	put(wrap(original));
	return { [Symbol.dispose]: () => put(original) };
}

/** The calls by which the core reads and changes small files. */
const STEPS = [
	"readFileSync",
	"readdirSync",
	"openSync",
	"writeSync",
	"renameSync",
	"mkdirSync",
	"symlinkSync",
	"linkSync",
	"truncateSync",
	"rmSync",
] as const;

/** The path that a call is about; for a descriptor, the path of the open file. */
function pathsIn(given: readonly unknown[]): readonly string[] {
	const [file] = given;
	const open = typeof file === "number" ? [readlinkSync(`/proc/self/fd/${file}`)] : [];
	return [...open, ...given.filter((word) => typeof word === "string")];
}

/** Does something before each step that touches a path with that text in it, or that fits; the steps are counted from 1. */
export function interfere(text: string | RegExp, act: (step: number) => void): Disposable & { readonly steps: number } {
	let steps = 0;
	let isActing = false;
	const interceptions = STEPS.map((name) =>
		intercept(name, (original) => {
			const call = original as (...given: unknown[]) => unknown;
			const wrapped = (...given: unknown[]): unknown => {
				if (!isActing && pathsIn(given).some((path) => (typeof text === "string" ? path.includes(text) : text.test(path)))) {
					isActing = true;
					try {
						act(++steps);
					} finally {
						isActing = false;
					}
				}
				return call(...given);
			};
			return wrapped as typeof original;
		}),
	);
	return {
		get steps() {
			return steps;
		},
		[Symbol.dispose]: () => {
			for (const interception of interceptions.reverse()) interception[Symbol.dispose]();
		},
	};
}
