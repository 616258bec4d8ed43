/** The page in a real browser, with a real server behind TLS. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { hashPassword } from "../../src/api/identity/password.ts";
import { Cli, PATIENCE, type Running } from "../support/cli.ts";
import { eventually, HANGS_MS } from "../support/eventually.ts";

const CHROMIUM = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => path && existsSync(path));
const skip = CHROMIUM === undefined && "there is no chromium: apt-get install chromium, or set CHROMIUM";

const HOSTILE = `<img src=x onerror="document.title='owned'">`;

describe("the page in a browser", { ...PATIENCE, skip }, () => {
	let home: Cli;
	let browser: Browser;
	let server: Running;
	let origin: string;

	before(async () => {
		home = new Cli({ CHORE_SESSION: "alice" });
		await home.chore("cert", "init");
		const made = await home.chore("cert", "new", "alice", "--role", "read", "--directory", `${home.folder}/project`);
		assert.equal(made.status, 0, made.stderr);
		const clients = `${home.folder}/home/.config/chore/serve/clients`;
		const hash = await hashPassword("secret", { N: 2, r: 8, p: 1 });
		writeFileSync(`${clients}/bob.toml`, `password = "${hash}"\nsessions = ["alice", "bob"]\nrole = "read"\n`, { mode: 0o600 });
		await serve("127.0.0.1:0");
		const args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run"];
		browser = await chromium.launch({ executablePath: CHROMIUM ?? "", args });
	});

	after(async () => {
		await browser?.close();
		await home[Symbol.asyncDispose]();
	});

	async function serve(place: string): Promise<void> {
		server = home.start(["serve", "--listen", place]);
		const said = await eventually("it listens", () => /https:\/\/\S+:(\d+)/.exec(server.stderr()) ?? undefined);
		origin = `https://localhost:${said[1]}`;
	}

	/** Opens the page. What the browser complains of, but that a server is away, is a failure. */
	async function open(path: string, options: BrowserContextOptions = {}): Promise<Page & AsyncDisposable> {
		const [certPath, keyPath] = [`${home.folder}/project/alice.pem`, `${home.folder}/project/alice.key`];
		const context = await browser.newContext({ ignoreHTTPSErrors: true, clientCertificates: [{ origin, certPath, keyPath }], ...options });
		const page = await context.newPage();
		page.setDefaultTimeout(HANGS_MS / 2);
		const complaints: string[] = [];
		page.on("console", (message) => /Security Policy|Uncaught/.test(message.text()) && complaints.push(message.text()));
		page.on("pageerror", (error) => complaints.push(error.message));
		await page.goto(`${origin}/${path}`);
		return Object.assign(page, {
			async [Symbol.asyncDispose]() {
				await context.close();
				assert.deepEqual(complaints, []);
			},
		});
	}

	/** Starts a job, and waits for its end. @returns its id */
	async function ended(...words: readonly string[]): Promise<string> {
		const id = await home.begin(...words);
		assert.equal((await home.chore("wait", id)).status, 0);
		return id;
	}

	/** Whether all of the page can be seen without moving it sideways. */
	function fits(page: Page): Promise<boolean> {
		return page.evaluate("document.documentElement.scrollWidth <= innerWidth");
	}

	test("shows the jobs, and the state and output of one as they come, on a phone, too", async () => {
		const go = `${home.folder}/go`;
		const line = `: '${HOSTILE}'; echo first; until [ -e ${go} ]; do sleep 0.05; done; printf '%s\\n' '${HOSTILE}' second; exit 3`;
		const id = await home.begin("-n", "web", "--description", HOSTILE, "--", "sh", "-c", line);
		await using page = await open("", { viewport: { width: 390, height: 844 } });
		const row = page.getByRole("row", { name: "web" });
		await row.getByText("running").waitFor();
		assert.ok(await fits(page));
		await page.getByRole("searchbox").fill("nothing has this");
		await page.getByText("No job fits.").waitFor();
		await page.getByRole("searchbox").fill("RUNNING onerror");
		await page.getByRole("link", { name: "web" }).click();
		await page.getByText("first", { exact: true }).waitFor();
		assert.equal(new URL(page.url()).hash, `#/job/${id}`);
		assert.equal(await page.evaluate("document.activeElement.textContent"), "web");
		await page.getByText("Details").click();
		await page.getByRole("definition").getByText(HOSTILE, { exact: true }).waitFor();
		writeFileSync(go, "");
		await page.getByText("second", { exact: true }).waitFor();
		await page.getByText("failed: exit code 3 after").waitFor();
		assert.ok(await fits(page));
		assert.deepEqual([await page.locator("img").count(), await page.title()], [0, "web: failed, code 3 – chore"]);
		await page.getByRole("link", { name: "All jobs" }).click();
		await row.getByText("failed, code 3").waitFor();
		await page.getByRole("searchbox").fill("nothing has this");
		await page.getByRole("checkbox", { name: "All jobs" }).check();
		await page.getByText("No job fits.").waitFor();
		assert.equal(new URL(page.url()).hash, "#/?all=");
	});

	test("shows when a scheduled job is run next, and says of a job that is not there that it is not", async () => {
		await home.begin("-n", "nightly", "--on-calendar", "*-*-* 03:00:00", "--wake", "tick", "--", "true");
		await using page = await open("");
		await page
			.getByRole("row", { name: "nightly" })
			.getByText(/03:00:00 \(in /)
			.waitFor();
		await page.getByRole("link", { name: "nightly" }).click();
		await page.getByText("It has not been run yet.").waitFor();
		await page.getByText(/^(\S+ )?03:00:00(; \S+ 03:00:00){2}$/).waitFor();
		await page.goto(`${origin}/#/job/nobody`);
		await page.getByText('no job named "nobody"').waitFor();
		assert.equal(await page.getByText("Output").isVisible(), false);
	});

	test("is light or dark as the browser wants it", async () => {
		await using page = await open("");
		const seen = [];
		for (const colorScheme of ["light", "dark"] as const) {
			await page.emulateMedia({ colorScheme });
			seen.push(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
		}
		assert.deepEqual(seen, ["rgb(255, 255, 255)", "rgb(21, 24, 27)"]);
	});

	test("loads the end of a long output, and what is before it on request, each byte once", async () => {
		const id = await ended("-n", "long", "--", "seq", "1", "60000");
		await using page = await open(`#/job/${id}`);
		await page.getByText("60000", { exact: true }).waitFor();
		const lines = async () =>
			String(await page.evaluate("document.querySelector('#log').innerText"))
				.trim()
				.split("\n");
		assert.ok((await lines()).length < 50_000);
		await page.getByRole("searchbox").fill("59998");
		await page.getByText("1 of 1 lines in what is shown").waitFor();
		await page.getByRole("button", { name: "Earlier output" }).click();
		await page.getByRole("button", { name: "Earlier output" }).waitFor({ state: "hidden" });
		assert.deepEqual(
			await lines(),
			Array.from({ length: 60_000 }, (_, index) => String(index + 1)),
		);
	});

	test("keeps no more than the end of what it follows", async () => {
		const go = `${home.folder}/go-on`;
		const line = `until [ -e ${go} ]; do sleep 0.05; done; yes $(printf %0200d 0) | head -n 15000; echo the end`;
		const id = await home.begin("-n", "much", "--", "sh", "-c", line);
		await using page = await open(`#/job/${id}`);
		await page.getByText("running for").waitFor();
		await page.getByRole("checkbox", { name: "Follow" }).waitFor();
		writeFileSync(go, "");
		await page.getByText("the end", { exact: true }).waitFor();
		const length = Number(await page.evaluate("document.querySelector('#log').textContent.length"));
		assert.ok(length > 200_000 && length < 2_200_000, `${length} characters of 3,015,008 bytes`);
	});

	test("shows split output apart, and the runs that were before", async () => {
		const id = await ended("-n", "split", "--output", "split", "--", "sh", "-c", "echo to-stdout; echo to-stderr >&2");
		await home.chore("start", id);
		await home.chore("wait", id);
		await using page = await open(`#/job/${id}`);
		await page.getByText("to-stdout", { exact: true }).waitFor();
		assert.equal(await page.getByText("to-stderr", { exact: true }).count(), 0);
		await page.getByRole("link", { name: "stderr" }).click();
		await page.getByText("to-stderr", { exact: true }).waitFor();
		assert.equal(await page.getByText("to-stdout", { exact: true }).count(), 0);
		await page.getByText("Runs", { exact: true }).click();
		await page.getByRole("link", { name: "run 1 succeeded" }).click();
		await page.getByText(/run 1 succeeded.*\(shown\)/).waitFor();
	});

	test("lets a client with a password in by the browser's own dialog, who can choose a session", async () => {
		await using page = await open("#/?session=bob", { clientCertificates: [], httpCredentials: { username: "bob", password: "secret" } });
		await page.getByText("No job is active or has ended lately.").waitFor();
		await page.getByLabel("session").selectOption("alice");
		await page.getByRole("link", { name: "split" }).waitFor();
	});

	test("says that the server is away, and goes on when it is back", async () => {
		await using page = await open("");
		await page.getByRole("link", { name: "split" }).waitFor();
		server.child.kill("SIGKILL");
		await server.ended;
		await page.getByText("The server does not answer.").waitFor();
		await serve(`127.0.0.1:${new URL(origin).port}`);
		await page.getByText("The server does not answer.").waitFor({ state: "hidden" });
		await home.begin("-n", "afterwards", "--", "true");
		await page.getByRole("link", { name: "afterwards" }).waitFor();
	});
});
