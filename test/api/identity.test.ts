/** Who is let in by `chore serve` over TLS, and why others are not: kinds of certificates against a real server. */
import assert from "node:assert/strict";
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { hostname } from "node:os";
import { after, describe, test } from "node:test";
import { checkServerIdentity, connect as connectTls } from "node:tls";
import { makeCertificate, type Wanted } from "../../src/api/identity/certificate.ts";
import { certificatesFile, settingsFile } from "../../src/api/identity/folder.ts";
import { addClient, initServer, removeClient } from "../../src/api/identity/keep.ts";
import { hashPassword } from "../../src/api/identity/password.ts";
import { readCertificates } from "../../src/api/identity/pem.ts";
import { factsOf } from "../../src/api/identity/shown.ts";
import { PATIENCE } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { Authority, type Issued, skipWithoutOpenssl } from "./openssl.ts";
import { type Answer, configure, Serving, type Ticket } from "./serving.ts";

const configuration = configure();

const DAY_MS = 24 * 60 * 60 * 1000;
const at = (days: number) => new Date(Date.now() + days * DAY_MS);

function own(name: string, wishes: Partial<Wanted> = {}): Issued {
	const { certificate: cert, key } = makeCertificate({ name, usage: "client", from: at(-1), until: at(100), ...wishes });
	return { cert, key };
}

/** Puts certificates into the pool as somebody who edits the files does. */
function pool(name: string, ...certificates: readonly Pick<Issued, "cert">[]): void {
	writeFileSync(certificatesFile(serving.folder, name), certificates.map(({ cert }) => cert).join(""), { mode: 0o600 });
}

function fingerprintOf({ cert }: Pick<Issued, "cert">): string {
	const [first] = readCertificates(cert, "it");
	assert.ok(first);
	return factsOf(first).fingerprint;
}

const alice = own("alice");
addClient("alice", alice.cert, "alice", {});
const serving = await Serving.begin();
after(async () => {
	await serving[Symbol.asyncDispose]();
	configuration[Symbol.dispose]();
});

async function letsIn(ticket: Ticket, client: string, role = "run"): Promise<void> {
	const { status, caller, reason } = await serving.ask(ticket);
	assert.deepEqual([status, caller?.client, caller?.role], [200, client, role], reason);
}

async function refuses(ticket: Ticket, reason: RegExp, hint = /^/): Promise<void> {
	const answer = await serving.ask(ticket);
	assert.deepEqual([answer.status, answer.caller], [403, undefined]);
	assert.match(answer.reason ?? "", reason);
	assert.match(answer.hint ?? "", hint);
}

