/** The posix platform under one kind of /bin/sh. Each that Debian has is a file of its own, so that they run side by side. */
import { spawnSync } from "node:child_process";
import { openWith } from "../../platform/posix/index.ts";
import { type Subject, testPlatform } from "./suite.ts";

/** @param words the path of the shell, and what it has to be told to be a /bin/sh */
export function testPosixUnder(
	name: NonNullable<Subject["shell"]>,
	words: readonly [path: string, ...rest: string[]],
	more: Partial<Subject> = {},
): void {
	const [path, ...rest] = words;
	const isMissing = spawnSync(path, [...rest, "-c", ":"]).error !== undefined;
	testPlatform({
		title: `posix under ${name}`,
		name: "posix",
		load: async () => ({
			detect: () => ({ available: true, reason: "a shell for tests", paths: [] }),
			open: (context) => openWith(context, { shell: words }),
		}),
		skip: isMissing && `${path} is not installed`,
		disturbances: [],
		shell: name,
		shellWords: words,
		// Debian's /bin/sh is tested with all there is.
		isOtherShell: name !== "dash",
		...more,
	});
}
