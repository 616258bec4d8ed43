/** What `systemd-analyze calendar` makes of expressions: the judge of what chore reads and writes. */
import { spawnSync } from "node:child_process";

/** For tests: false, or why they are to be skipped. */
export const noSystemdAnalyze: string | false =
	spawnSync("systemd-analyze", ["calendar", "daily"]).status === 0 ? false : "there is no systemd-analyze calendar here";

export interface Judged {
	readonly normalForm: string;
	/** Milliseconds since 1970. */
	readonly nextTimes: readonly number[];
}

/** Asks about several expressions in one process. @returns undefined for those that are too hard for it. @throws if it refuses one */
export function systemdCalendar(expressions: readonly string[], zone: string, afterMs = 0, count = 1): readonly (Judged | undefined)[] {
	const base = `--base-time=@${Math.floor(afterMs / 1000)}`;
	const { stdout, stderr } = spawnSync("systemd-analyze", ["calendar", base, `--iterations=${count}`, "--", ...expressions], {
		encoding: "utf8",
		env: { ...process.env, TZ: zone, LC_ALL: "C" },
		maxBuffer: 1 << 26,
	});
	const tooHard = [...stderr.matchAll(/next elapse for '(.*)': Resource deadlock avoided/g)].map(([, expression]) => expression);
	const answers = stdout.split("Normalized form: ").slice(1);
	if (answers.length !== expressions.filter((expression) => !tooHard.includes(expression)).length) throw new Error(stderr);
	return expressions.map((expression) => (tooHard.includes(expression) ? undefined : judgedBy(String(answers.shift()))));
}

function judgedBy(answer: string): Judged {
	// In UTC there is no second line that says the moment in UTC.
	const utc = answer.match(/(?<=\(in UTC\): ).*/g) ?? answer.match(/(?<=(?:Next elapse|Iter\S* #[0-9]+): ).* UTC$/gm) ?? [];
	return {
		normalForm: answer.slice(0, answer.indexOf("\n")),
		nextTimes: utc.map((moment) => Date.parse(moment.replace(/^\w+ (\S+) (\S+) UTC$/, "$1T$2Z"))),
	};
}

/** Those that systemd takes. */
export function takenBySystemd(expressions: readonly string[]): readonly string[] {
	const { stderr } = spawnSync("systemd-analyze", ["calendar", "--", ...expressions], {
		encoding: "utf8",
		env: { ...process.env, TZ: "UTC" },
	});
	return expressions.filter((expression) => !stderr.includes(`parse calendar specification '${expression}': `));
}