describe("without an authority", PATIENCE, () => {
	test("nobody comes in without a certificate", () => refuses({}, /^no certificate was shown$/));

	test("a certificate of the pool is that of its client, with its days", async () => {
		const { caller } = await serving.ask(alice);
		assert.deepEqual(caller, { client: "alice", role: "run", sessions: ["alice"], quota: {}, daysLeft: 99 });
	});

	test("a renewed certificate is that of the same client, beside the old one", async () => {
		const renewed = own("another name");
		addClient("alice", renewed.cert, "renewed", {});
		await letsIn(renewed, "alice");
		await letsIn(alice, "alice");
	});

	test("a stranger is refused, and told the fingerprint that could be let in", async () => {
		const stranger = own("stranger");
		await refuses(stranger, new RegExp(`^no client has the certificate ${fingerprintOf(stranger)}$`), /chore cert add/);
	});

	test("the same CommonName with another key is a stranger", () => refuses(own("alice"), /^no client has the certificate/));

	for (const [title, wishes, reason] of [
		["that has expired", { from: at(-9), until: at(-1) }, /has expired on \d{4}-\d\d-\d\d/],
		["that is not yet valid", { from: at(1), until: at(9) }, /is not valid before \d{4}/],
		["for servers only", { usage: "server" }, /is not for clients/],
	] as const) {
		test(`a certificate ${title} is refused, though the pool has it`, async () => {
			const one = own("dora", wishes);
			pool("dora", one);
			await refuses(one, reason);
			assert.throws(() => addClient("ernie", one.cert, "it", {}), { message: reason });
		});
	}

	test("a certificate is refused once its time is over, and the connections that it was let in by are cut", async () => {
		await using connection = await Following.open(alice);
		serving.aheadMs = 101 * DAY_MS;
		try {
			await refuses(alice, /has expired on/);
			serving.identity.reload(); // as its clock does from time to time
			await connection.closed;
		} finally {
			serving.aheadMs = 0;
		}
	});

	test("two clients with one certificate are both refused", async () => {
		const shared = own("shared");
		pool("frank", shared);
		pool("grace", shared);
		await refuses(shared, /^frank and grace have the same certificate .*, so it is that of neither$/);
	});

	test("a client whose settings cannot be read is refused, the others are not", async () => {
		const heidi = own("heidi");
		pool("heidi", heidi);
		await letsIn(heidi, "heidi");
		writeFileSync(settingsFile(serving.folder, "heidi"), 'role = "king"\n', { mode: 0o600 });
		await refuses(heidi, /^the server cannot read what heidi may do$/);
		await letsIn(alice, "alice");
		assert.match(serving.told.join("\n"), /heidi is not let in: .*heidi\.toml: role must be one of read, run, admin, not "king"/);
	});

	test("a client has the role, the sessions and the bounds that its settings say, from the next request on", async () => {
		const ivan = own("ivan");
		addClient("ivan", ivan.cert, "it", { role: "read", sessions: ["*", "builds"] });
		appendFileSync(settingsFile(serving.folder, "ivan"), 'max_jobs = 3\nslice = "ivan.slice"\nkeep_bytes = 0\n');
		const quota = { maxJobs: 3, keepBytes: 0, slice: "ivan.slice" };
		const expected = { client: "ivan", role: "read", sessions: ["ivan", "*", "builds"], quota, daysLeft: 99 };
		await eventually("the settings count", async () => JSON.stringify((await serving.ask(ivan)).caller), JSON.stringify(expected));
	});

	test("what is written into the list of the revoked is refused, though the pool has it", async () => {
		const judy = own("judy");
		pool("judy", judy);
		await letsIn(judy, "judy");
		const colons = fingerprintOf(judy).toUpperCase().match(/../g)?.join(":");
		writeFileSync(serving.folder.revoked, `# lost\nsha256 Fingerprint=${colons} # judy\nnonsense\n`, { mode: 0o600 });
		await refuses(judy, /is revoked$/);
		assert.match(serving.told.join("\n"), /revoked:3 is no fingerprint: nonsense/);
		rmSync(serving.folder.revoked);
	});
});

