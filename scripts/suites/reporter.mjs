// A reporter for node:test. Prints a JSON line for each test that begins, each result, and each message of node:test.
// scripts/suites/watched.mjs reads these lines among those that the test file prints itself.

/** The messages of node:test at the end of each file. */
const COUNTS = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/** @param source the events of node:test */
export default async function* (source) {
	/** The titles of the test being reported and of the suites around it, by depth. */
	const titles = [];
	for await (const { type, data } of source) {
		const line = report(type, data, titles);
		// The file may have printed a text without a newline before.
		if (line !== undefined) yield `\n${JSON.stringify(line)}\n`;
	}
}

function report(type, data, titles) {
	switch (type) {
		case "test:dequeue":
			return { kind: "begins", title: data.name };
		case "test:start":
			titles.length = data.nesting;
			titles.push(data.name);
			return undefined;
		case "test:pass":
			if (data.details.type === "suite") return undefined;
			return { ...result(data, titles), status: data.skip === undefined ? "passed" : "skipped", reason: reason(data.skip) };
		case "test:fail":
			if (data.todo !== undefined) return { ...result(data, titles), status: "skipped", reason: reason(data.todo) };
			// The failed test inside was reported already.
			if (data.details.error?.failureType === "subtestsFailed") return undefined;
			return { ...result(data, titles), status: "failed", error: textOf(data.details.error) };
		case "test:diagnostic":
			return COUNTS.test(data.message) ? undefined : { kind: "output", text: data.message };
		default:
			return undefined;
	}
}

function result(data, titles) {
	return { kind: "result", titles: titles.slice(0, data.nesting + 1), ms: data.details.duration_ms };
}

function reason(value) {
	return typeof value === "string" ? value : "";
}

function textOf(error) {
	const cause = error?.cause ?? error;
	return String(cause?.stack ?? cause);
}
