/** What README.md and examples/ show of the API, run as it stands there: chore, curl(1) and Python against a real server. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { resolve } from "node:path";
import { test } from "node:test";
import { Cli, PATIENCE } from "../support/cli.ts";

const README = readFileSync("README.md", "utf8");

/** For the one that the documents name, which others of this machine may have. */
async function freePort(): Promise<string> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	server.close();
	return String(port);
}

/** A console block: what is typed, and what the last line prints. */
function transcript(): { readonly typed: string; readonly printed: string } {
	const block = /```console\n(\$ chore cert init\n.*?)```/s.exec(README)?.[1] ?? "";
	const typed = [...block.matchAll(/^\$ ((?:.*\\\n)*.*)$/gm)].map(([, line = ""]) => line);
	assert.equal(typed.length, 5, block);
	return { typed: typed.join("\n"), printed: block.slice(block.lastIndexOf(typed.at(-1) ?? "") + (typed.at(-1)?.length ?? 0) + 1) };
}

const isMissing = ["curl", "python3"].some((program) => spawnSync(program, ["--version"]).status !== 0) && "needs curl(1) and python3";

test("the way from nothing to a job by curl is as README.md has it, and the examples of REST do what they say", {
	...PATIENCE,
	skip: isMissing,
}, async () => {
	await using cli = new Cli();
	const port = await freePort();
	const { typed, printed } = transcript();
	// Who types is slower than the server is with its start.
	const listens = 'until curl -sk https://localhost:8443/ -o "$HOME/refused"; do kill -0 $!; sleep 0.05; done';
	const curl = typed.slice(typed.lastIndexOf("\ncurl "));
	const first = typed.indexOf("\ncurl ");
	const files = "https://localhost:8443 ~/.config/chore/serve/server.pem alice.pem alice.key";
	const examples = resolve("examples/rest");
	const script = [
		"set -e",
		"{",
		typed.slice(0, first),
		listens,
		typed.slice(first, typed.length - curl.length),
		"} >/dev/null",
		curl,
		`sh '${examples}/jobs.sh' ${files} || echo "[$?]"`,
		`python3 '${examples}/jobs.py' ${files} sh -c 'echo one; exit 7' || echo "[$?]"`,
		`python3 '${examples}/jobs.py' ${files} no-such-program || echo "[$?]"`,
		"kill $!",
		"wait $!",
	];
	const { status, stdout, stderr } = await cli.shell(script.join("\n").replaceAll("8443", port));
	assert.equal(status, 0, stderr);
	assert.equal(stdout, `${printed}one\ntwo\n[3]\none\n[7]\n[125]\n`, stderr);
	assert.match(stderr, /^sh is [0-9a-f-]{36}\n.*^sh failed\n.*^COMMAND_NOT_FOUND: /ms);
	assert.match(stderr, / alice GET \/v1\/jobs\/echo\/output 200 /);
	assert.match(readFileSync(`${cli.folder}/home/refused`, "utf8"), /no certificate was shown/);
});

test("each address of REST in the documents and the examples is one of the API", () => {
	const { paths } = JSON.parse(readFileSync("schema/openapi.json", "utf8"));
	const known = Object.keys(paths).map((path) => new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`));
	const shown = ["README.md", "examples/rest/jobs.sh", "examples/rest/jobs.py", "examples/rest/jobs.go"].flatMap((name) =>
		[...readFileSync(name, "utf8").matchAll(/(?:\/v1\/|"\/?)((?:jobs|events|history|cursors)(?:[/?][^"`'\s]*|(?=["'`\s])))/g)].map(
			([, path = ""]) => `/v1/${path.replace(/"\+j\.ID\+"/g, "ID")}`,
		),
	);
	assert.ok(shown.length > 8, shown.join(" "));
	for (const address of shown) {
		const path = address.replace(/\?.*/s, "").replace(/\/$/, "");
		assert.ok(
			known.some((one) => one.test(path)),
			address,
		);
	}
});