describe("certificates of openssl", { ...PATIENCE, skip: skipWithoutOpenssl }, () => {
	const authority = new Authority(configuration.path, "root");
	const below = new Authority(configuration.path, "below", authority);
	const other = new Authority(configuration.path, "other");
	const chained = (issued: Issued, ...above: readonly { readonly cert: string }[]): Issued => ({
		...issued,
		cert: issued.cert + above.map(({ cert }) => cert).join(""),
	});
	const carol = authority.issue({ subject: "/CN=carol" });
	/** A client of the pool with a certificate as `openssl req -x509` makes it: it could issue others. */
	const mallory = new Authority(configuration.path, "mallory");
	const forged = mallory.issue({ subject: "/CN=alice" });

	test("a certificate without an extended key usage is let in by the pool", async () => {
		const kate = authority.issue({ subject: "/CN=kate", extensions: ["basicConstraints=CA:FALSE"] });
		pool("kate-of-the-pool", kate);
		await letsIn(kate, "kate-of-the-pool");
		rmSync(certificatesFile(serving.folder, "kate-of-the-pool"));
	});

	test("a certificate of an authority that the server does not have is let in by the pool, and only by it", async () => {
		pool("pinned", carol);
		await letsIn(carol, "pinned");
		rmSync(certificatesFile(serving.folder, "pinned"));
		await refuses(carol, /^no client has the certificate [0-9a-f]{64}$/);
	});

	test("a client of the pool that could issue certificates forges nobody's", async () => {
		pool("mallory", { cert: mallory.cert });
		await refuses(forged, /^no client has the certificate/);
		await refuses(chained(forged, mallory), /^no client has the certificate/);
	});

	describe("with an authority", () => {
		test("the authority counts as soon as its file is there", async () => {
			writeFileSync(serving.folder.authority, authority.cert, { mode: 0o600 });
			await eventually("carol is let in", async () => (await serving.ask(carol)).caller?.client, "carol");
			const { caller } = await serving.ask(carol);
			assert.deepEqual([caller?.role, caller?.sessions], ["run", ["carol"]]);
		});

		test("the pool goes on as before", () => letsIn(alice, "alice"));
		test("nobody comes in without a certificate", () => refuses({}, /^no certificate was shown$/));

		const issue = (subject: string, wishes: Partial<Parameters<Authority["issue"]>[0]> = {}) => authority.issue({ subject, ...wishes });
		const only = (usage: string) => ({ extensions: ["basicConstraints=CA:FALSE", `extendedKeyUsage=${usage}`] });
		const UNKNOWN = /and the server's authority does not vouch for it: another authority has issued it, or certificates between/;
		const leaf = below.issue({ subject: "/CN=leo" });

		for (const [title, ticket, client] of [
			["without an extended key usage", issue("/CN=mia", { extensions: ["basicConstraints=CA:FALSE"] }), "mia"],
			["of an authority below, that is sent, too,", chained(leaf, below), "leo"],
			["with other names beside the CommonName", issue("/O=Example/CN=nina"), "nina"],
		] as const) {
			test(`a certificate ${title} is let in by its CommonName`, () => letsIn(ticket, client));
		}

		for (const [title, ticket, reason] of [
			["of an authority below that is not sent", leaf, UNKNOWN],
			["of another authority", other.issue({ subject: "/CN=carol" }), UNKNOWN],
			["of another authority that is sent, too,", chained(other.issue({ subject: "/CN=carol" }), other), /another authority has issued it/],
			["that is signed by itself", own("carol"), /nobody but itself has issued it/],
			["that a client of the pool forged", chained(forged, mallory), /another authority has issued it/],
			["that a client of the authority forged", chained(forged, carol), UNKNOWN],
			["that has expired", issue("/CN=carol", { from: at(-9), until: at(-1) }), /^the certificate [0-9a-f]{64} has expired on/],
			["that is not yet valid", issue("/CN=carol", { from: at(1), until: at(9) }), /is not valid before/],
			["for servers only", issue("/CN=carol", only("serverAuth")), /is not for clients/],
			[
				"for any purpose, which OpenSSL does not take for that of a client,",
				issue("/CN=mia", only("anyExtendedKeyUsage")),
				/is not for clients$/,
			],
			["with two CommonNames", issue("/CN=carol/CN=root"), /has several CommonNames/],
			["without a CommonName", issue("/O=carol"), /has no CommonName/],
			["whose CommonName leads out of a folder", issue("/CN=bob\\/.."), /the CommonName "bob\/\.\." cannot be the name of a client/],
			["whose CommonName is that of a folder of chore's own", issue("/CN=libexec"), /the CommonName "libexec" cannot be/],
			["whose CommonName has letters of other scripts", issue("/CN=é漢"), /the CommonName "é漢" cannot be/],
			["whose CommonName has a line break", issue("/CN=bob\nalice"), /the CommonName "bob\\nalice" cannot be/],
			["whose CommonName is too long", issue(`/CN=${"x".repeat(60)}é漢é漢`), /cannot be the name of a client/],
			["whose CommonName a client of the pool has", issue("/CN=alice"), /^alice is a client with a certificate or password of its own/],
			["whose CommonName differs from that by upper case", issue("/CN=ALICE"), /^ALICE is a client with/],
			["whose CommonName a client has that cannot be read", issue("/CN=heidi"), /^heidi is a client with/],
		] as const) {
			test(`a certificate ${title} is refused`, async () => {
				await refuses(ticket, reason);
			});
		}

		test("the list of the revoked holds for an authority below, too", async () => {
			writeFileSync(serving.folder.revoked, `${fingerprintOf(below)}\n`, { mode: 0o600 });
			await refuses(chained(leaf, below), /was issued by one that is revoked$/);
			writeFileSync(serving.folder.revoked, `${fingerprintOf(carol)}\n`, { mode: 0o600 });
			await refuses(carol, /is revoked$/);
			rmSync(serving.folder.revoked);
			await letsIn(carol, "carol");
		});

		test("what the authority itself has revoked is refused once its list is there, also on a connection that was let in", async () => {
			const olga = issue("/CN=olga");
			await using connection = await Following.open(olga);
			writeFileSync(serving.folder.revocations, authority.revoke(olga.cert), { mode: 0o600 });
			await connection.closed;
			await refuses(olga, /does not vouch for it: its authority has revoked it$/);
			await letsIn(carol, "carol");
			rmSync(serving.folder.revocations);
			await eventually("the list is gone", async () => (await serving.ask(olga)).status, 200);
		});

		test("another authority does not take over whom the one before let in", async () => {
			await using connection = await Following.open(carol);
			writeFileSync(`${serving.folder.authority}.new`, other.cert, { mode: 0o600 });
			renameSync(`${serving.folder.authority}.new`, serving.folder.authority);
			await connection.closed;
			await refuses(carol, UNKNOWN);
			rmSync(serving.folder.authority);
			await refuses(carol, /^no client has the certificate [0-9a-f]{64}$/);
		});
	});
});

