// Runs the tests with real editors and browsers for `.ci/run`: the suite in the extension hosts of the newest and the oldest VS
// Code, and at the same time the steps of ui.mjs in the newest, and then the page of the server. Each has a time limit. One
// that fails is run once more, alone, and is reported as unsteady if it passes then. Needs dist/, dist-test/ and a .vsix from
// `npm run package`.
import { Group } from "../suites/group.mjs";
import { makeRoot, removeRoot, sweep } from "../suites/remains.mjs";
import { installWorkbench, WORKBENCHES } from "./install.mjs";

const LIMIT_MS = 15 * 60_000;
const [newest, oldest] = Object.keys(WORKBENCHES);

/** The lists run at the same time; the parts of one list run one after another. */
const LANES = [
	[
		{ title: `suite ${newest}`, words: ["scripts/workbench/suite.mjs", newest] },
		{ title: `suite ${oldest}`, words: ["scripts/workbench/suite.mjs", oldest] },
	],
	[
		{ title: `steps ${newest}`, words: ["scripts/workbench/ui.mjs", newest] },
		{ title: "page of the server", words: ["--test", "--test-reporter=spec", "dist-test/test/api/page-browser.test.js"] },
	],
];

for (const name of Object.keys(WORKBENCHES)) installWorkbench(name);
await sweep();
const root = makeRoot();
let begun = 0;
const first = (
	await Promise.all(
		LANES.map(async (lane) => {
			const outcomes = [];
			for (const part of lane) outcomes.push({ part, passed: await attempt(part) });
			return outcomes;
		}),
	)
).flat();
const failed = [];
const unsteady = [];
for (const { part, passed } of first) {
	if (passed) continue;
	console.log(`\n# once more, alone: ${part.title}`);
	((await attempt(part)) ? unsteady : failed).push(part.title);
}
await removeRoot(root);
if (unsteady.length > 0) console.log(`unsteady: ${unsteady.join(", ")}`);
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`);
console.log(`${first.length - failed.length} passed, ${failed.length} failed, of what needs an editor or a browser`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** Runs one part and ends all its processes. @returns whether it passed within the time limit */
async function attempt({ title, words }) {
	begun++;
	const say = (line) => console.log(`${title}  ${line}`);
	const group = new Group([process.execPath, ...words], `${root}/${String(begun).padStart(3, "0")}`, { out: say, err: say });
	const timer = setTimeout(() => {
		say(`was not done after ${LIMIT_MS / 60_000} minutes`);
		void group.clear();
	}, LIMIT_MS);
	const failure = await group.ended;
	clearTimeout(timer);
	const { trouble } = await group.clear();
	for (const line of trouble) say(line);
	return failure === undefined && trouble.length === 0;
}
