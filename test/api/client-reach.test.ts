/** How the client reaches servers: over TLS, a unix socket and ssh; and which sentence tells that it cannot. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { readAddress } from "../../src/client/address.ts";
import { type ConnectOptions, connect } from "../../src/client/index.ts";
import { isChoreError, type Jobs } from "../../src/index.ts";
import { StandIn } from "./stand-in.ts";

const folder = mkdtempSync(join(tmpdir(), "chore-reach-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Pair {
	readonly cert: string;
	readonly key: string;
}

/** A self-signed certificate by openssl(1). With fewer days than 0 it has expired. */
function certificate(name: string, subjectAltName: string, days = 30): Pair {
	const path = (ending: string): string => join(folder, `${name}.${ending}`);
	const [cert, key, request, extensions] = [path("pem"), path("key"), path("csr"), path("ext")];
	const openssl = (...words: readonly string[]) => execFileSync("openssl", words, { stdio: "ignore" });
	writeFileSync(extensions, `basicConstraints=critical,CA:FALSE\nsubjectAltName=${subjectAltName}\n`);
	const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", `/CN=${name}`];
	openssl("req", "-new", ...kind, "-keyout", key, "-out", request);
	openssl("x509", "-req", "-in", request, "-signkey", key, "-days", String(days), "-extfile", extensions, "-out", cert);
	return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}

const server = certificate("server", "DNS:localhost,IP:127.0.0.1");
const client = certificate("client", "DNS:client");
const expired = certificate("expired", "DNS:localhost", -1);

