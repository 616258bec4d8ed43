/** The posix platform under every kind of /bin/sh that Debian has; dash and ash stand in for the BSDs' sh, posh and mksh for OpenBSD's. */
import { spawnSync } from "node:child_process";
import { openWith } from "../../platform/posix/index.ts";
import { type Subject, testPlatform } from "./suite.ts";

const SHELLS: readonly (readonly [name: string, ...shell: string[]])[] = [
	["dash", "/bin/dash"],
	["bash", "/bin/bash", "--posix"],
	["mksh", "/bin/mksh"],
	["busybox", "/bin/busybox", "ash"],
	["ksh93", "/bin/ksh93"],
	["yash", "/bin/yash"],
	["posh", "/bin/posh"],
];

/** Some of them, while one is worked on: CHORE_TEST_SHELLS=yash,posh */
const wanted = process.env["CHORE_TEST_SHELLS"]?.split(",");

for (const [name, ...shell] of SHELLS) {
	if (wanted !== undefined && !wanted.includes(name)) continue;
	const missing = spawnSync(shell[0] ?? "", [...shell.slice(1), "-c", ":"]).error !== undefined;
	const subject: Subject = {
		title: `posix under ${name}`,
		name: "posix",
		load: async () => ({
			detect: () => ({ available: true, reason: "a shell for tests", paths: [] }),
			open: (context) => openWith(context, { shell }),
		}),
		skip: missing && `${shell[0]} is not installed`,
		disturbances: [],
		shell: name,
		...(name === "yash" && { asciiOnly: "yash reads text by the locale, and a job's shell begins in the C locale" }),
	};
	testPlatform(subject);
}
