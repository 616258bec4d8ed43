/** What each exit code of launchctl means for a domain, a start and an end: a launchctl of the test's own answers as told. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { isChoreError } from "../../platform/errors.ts";
import { currentDomain } from "../../platform/launchd/domain.ts";
import { Launchctl } from "../../platform/launchd/launchctl.ts";
import { bootout, bootstrap } from "../../platform/launchd/service.ts";

/** A verb, the exit code of its answer, and what it prints. */
type Step = readonly [verb: string, code: number, out?: string];

const OURS = "/runs/1/launchd.plist";
const printed = (path: string): string => `gui/501/label = {\n\tpath = ${path}\n\tstate = running\n}`;

/** Answers one call after the other; the last one for good. Fails the test if another verb is called, or fewer calls are made. */
async function withSteps(steps: readonly Step[], body: (launchctl: Launchctl) => Promise<unknown>): Promise<unknown> {
	const folder = mkdtempSync(`${tmpdir()}/chore launchctl-`);
	const path = `${folder}/launchctl`;
	const branches = steps.map(
		([verb, code, out = ""], index) =>
			`${index + 1 === steps.length ? "*" : index + 1}) [ "$1" = ${verb} ] || exit 99; echo '${out}'; echo 'Refused: ${code}: words' >&2; exit ${code} ;;`,
	);
	writeFileSync(path, `#!/bin/sh\necho >>"$0.calls"; case $(($(wc -l <"$0.calls"))) in\n${branches.join("\n")}\nesac\n`);
	chmodSync(path, 0o700);
	try {
		const result = await body(new Launchctl(path)).then(
			() => "done",
			(error: unknown) => {
				if (!isChoreError(error)) throw error;
				assert.doesNotMatch(error.message, /: 99:/);
				return `${error.code}: ${error.message} (${error.hint})`;
			},
		);
		assert.ok(readFileSync(`${path}.calls`).length >= steps.length, "it has not asked all that was expected");
		return result;
	} finally {
		rmSync(folder, { recursive: true });
	}
}

const inWords = (steps: readonly Step[]): string => steps.map(([verb, code]) => `${verb} ${code}`).join(", ");

const DOMAINS: readonly (readonly [expected: string | RegExp, ...Step[]])[] = [
	["gui", ["print", 0]],
	["user", ["print", 112], ["print", 0]],
	["user", ["print", 113], ["print", 0]],
	["user", ["print", 125], ["print", 0]],
	[/^PLATFORM_UNAVAILABLE: .*Refused: 1: words/, ["print", 1]],
	[/^PLATFORM_UNAVAILABLE: .*neither gui\/501 nor user\/501: Refused: 125/, ["print", 112], ["print", 125]],
];
test("the graphical session's domain is used where it is there, the user's where it is not, and none where that is unclear", async () => {
	for (const [expected, ...steps] of DOMAINS) {
		let kind = "";
		const result = await withSteps(steps, async (launchctl) => {
			({ kind } = await currentDomain(launchctl, 501));
		});
		if (typeof expected === "string") assert.deepEqual([result, kind], ["done", expected], inWords(steps));
		else assert.match(String(result), expected, inWords(steps));
	}
});

const STARTS: readonly (readonly [expected: RegExp, ...Step[]])[] = [
	[/^done$/, ["bootstrap", 0]],
	...[5, 17, 37].flatMap((code): [RegExp, ...Step[]][] => [
		[/^done$/, ["bootstrap", code], ["print", 0, printed(OURS)]],
		[/^UNIT_EXISTS: /, ["bootstrap", code], ["print", 0, printed("/other.plist")]],
		[new RegExp(`^PLATFORM_FAILED: .*Refused: ${code}: words`), ["bootstrap", code], ["print", 113]],
		[new RegExp(`^PLATFORM_FAILED: .*Refused: ${code}: words`), ["bootstrap", code], ["print", 125]],
	]),
	[/^PLATFORM_FAILED: .*Refused: 1: words.*--platform posix/, ["bootstrap", 1]],
	[/^PLATFORM_FAILED: .*Refused: 36: words/, ["bootstrap", 36]],
	[/^PLATFORM_FAILED: .*Refused: 119: words \(launchctl print-disabled gui\/501/, ["bootstrap", 119]],
	[/^PLATFORM_FAILED: .*Refused: 124: words/, ["bootstrap", 124]],
	[/^PLATFORM_FAILED: .*Refused: 125: words.*which domain/, ["bootstrap", 125]],
	[/^PLATFORM_FAILED: .*Refused: 150: words/, ["bootstrap", 150]],
	[/^PLATFORM_FAILED: .*Refused: 161: words.*Login Items/, ["bootstrap", 161]],
];
test("what bootstrap refuses is an error with its words, and what may be loaded all the same is asked for", async () => {
	for (const [expected, ...steps] of STARTS) {
		const result = await withSteps(steps, (launchctl) => bootstrap(launchctl, "gui/501", "label", OURS));
		assert.match(String(result), expected, inWords(steps));
	}
});

const LOADED: Step = ["print", 0, printed(OURS)];
const ENDS: readonly (readonly [expected: RegExp, ...Step[]])[] = [
	...[3, 112, 113, 125].map((code): [RegExp, Step] => [/^done$/, ["bootout", code]]),
	...[0, 5, 36].flatMap((code): [RegExp, ...Step[]][] => [
		[/^done$/, ["bootout", code], LOADED, LOADED, ["print", 113]],
		[/^done$/, ["bootout", code], LOADED, ["print", 112]],
		[/^STOP_FAILED: .*Refused: 1: words/, ["bootout", code], LOADED, ["print", 1]],
	]),
	[/^STOP_FAILED: .*Refused: 1: words/, ["bootout", 1]],
	[/^STOP_FAILED: .*Refused: 150: words/, ["bootout", 150]],
];
test("bootout is done when the service or its domain is not there, and waits while it is", async () => {
	for (const [expected, ...steps] of ENDS) {
		const result = await withSteps(steps, (launchctl) => bootout(launchctl, "gui/501/label"));
		assert.match(String(result), expected, inWords(steps));
	}
});