describe("connections", PATIENCE, () => {
	for (const protocol of ["http/1.1", "h2"] as const) {
		test(`removing a client cuts its connections of ${protocol}, and those of no other`, async () => {
			const paul = own("paul");
			addClient("paul", paul.cert, "it", {});
			await using others = await Following.open(alice, protocol);
			await using connection = await Following.open(paul, protocol);
			removeClient("paul", {});
			await connection.closed;
			assert.equal((await others.ask()).caller?.client, "alice");
			await refuses(paul, /^no client has/);
		});
	}

	test("a client that may do less is cut off, and comes back as what it is", async () => {
		const quentin = own("quentin");
		addClient("quentin", quentin.cert, "it", { role: "admin", sessions: ["*"] });
		await using connection = await Following.open(quentin);
		writeFileSync(settingsFile(serving.folder, "quentin"), 'role = "read"\n', { mode: 0o600 });
		await connection.closed;
		await letsIn(quentin, "quentin", "read");
	});

	test("no session of TLS is resumed: whoever shows no certificate the second time is nobody", async () => {
		const sessions: Buffer[] = [];
		const options = { port: serving.port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] };
		const first = connectTls({ ...options, ...alice });
		first.on("session", (session: Buffer) => sessions.push(session));
		first.end("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
		await new Promise((resolve) => first.on("close", resolve).resume());
		const session = sessions.at(-1) ?? first.getSession();
		let isReused: boolean | undefined;
		const second = connectTls({ ...options, ...(session === undefined ? {} : { session }) }, () => {
			isReused = second.isSessionReused();
		});
		second.end("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
		let text = "";
		await new Promise((resolve) => second.on("data", (part: Buffer) => (text += part)).on("close", resolve));
		assert.deepEqual([isReused, /no certificate was shown/.test(text)], [false, true], text);
	});

	test("only TLS 1.3 and its three suites are spoken", async () => {
		const outcome = (options: object) =>
			new Promise<string>((resolve) => {
				const socket = connectTls(
					{ port: serving.port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"], ...options },
					() => {
						resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
						socket.destroy();
					},
				).on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
			});
		for (const ciphers of ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
			assert.equal(await outcome({ ciphers }), `TLSv1.3 ${ciphers}`);
		assert.match(await outcome({ ciphers: "TLS_AES_128_CCM_SHA256" }), /HANDSHAKE_FAILURE|handshake failure/i);
		assert.match(await outcome({ maxVersion: "TLSv1.2" }), /PROTOCOL_VERSION|protocol version/i);
	});

	test("a client that was given the server's certificate knows the server by it, at each of its names", async () => {
		const ca = readFileSync(serving.folder.certificate, "utf8");
		const known = (servername: string) =>
			new Promise<string>((resolve) => {
				const socket = connectTls(
					{
						port: serving.port,
						host: "127.0.0.1",
						ca,
						servername,
						ALPNProtocols: ["http/1.1"],
						checkServerIdentity: (_, shown) => checkServerIdentity(servername, shown),
					},
					() => {
						resolve("known");
						socket.destroy();
					},
				).on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
			});
		for (const name of ["localhost", hostname()]) assert.equal(await known(name), "known", name);
		assert.equal(await known("other.example.org"), "ERR_TLS_CERT_ALTNAME_INVALID");
	});

	test("a new certificate of the server is shown without a restart; a damaged one is told, and the old one kept", async () => {
		const shown = () =>
			new Promise<string>((resolve, reject) => {
				const socket = connectTls({ port: serving.port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] }, () => {
					resolve(socket.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase());
					socket.destroy();
				}).on("error", reject);
			});
		const { fingerprint } = initServer(["new.example.org"], { force: true });
		await eventually("the new certificate is shown", shown, fingerprint);
		writeFileSync(serving.folder.certificate, readFileSync(serving.folder.certificate, "utf8").slice(0, -40));
		await eventually("the fault is told", () =>
			serving.told.find((line) => /keeps the certificate that it has: .*server\.pem is cut off/.test(line)),
		);
		assert.equal(await shown(), fingerprint);
		await letsIn(alice, "alice");
		initServer([], { force: true });
	});
});

describe("passwords", PATIENCE, () => {
	const cheap = { N: 2, r: 1, p: 1 };
	const setPassword = async (name: string, password: string) =>
		writeFileSync(settingsFile(serving.folder, name), `role = "read"\npassword = "${await hashPassword(password, cheap)}"\n`, {
			mode: 0o600,
		});

	test("no password is asked for, unless a client has one", () => refuses({ auth: "alice:secret" }, /^no certificate was shown$/));

	test("a client with a password comes in by it, and by nothing else", async () => {
		await setPassword("rita", "correct horse é");
		const { caller } = await serving.ask({ auth: "rita:correct horse é" });
		assert.deepEqual(caller, { client: "rita", role: "read", sessions: ["rita"], quota: {}, daysLeft: null });
		assert.equal((await serving.ask({ auth: "rita:correct horse e\u0301" })).status, 200, "the same letters, written otherwise");
		await refuses({ auth: "rita:wrong" }, /^the name or the password is wrong$/);
		await refuses({ auth: "nobody:correct horse é" }, /^the name or the password is wrong$/);
		await refuses({ auth: "alice:" }, /^the name or the password is wrong$/);
		await refuses({}, /^neither a certificate nor a name with a password was shown$/);
		await refuses({ ...own("rita"), auth: "rita:correct horse é" }, /^no client has the certificate/);
	});

	test("many wrong passwords are answered without being tried; who came in before from there still does", async () => {
		const answers: Answer[] = [];
		for (let number = 0; number < 8; number++) answers.push(await serving.ask({ auth: `rita:wrong ${number}` }));
		assert.deepEqual(answers.at(-1)?.status, 429, JSON.stringify(answers));
		assert.match(answers.at(-1)?.hint ?? "", /^try again in \d+ s$/);
		assert.equal((await serving.ask({ auth: "rita:correct horse é" })).status, 200);
	});

	test("another password cuts the connections of the one before", async () => {
		await using connection = await Following.open({ auth: "rita:correct horse é" });
		await setPassword("rita", "another one");
		await connection.closed;
	});
});

test("nobody is let in while others can write to the folder", PATIENCE, async () => {
	const { chmodSync } = await import("node:fs");
	await letsIn(alice, "alice");
	chmodSync(serving.folder.clients, 0o777);
	try {
		await refuses(alice, /^the server cannot read who may come in$/);
		assert.match(serving.told.join("\n"), /nobody is let in: others can use .*clients \(mode 777\)/);
	} finally {
		chmodSync(serving.folder.clients, 0o700);
	}
	await letsIn(alice, "alice");
});

/** A client that stays connected: one answer of its does not end. */
class Following implements AsyncDisposable {
	/** Settles when the server cuts the connection. */
	readonly closed: Promise<void>;
	readonly #session: ReturnType<typeof connect> | ReturnType<typeof connectTls>;

	private constructor(session: ReturnType<typeof connect> | ReturnType<typeof connectTls>) {
		this.#session = session;
		this.closed = new Promise((resolve) => session.once("close", () => resolve()));
		session.on("error", () => {});
	}

	/** Waits until the server has let it in. */
	static async open({ auth, ...ticket }: Ticket, protocol: "http/1.1" | "h2" = "h2"): Promise<Following> {
		const options = { ...ticket, rejectUnauthorized: false };
		if (protocol === "http/1.1") {
			const socket = connectTls({ ...options, host: "127.0.0.1", port: serving.port, ALPNProtocols: ["http/1.1"] });
			const following = new Following(socket);
			socket.write("GET /open HTTP/1.1\r\nHost: x\r\n\r\n");
			const text = await new Promise<string>((resolve) => {
				let seen = "";
				socket.on("data", (part: Buffer) => {
					seen += part;
					if (seen.includes("}")) resolve(seen);
				});
			});
			assert.match(text, /^HTTP\/1\.1 200 /);
			return following;
		}
		const following = new Following(connect(`https://127.0.0.1:${serving.port}`, options));
		const { status, reason } = await following.ask("/open", auth);
		assert.equal(status, 200, reason);
		return following;
	}

	/** One more request on this connection. */
	ask(path = "/", auth?: string): Promise<Answer> {
		if (!("request" in this.#session)) return this.#askAgain();
		const authorization = auth === undefined ? {} : { authorization: `Basic ${Buffer.from(auth).toString("base64")}` };
		const stream = this.#session.request({ ":path": path, ...authorization });
		return new Promise((resolve, reject) => {
			let status = 0;
			stream.on("response", (headers) => (status = headers[":status"] ?? 0)).on("error", path === "/open" ? () => {} : reject);
			stream.once("data", (part: Buffer) => resolve({ status, ...JSON.parse(part.toString()) }));
		});
	}

	/** On HTTP/1.1 the answer before has not ended: that the connection is there is all there is to see. */
	async #askAgain(): Promise<Answer> {
		assert.equal(this.#session.destroyed, false);
		return serving.ask(alice);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#session.destroy();
		await this.closed;
	}
}
