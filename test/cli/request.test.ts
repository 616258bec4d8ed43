/** `chore request`: HTTP jobs from the command line, against a server on loopback. What it asks, what is well, and where secrets are. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { describe, test } from "node:test";
import type { Job } from "../../src/index.ts";
import { Cli, errorIn, type HowToRun, type Outcome, PATIENCE } from "../support/cli.ts";
import { eventually, noProc } from "../support/eventually.ts";
import { serve, type Web } from "../support/web.ts";

/** Answers with the status that the path names. */
function statuses(): Promise<Web> {
	return serve(({ path }, response) => {
		response.statusCode = Number(path.slice(1, 4)) || 200;
		response.end("body");
	});
}

/** Makes a request and stays for the end. @returns what the command said, and the job as it is shown then */
async function request(cli: Cli, words: readonly string[], how: HowToRun = {}): Promise<Outcome & { readonly job: Job }> {
	const outcome = await cli.run(["request", "-n", "asked", "--if-running", "replace", "-f", ...words], how);
	return { ...outcome, job: await cli.job("asked") };
}

describe("chore request", () => {
	test("--follow prints the body as it is, and exits with 22 for a status that is not expected", PATIENCE, async () => {
		await using cli = new Cli();
		await using web = await statuses();
		const table: readonly (readonly [status: number, expect: string | undefined, exit: number])[] = [
			[200, undefined, 0],
			[204, undefined, 0],
			[302, undefined, 22],
			[404, undefined, 22],
			[500, undefined, 22],
			[200, "200,204", 0],
			[201, "200,204", 22],
			[404, "4xx", 0],
			[200, "4xx", 22],
			[418, "2xx, 418", 0],
		];
		const seen = await Promise.all(
			table.map(async ([status, expect], index) => {
				const words = ["request", "-q", "-f", "-n", `r${index}`, ...(expect === undefined ? [] : ["--expect", expect])];
				const outcome = await cli.call(...words, `${web.url}/${status}`);
				assert.equal(outcome.stdout, status === 204 ? "" : "body", `${status} ${expect}`);
				assert.equal((await cli.job(`r${index}`)).request?.response?.status, status);
				return [status, expect, outcome.status];
			}),
		);
		assert.deepEqual(seen, table);
		const { status, stdout } = await cli.call("status", "r3");
		assert.equal(status, 3);
		assert.match(stdout, /^r3 \(\w+\) failed: status 404 after /);
		assert.match(stdout, new RegExp(`^ {2}request +GET ${web.url}/404\n`, "m"));
		assert.match(stdout, new RegExp(`^ {2}response +status 404, 4 B from ${web.address}, .* s$`, "m"));
		assert.match((await cli.call("ps", "-a")).stdout, new RegExp(`^r3 .* failed, status 404 .* GET ${web.url}/404$`, "m"));
	});

	test("what keeps a response from coming is told in words, with curl's exit code", PATIENCE, async () => {
		await using cli = new Cli();
		await using web = await serve((_, response) => response.write("part"));
		const table: readonly (readonly [words: readonly string[], exit: number, told: string])[] = [
			[["http://127.0.0.1:1/"], 7, "no connection"],
			[["http://nobody.invalid/"], 6, "unknown host"],
			[["--max-time", "0.2", web.url], 28, "timed out"],
		];
		for (const [words, exit, told] of table) {
			const { status, stderr, job } = await request(cli, words);
			assert.equal(status, exit, stderr);
			assert.match(stderr, new RegExp(`asked \\(\\w+\\) failed: ${told}, exit code ${exit} `));
			assert.match(stderr, new RegExp(`^curl: \\(${exit}\\) `, "m"));
			assert.deepEqual([job.result, job.request?.response?.status], ["exit-code", exit === 28 ? 200 : null]);
		}
	});

	test("--timeout bounds all of it, as the time limit of any job", PATIENCE, async () => {
		await using cli = new Cli();
		await using web = await serve(() => {});
		const { status, job } = await request(cli, ["--timeout", "0.3", "--grace", "0", web.url]);
		assert.deepEqual([status, job.result, job.request?.response], [124, "timeout", null]);
	});

	test(
		"--retries tries again, also where a connection is refused at first, counts, and gives back the last body alone",
		PATIENCE,
		async () => {
			await using cli = new Cli();
			await using web = await serve((_, response, nth) => {
				if (nth < 2) response.writeHead(503, { "Retry-After": "1" });
				response.end(`answer ${nth}`);
			});
			const [{ stdout, stderr, job }, refused] = await Promise.all([
				request(cli, ["--retries", "2", web.url]),
				cli.chore("request", "-n", "refused", "--wait", "--retries", "1", "http://127.0.0.1:1/"),
			]);
			assert.deepEqual([stdout, job.request?.response?.tries, job.request?.retries, web.asked.length], ["answer 2", 2, 2, 2]);
			assert.match(stderr, /^Warning: Problem.*HTTP error.* 2 retries left/m);
			assert.deepEqual([refused.status, (await cli.job("refused")).request?.response?.tries], [7, 2]);
		},
	);

	test("--location goes where a redirect leads, but to no file", PATIENCE, async () => {
		await using cli = new Cli();
		await using web = await serve(({ path }, response) => {
			if (path === "/there?token=hush") response.end("there");
			else response.writeHead(302, { location: path === "/file" ? "file:///etc/passwd" : "/there?token=hush" }).end("moved");
		});
		const stays = await request(cli, [`${web.url}/moved`]);
		assert.deepEqual([stays.status, stays.stdout, stays.job.request?.response?.status], [22, "moved", 302]);
		const goes = await request(cli, ["-L", "-d", "x", `${web.url}/moved`]);
		assert.deepEqual([goes.status, goes.stdout, goes.job.request?.response?.url], [0, "there", `${web.url}/there`]);
		assert.deepEqual(
			web.asked.slice(-2).map(({ method }) => method),
			["POST", "GET"],
		);
		const { stdout } = await cli.call("status", "asked");
		assert.ok(stdout.includes(`, by a redirect to ${web.url}/there\n`) && !stdout.includes("hush"), stdout);
		const file = await request(cli, ["-L", `${web.url}/file`]);
		assert.deepEqual([file.status, file.job.request?.response?.status], [1, 302]);
		assert.doesNotMatch(file.stdout, /root/);
	});

	test("the body is a text, a file that is read at each start, or standard input", PATIENCE, async () => {
		await using cli = new Cli();
		await using web = await statuses();
		const bytes = Buffer.from("a\0\r\n\xff", "latin1");
		cli.file("project/body", "one");
		await request(cli, ["-d", "", web.url]);
		await request(cli, ["-d", "a\r\n$HOME é", web.url]);
		await request(cli, ["-d", "@-", "-X", "PUT", web.url], { input: bytes });
		const { job } = await request(cli, ["-d", "@body", "-H", "content-type: text/plain", web.url]);
		cli.file("project/body", "two");
		const set = await cli.call("set", job.id, "--output", "merged", "--timeout", "50");
		assert.equal(set.status, 0, set.stderr);
		assert.match((await cli.call("set", job.id, "--", "true")).stderr, /an HTTP job has no command of its own/);
		assert.equal((await cli.call("start", job.id)).status, 0);
		await cli.call("wait", job.id);
		assert.deepEqual(
			web.asked.map(({ method, headers, body }) => [method, headers["content-type"], body.toString("latin1")]),
			[
				["POST", "application/x-www-form-urlencoded", ""],
				["POST", "application/x-www-form-urlencoded", Buffer.from("a\r\n$HOME é").toString("latin1")],
				["PUT", "application/x-www-form-urlencoded", bytes.toString("latin1")],
				["POST", "text/plain", "one"],
				["POST", "text/plain", "two"],
			],
		);
		rmSync(`${cli.directory}/body`);
		const { status, stderr } = await cli.call("start", job.id);
		assert.deepEqual([status, web.asked.length], [2, 5]);
		assert.match(stderr, /cannot read the job's input from .*body: no such file/);
	});

	test("50 MB arrive byte for byte, and lie there once", PATIENCE, async () => {
		await using cli = new Cli();
		const body = Buffer.alloc(50_000_000, randomBytes(999_983));
		await using web = await serve((_, response) => response.end(body));
		const { status } = await cli.call("request", "--wait", "-n", "asked", web.url);
		const job = await cli.job("asked");
		assert.deepEqual([status, job.request?.response?.receivedBytes, job.output.bytes], [0, body.length, body.length]);
		const hash = (bytes: Buffer) => createHash("sha1").update(bytes).digest("hex");
		assert.equal(hash(readFileSync(job.output.paths[0] ?? "")), hash(body));
		assert.ok(!existsSync(`${cli.runFolder(job.id)}/body`));
	});

	test("a secret is in curl's config file, and nowhere else", { ...PATIENCE, skip: noProc }, async () => {
		await using cli = new Cli();
		await using web = await serve((_, response) => response.write("part"));
		const url = web.url.replace("//", "//me:hush1@");
		const headers = cli.file("headers", "Authorization: hush2\r\n\nX-Key: hush3\n");
		const body = ["-d", "@-"];
		const outcome = await cli.run(["--json", "request", "-n", "asked", "--header-file", headers, ...body, `${url}/p?q=hush4#hush5`], {
			input: "hush6",
		});
		assert.equal(outcome.status, 0, outcome.stderr);
		const { id, request: shown } = JSON.parse(outcome.stdout) as Job;
		assert.deepEqual([shown?.url, shown?.headers], [`${web.url}/p`, ["Authorization", "X-Key"]]);
		await eventually("the request is under way", () => web.asked.length === 1);
		const pids = cli.processes();
		assert.ok(pids.length >= 2, `${pids}`);
		for (const pid of pids) {
			for (const file of ["cmdline", "environ"]) assert.doesNotMatch(readFileSync(`/proc/${pid}/${file}`, "latin1"), /hush/, file);
		}
		await cli.chore("stop", "--grace", "0", "asked");
		for (const words of [["ps", "-a"], ["status"], ["events"], ["history"], ["logs"]])
			for (const json of [[], ["--json"]]) {
				const { stdout, stderr } = await cli.call(...json, ...words);
				assert.doesNotMatch(stdout + stderr, /hush/, words.join(" "));
			}
		const files = readdirSync(cli.state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
		const paths = files.map(({ parentPath, name }) => `${parentPath}/${name}`);
		const holders = paths.filter((path) => readFileSync(path, "latin1").includes("hush"));
		assert.deepEqual(
			holders.sort(),
			["curl", "data"].map((name) => `${cli.jobFolder(id)}/${name}`),
		);
		for (const path of holders) assert.equal(statSync(path).mode & 0o777, 0o600, path);
		const [asked] = web.asked;
		assert.deepEqual([asked?.headers.authorization, asked?.headers["x-key"], asked?.path], ["hush2", "hush3", "/p?q=hush4"]);
		assert.equal(asked?.body.toString(), "hush6");
	});

	test("user and password of the URL are sent as Basic authentication", PATIENCE, async () => {
		await using cli = new Cli();
		await using web = await statuses();
		await request(cli, [web.url.replace("//", "//m%20e:p%22%5C%40w@")]);
		await request(cli, [web.url.replace("//", "//me@")]);
		assert.deepEqual(
			web.asked.map(({ headers }) => Buffer.from(headers.authorization?.split(" ")[1] ?? "", "base64").toString()),
			['m e:p"\\@w', "me:"],
		);
	});

	test("headers arrive as they are written, whatever is in them", PATIENCE, async () => {
		await using cli = new Cli();
		await using web = await statuses();
		const value = `"q\\" \\ \\n $HOME %h \`id\` 'x' # : @/etc/passwd {1,2} é`;
		const { status } = await request(cli, [
			"-H",
			`X-A: ${value}`,
			"-H",
			"X-B:1",
			"-H",
			"X-B: 2 ",
			"-H",
			"Accept:",
			`${web.url}/{a,b}[1-3]`,
		]);
		const [{ headers, path } = assert.fail()] = web.asked;
		assert.equal(status, 0);
		assert.equal(Buffer.from(String(headers["x-a"]), "latin1").toString(), value);
		assert.deepEqual([headers["x-b"], headers.accept, path], ["1, 2", undefined, "/%7Ba,b%7D[1-3]"]);
	});

	test("what cannot be asked is refused without showing it, and leaves nothing", PATIENCE, async () => {
		await using cli = new Cli();
		const ok = "http://127.0.0.1:1/";
		const table: readonly (readonly [words: readonly string[], why: RegExp])[] = [
			[["hush"], /the URL cannot be read/],
			[["file:///etc/hush"], /the URL is neither of http nor of https/],
			[["http://127.0.0.1:1/\nhush"], /the URL holds a control character/],
			[["http://a%3Ahush:x@127.0.0.1:1/"], /the user or the password in the URL holds a colon/],
			[["http://a:hush%0a@127.0.0.1:1/"], /holds a control character/],
			[["-H", "hush", ok], /header 1 has no name/],
			[["-H", "X-A: a", "-H", "hu sh: x", ok], /the name of header 2 is none/],
			[["-H", "X-A: hush\r\nX-B: x", ok], /the header X-A holds a control character/],
			[["-H", `X-A: hush${"x".repeat(40_000)}`, ok], /the header X-A is longer than/],
			[["--header-file", "nothing", ok], /cannot read the headers in nothing/],
			[["-X", "GE T", ok], /"GE T" is no method/],
			[["--expect", "99", ok], /"99" can be expected/],
			[["--expect", "", ok], /"" can be expected/],
			[["-d", "@nothing", ok], /cannot read the job's input from .*nothing/],
			[["--cacert", "nothing", ok], /cannot read the certificates from .*nothing/],
			[["--max-time", "0", ok], /the time limit of a try must be 1 ms or more/],
			[["--retries", "-1", ok], /negative/],
			[["--if-running", "skip", ok], /needs a name/],
			[[], /missing required argument/],
			[[ok, "hush"], /too many arguments/],
		];
		for (const [words, why] of table) {
			const { status, stdout, stderr } = await cli.call("request", ...words);
			assert.deepEqual([status, stdout], [2, ""], `${words}: ${stderr}`);
			assert.match(stderr, why);
			assert.doesNotMatch(stderr, /hush/);
		}
		assert.deepEqual(await cli.list(), []);
	});

	test("without curl, or with one that is too old, nothing is started", PATIENCE, async () => {
		await using cli = new Cli();
		const under = (path: string) => cli.chore("--json", "request", "-E", `PATH=${path}`, "http://127.0.0.1:1/");
		const none = await under(`${cli.folder}/home`);
		assert.deepEqual([none.status, errorIn(none).code], [127, "COMMAND_NOT_FOUND"]);
		assert.match(errorIn(none).hint ?? "", /curl\(1\)/);
		for (const [line, why] of [
			["curl 7.66.9 (x)", /version 7\.66, and requests need 7\.67 or later/],
			["wget 9", /does not tell its version/],
		] as const) {
			cli.file("home/curl", `#!/bin/sh\necho '${line}'\n`, 0o755);
			const old = await under(`${cli.folder}/home`);
			assert.deepEqual([old.status, errorIn(old).code], [126, "COMMAND_NOT_EXECUTABLE"]);
			assert.match(errorIn(old).message, why);
		}
		assert.deepEqual(await cli.list(), []);
	});

	test("a job is started again after its state folder has moved", PATIENCE, async () => {
		await using cli = new Cli();
		await using web = await statuses();
		await request(cli, ["-d", "x", web.url]);
		const moved = `${cli.folder}/moved`;
		renameSync(cli.state, moved);
		const env = { CHORE_HOME: moved };
		await cli.run(["start", "asked"], { env });
		const { status, stderr } = await cli.run(["wait", "asked"], { env });
		assert.deepEqual([status, web.asked.map(({ body }) => body.toString())], [0, ["x", "x"]], stderr);
	});

	test("the output is one file with --output merged, and none with null; the tries are counted all the same", PATIENCE, async () => {
		await using cli = new Cli();
		await using web = await serve(({ path }, response, nth) => {
			response.statusCode = web.asked.filter((one) => one.path === path).length < 2 ? 503 : 200;
			response.end(nth > 0 ? "body" : "");
		});
		const [merged, thrown] = await Promise.all(
			["merged", "null"].map(async (mode) => {
				await cli.chore("request", "-n", mode, "--wait", "--retries", "1", "--output", mode, `${web.url}/${mode}`);
				return cli.job(mode);
			}),
		);
		assert.deepEqual([merged?.request?.response?.tries, thrown?.request?.response?.tries], [2, 2]);
		assert.match(readFileSync(merged?.output.paths[0] ?? "", "utf8"), /^Warning: Problem.*\nbody$/s);
		assert.deepEqual(thrown?.output.paths, []);
	});

	test("a file of headers may be a descriptor of the shell", PATIENCE, async () => {
		await using cli = new Cli();
		await using web = await statuses();
		const { status, stderr } = await cli.shell(`chore request --wait --header-file /dev/fd/7 ${web.url} 7<<END\nX-Key: k\nEND`);
		assert.deepEqual([status, web.asked[0]?.headers["x-key"]], [0, "k"], stderr);
	});
});
