// Reads the results that `npm test` left, and fails where something was not tested that can be tested on Debian.
import { readFileSync } from "node:fs";
import { RESULTS } from "../scripts/suites/summary.mjs";

/** What may be skipped: what a platform has nothing for, and what yash and posh cannot carry. */
const ALLOWED = [
	/^nothing supervises the jobs that could be reloaded$/,
	/^yash reads text by the locale/,
	/^posh has no kill of its own: the job is in the group of the shim$/,
];
const SHELLS = ["dash", "bash", "mksh", "busybox", "ksh93", "yash", "posh"];
const CONTRACTS = ["systemd", "launchd-dash", "launchd-bash", ...SHELLS.map((shell) => `posix-${shell}`)];
const COMPLETIONS = ["completion in bash", "completion in bash with bash-completion", "completion in zsh", "completion in fish"];

const results = readFileSync(RESULTS, "utf8")
	.trimEnd()
	.split("\n")
	.map((line) => JSON.parse(line));
const faults = [];

const testsOf = (file) => results.filter((result) => result.file === file);
const whole = testsOf("contract/fake").length;
if (whole === 0) faults.push("the contract was not tested at all");
for (const name of CONTRACTS) {
	const tests = testsOf(`contract/${name}`);
	if (tests.length < whole) faults.push(`the contract of ${name} ran ${tests.length} tests, that of the fake ${whole}`);
	for (const { titles, status, reason } of tests) {
		if (status === "skipped" && !ALLOWED.some((allowed) => allowed.test(reason))) {
			faults.push(`${name}: "${titles.at(-1)}" was skipped, and should not be here: ${reason}`);
		}
	}
}

const passed = (suite, title) =>
	results.some(({ titles, status }) => status === "passed" && titles.includes(suite) && title.test(titles.at(-1)));
if (!passed("lingering", /^is off, is turned on by chore doctor --linger/)) faults.push("lingering was not tested");
const withCron = testsOf("posix/cron");
if (withCron.length === 0 || withCron.some(({ status }) => status !== "passed")) faults.push("schedules were not tested with a cron");
for (const file of ["api/grpc-proto", "api/grpc-python", "docs/guides"]) {
	const tests = testsOf(file);
	if (tests.length === 0 || tests.some(({ status }) => status !== "passed")) faults.push(`${file} was not tested as a whole`);
}
for (const suite of COMPLETIONS) {
	const isSkipped = results.some(({ titles, status }) => status === "skipped" && titles.includes(suite));
	if (isSkipped || !passed(suite, /^offers commands, options/)) faults.push(`${suite} was not tested`);
}

for (const fault of faults) console.error(`.ci/run: ${fault}`);
if (faults.length === 0)
	console.log(`the contract of ${CONTRACTS.length} kinds, ${whole} tests and more each; lingering; ${COMPLETIONS.length} ways to complete`);
process.exitCode = faults.length === 0 ? 0 : 1;