const jobs = { list: async () => [] } as unknown as Jobs;
const tls = { ...server, requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.3" } as const;

/** @returns what the client says of the server, as "CODE: message" */
async function said(url: string, options: ConnectOptions = {}): Promise<string> {
	try {
		await using remote = await connect(url, options);
		await remote.list();
		return "it answers";
	} catch (error) {
		if (isChoreError(error)) return `${error.code}: ${error.message}`;
		throw error;
	}
}

async function portOf(listener: Server): Promise<number> {
	await new Promise<void>((listening) => listener.listen(0, "127.0.0.1", listening));
	return (listener.address() as AddressInfo).port;
}

describe("over TLS", () => {
	test("the client shows its certificate to the server that it knows, by name and by number", async () => {
		await using standIn = new StandIn(jobs, tls);
		const port = await standIn.listen(0);
		const seen: (string | undefined)[] = [];
		standIn.harm.asked = (_, stream) => {
			const socket = stream.session?.socket as TLSSocket;
			seen.push(socket.getPeerX509Certificate()?.subject, socket.getProtocol() ?? "");
			return false;
		};
		const own = { ca: server.cert, certificate: client.cert, key: client.key };
		assert.equal(await said(`https://localhost:${port}`, own), "it answers");
		assert.equal(await said(`https://127.0.0.1:${port}/`, own), "it answers");
		assert.deepEqual(seen, ["CN=client", "TLSv1.3", "CN=client", "TLSv1.3"]);
	});

	test("user and password are sent, and shown in no message", async () => {
		await using standIn = new StandIn(jobs, tls);
		const port = await standIn.listen(0);
		const url = `https://alice:s%20t@localhost:${port}`;
		assert.equal(await said(url, { ca: server.cert, session: "night" }), "it answers");
		const headers = standIn.asked[0]?.headers;
		assert.deepEqual(
			[headers?.authorization, headers?.["chore-session"]],
			[`Basic ${Buffer.from("alice:s t").toString("base64")}`, "night"],
		);
		await standIn.close();
		assert.equal(await said(url), `SERVER_UNREACHABLE: nothing listens at https://alice@localhost:${port}`);
	});

	test("it is said which certificate is wrong, and how", async () => {
		await using standIn = new StandIn(jobs, tls);
		const port = await standIn.listen(0);
		await using old = new StandIn(jobs, { ...expired, minVersion: "TLSv1.3" });
		const oldPort = await old.listen(0);
		await using strict = new StandIn(jobs, { ...tls, rejectUnauthorized: true });
		const strictPort = await strict.listen(0);
		const unknown = await said(`https://localhost:${port}`, { ca: client.cert });
		assert.match(unknown, /^SERVER_UNREACHABLE: the server at .* shows another certificate than the one that is trusted$/);
		assert.match(await said(`https://localhost:${port}`), /^SERVER_UNREACHABLE: no authority that is known here vouches for the server/);
		assert.match(await said(`https://localhost:${oldPort}`, { ca: expired.cert }), /^SERVER_UNREACHABLE: the certificate .* has expired$/);
		assert.match(await said(`https://127.0.0.1:${oldPort}`, { ca: expired.cert }), /has expired|for another name/);
		assert.match(
			await said(`https://localhost:${strictPort}`, { ca: server.cert }),
			/^SERVER_UNREACHABLE: the server at .* wants a certificate of this client$/,
		);
		const key = await said("https://localhost", { certificate: client.cert, key: server.key });
		assert.equal(key, "INVALID_ARGUMENT: the key is not that of the certificate");
		assert.match(
			await said("https://localhost", { certificate: "no PEM", key: "" }),
			/^INVALID_ARGUMENT: the certificates or the key cannot be used/,
		);
	});

	test("a certificate for another name is refused, and its names are told", async () => {
		const other = certificate("other", "DNS:other.example");
		await using standIn = new StandIn(jobs, { ...other, minVersion: "TLSv1.3" });
		const port = await standIn.listen(0);
		assert.match(
			await said(`https://localhost:${port}`, { ca: other.cert }),
			/^SERVER_UNREACHABLE: .* is for another name: other\.example$/,
		);
	});

	test("another server is not taken for one of chore", async () => {
		const web = createHttpServer((_, response) => response.end("hello"));
		const port = await portOf(web);
		assert.match(await said(`https://localhost:${port}`), /^SERVER_UNREACHABLE: .* does not speak TLS$/);
		await using old = new StandIn(jobs, { ...server, maxVersion: "TLSv1.2" });
		const oldPort = await old.listen(0);
		assert.match(await said(`https://localhost:${oldPort}`, { ca: server.cert }), /^SERVER_UNREACHABLE: .* has no TLS 1\.3$/);
		web.close();
	});
});

describe("over a unix socket", () => {
	test("it is said that there is none, that nobody listens, or that it is no server of chore", async () => {
		const path = join(folder, "web.sock");
		assert.equal(await said(`unix:${path}`), `SERVER_UNREACHABLE: there is no socket at unix:${path}`);
		const web = createHttpServer((_, response) => response.end("hello"));
		await new Promise<void>((listening) => web.listen(path, listening));
		assert.match(await said(`unix:${path}`), /^SERVER_UNREACHABLE: what listens at unix:.* does not speak HTTP\/2$/);
		web.closeAllConnections();
		await new Promise((closed) => web.close(closed));
		const silent = createServer((socket) => socket.end());
		await new Promise<void>((listening) => silent.listen(path, listening));
		assert.match(await said(`unix:${path}`), /^SERVER_UNREACHABLE: unix:.* cannot be reached/);
		silent.close();
	});
});

describe("by ssh", () => {
	const before = process.env["PATH"];
	after(() => {
		process.env["PATH"] = before;
	});

	/** An ssh that takes options as ssh(1) does, notes its words, and does this. */
	function ssh(line: string): void {
		const words = `printf '%s\\n' "$*" >>'${folder}/words'; while [ "$1" != -- ]; do shift; done; shift 2`;
		writeFileSync(join(folder, "ssh"), `#!/bin/sh\n${words}\n${line}\n`, { mode: 0o755 });
		process.env["PATH"] = `${folder}:${before}`;
	}

	test("the words of ssh are shown when it fails, and a missing chore is told", async () => {
		ssh("echo 'ssh: connect to host build port 22: Connection refused' >&2; exit 255");
		assert.equal(
			await said("ssh://me@build:2222"),
			"SERVER_UNREACHABLE: ssh does not reach ssh://me@build:2222: ssh: connect to host build port 22: Connection refused",
		);
		assert.equal(readFileSync(join(folder, "words"), "utf8"), "-T -p 2222 -l me -- build chore serve --stdio\n");
		ssh("sh -c 'no-such-chore serve --stdio'");
		assert.match(await said("ssh://build"), /^SERVER_UNREACHABLE: chore was not found on build: .*no-such-chore/);
		ssh("echo 'chore: unknown command' >&2; exit 2");
		assert.equal(await said("ssh://build"), "SERVER_UNREACHABLE: the server at ssh://build has ended: chore: unknown command");
	});

	test("it is said that there is no ssh", async () => {
		process.env["PATH"] = "/nowhere";
		assert.equal(await said("ssh://build"), "SERVER_UNREACHABLE: there is no ssh here");
	});

	test("the server on the other side of ssh answers, and ssh ends with the connection", async () => {
		const entry = new URL("./stand-in-stdio.js", import.meta.url).pathname;
		ssh(`echo $$ >'${folder}/pid'; exec '${process.execPath}' '${entry}' '${folder}/state'`);
		const remote = await connect("ssh://build");
		assert.deepEqual(await remote.list(), []);
		const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
		await remote.close();
		const { eventually, isRunning } = await import("../support/eventually.ts");
		await eventually("ssh has ended", () => !isRunning(pid));
	});
});

describe("a URL of a server", () => {
	test("is read", () => {
		const kinds = ["unix:/a b", "unix:///a", "unix:a", "https://h", "https://[::1]:8443/", "ssh://u@h:22", "ssh://[::1]"].map(readAddress);
		assert.deepEqual(
			kinds.map((one) => ("path" in one ? one.path : [one.host, one.port, one.user])),
			["/a b", "/a", "a", ["h", 443, ""], ["::1", 8443, ""], ["h", "22", "u"], ["::1", "", ""]],
		);
	});

	test("of another kind is refused, without its password in the message", () => {
		const wrong = [
			"http://h",
			"ftp://h",
			"h",
			"",
			"unix:",
			"https://h/path",
			"https://h?x",
			"ssh://-oProxyCommand=x",
			"ssh://-l@h",
			"ssh://h/p",
			"ssh://u:secret@h",
		];
		for (const url of wrong)
			assert.throws(
				() => readAddress(url),
				(error) => isChoreError(error) && error.code === "INVALID_ARGUMENT" && !error.message.includes("secret"),
				url,
			);
	});
});
