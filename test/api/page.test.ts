/** The page: how it is sent, who gets it, and what of a hostile output is shown. What a browser makes of it is in page-browser. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { PasswordNeeded } from "../../src/api/identity/password.ts";
import { shownParts } from "../../src/api/page/browser/escapes.ts";
import { addressOf, readPlace } from "../../src/api/page/browser/place.ts";
import { ChoreError } from "../../src/index.ts";
import { PATIENCE } from "../support/cli.ts";
import { startServer } from "./server.ts";

const FILES = ["/", "/page.css", "/page.js"];

/** As a browser sends them with what a person opens. */
const OPENING = { accept: "text/html,application/xhtml+xml,*/*;q=0.8", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

const ZIPPED = { "accept-encoding": "gzip, deflate, br, zstd" };

describe("the page of the server", PATIENCE, () => {
	test("is less than 20 kB in all as a browser gets it", async () => {
		await using server = await startServer();
		const answers = await Promise.all(FILES.map((path) => server.ask("GET", path, { headers: ZIPPED })));
		const sent = answers.reduce((sum, { bytes }) => sum + bytes.length, 0);
		assert.deepEqual(
			answers.map(({ status }) => status),
			[200, 200, 200],
		);
		assert.ok(sent < 20_000, `${sent} bytes`);
		const plain = await server.ask("GET", "/page.js");
		assert.equal(gunzipSync(answers[2]?.bytes ?? "").toString(), plain.text);
		assert.equal(plain.headers["content-encoding"], undefined);
	});

	test("may run, load and ask nothing but what is of the server, and has no inline script or style", async () => {
		await using server = await startServer();
		for (const path of FILES) {
			const { headers } = await server.ask("GET", path);
			assert.equal(
				headers["content-security-policy"],
				"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			);
			assert.equal(headers["x-content-type-options"], "nosniff");
			assert.equal(headers["referrer-policy"], "no-referrer");
		}
		const { text, headers } = await server.ask("GET", "/");
		assert.equal(headers["content-type"], "text/html; charset=utf-8");
		assert.doesNotMatch(text, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
	});

	test("is kept by the browser until there is another one", async () => {
		await using server = await startServer();
		const { headers } = await server.ask("GET", "/page.js");
		assert.equal(headers["cache-control"], "private, no-cache");
		const tag = headers.etag ?? "";
		const again = await server.ask("GET", "/page.js", { headers: { "if-none-match": tag } });
		assert.deepEqual([again.status, again.bytes.length, again.headers.etag], [304, 0, tag]);
		const other = await server.ask("GET", "/page.js", { headers: { "if-none-match": '"another"' } });
		assert.equal(other.status, 200);
		const head = await server.ask("HEAD", "/page.js");
		assert.deepEqual([head.status, head.bytes.length], [200, 0]);
		assert.equal((await server.ask("POST", "/")).status, 405);
	});

	test("can be opened by a link of another site, and nothing else can", async () => {
		await using server = await startServer();
		const headers = { ...OPENING, "sec-fetch-site": "cross-site" };
		assert.equal((await server.ask("GET", "/", { headers })).status, 200);
		assert.equal((await server.ask("GET", "/v1/jobs", { headers })).status, 403);
		assert.equal((await server.ask("GET", "/", { headers: { ...headers, "sec-fetch-dest": "iframe" } })).status, 403);
		assert.equal((await server.ask("GET", "/", { headers: { ...headers, "sec-fetch-mode": "no-cors" } })).status, 403);
	});

	test("is not for who is not let in: a browser is told why on a page, a program as JSON", async () => {
		const identify = () => {
			throw new ChoreError("NOT_ALLOWED", "no client has the certificate <i>of</i> you", { hint: "ask for one" });
		};
		await using server = await startServer({ identify });
		const shown = await server.ask("GET", "/", { headers: OPENING });
		assert.deepEqual([shown.status, shown.headers["www-authenticate"]], [403, undefined]);
		assert.match(shown.text, /The server says: no client has the certificate &#60;i&#62;of&#60;\/i&#62; you\.<\/p><p>Hint: ask for one\./);
		assert.match(String(shown.headers["content-security-policy"]), /^default-src 'none'/);
		for (const path of FILES) assert.equal((await server.ask("GET", path)).json.code, "NOT_ALLOWED");
	});

	test("has a browser ask for a name and a password where they would be of use", async () => {
		const identify = () => {
			throw new PasswordNeeded("the name or the password is wrong");
		};
		await using server = await startServer({ identify });
		const shown = await server.ask("GET", "/", { headers: OPENING });
		assert.deepEqual([shown.status, shown.headers["www-authenticate"]], [401, 'Basic realm="chore", charset="UTF-8"']);
		const program = await server.ask("GET", "/v1");
		assert.deepEqual([program.status, program.headers["www-authenticate"]], [403, undefined]);
	});
});

describe("a line of output on the page", () => {
	const cases: readonly (readonly [line: string, shown: string])[] = [
		["plain <b>text</b>\twith a tab", "plain <b>text</b>\twith a tab"],
		["\x1b[32mGET\x1b[0m /", "[green:GET] /"],
		["\x1b[1;31mbad\x1b[22m red\x1b[39m no", "[red bold:bad][red: red] no"],
		["\x1b[38;5;31mlarge table\x1b[m", "large table"],
		["\x1b[97mwhite\x1b[90mgrey", "white[dim:grey]"],
		["10 %\r50 %\r100 %\r", "100 %"],
		["\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "alink"],
		["\x1b[2J\x1b[1;1Hcleared\x1b(B\x1b=\x1b7\x1b8", "cleared"],
		["bell\x07 back\x08space nul\0 c1\x9b31m", "bell backspace nul c131m"],
		["broken \x1b[", "broken ["],
	];
	for (const [line, wanted] of cases) {
		test(`shows ${JSON.stringify(line)} as ${JSON.stringify(wanted)}`, () => {
			const shown = shownParts(line).map(({ text, look }) => (look === "" ? text : `[${look}:${text}]`));
			assert.equal(shown.join(""), wanted);
		});
	}
});

test("an address of the page leads to what it was made of", () => {
	for (const address of ["#/", "#/?all=", "#/job/web", "#/job/a%2Fb?session=x+y&run=2&stream=stderr"])
		assert.equal(addressOf(readPlace(address)), address);
	assert.deepEqual(readPlace("#/job/%zz?run=none"), { job: "%zz", session: undefined, all: false, run: undefined, stream: "stdout" });
	assert.deepEqual(readPlace(""), readPlace("#/"));
});
