/** The certificates that chore makes, by the judgement of OpenSSL; and what it says of files that hold none. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { makeCertificate, type Wanted } from "../../src/api/identity/certificate.ts";
import { checkPair, readCertificates } from "../../src/api/identity/pem.ts";
import { factsOf } from "../../src/api/identity/shown.ts";
import { skipWithoutOpenssl } from "./openssl.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const TERM = { from: new Date(Date.now() - DAY_MS), until: new Date(Date.now() + DAY_MS) };
const NAMES = { certificate: "server.pem", key: "server.key" };

const KINDS: readonly (readonly [title: string, wanted: Wanted, purpose: string])[] = [
	["for a client", { name: "alice", usage: "client", ...TERM }, "sslclient"],
	["for a client of another script", { name: "é漢", usage: "client", ...TERM }, "sslclient"],
	[
		"for a server",
		{ name: "build", usage: "server", hosts: ["build.example.org", "*.example.org", "192.0.2.7", "::1"], ...TERM },
		"sslserver",
	],
	[
		"with a long list of hosts",
		{ name: "x".repeat(64), usage: "server", hosts: Array.from({ length: 40 }, (_, at) => `host-${at}.example.org`), ...TERM },
		"sslserver",
	],
	["beyond 2049", { name: "late", usage: "client", from: TERM.from, until: new Date("2054-01-31T15:04:05Z") }, "sslclient"],
];

for (const [title, wanted, purpose] of KINDS) {
	test(`OpenSSL takes a certificate ${title}, and finds in it what was wanted`, { skip: skipWithoutOpenssl }, () => {
		const made = makeCertificate(wanted);
		const folder = mkdtempSync(`${tmpdir()}/chore-certificate-`);
		try {
			const path = `${folder}/one.pem`;
			writeFileSync(path, made.certificate);
			const { status, stderr } = spawnSync("openssl", ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", path, path], {
				encoding: "utf8",
			});
			assert.equal(status, 0, stderr);
		} finally {
			rmSync(folder, { recursive: true });
		}
		const read = checkPair(made, NAMES);
		assert.equal(read.verify(read.publicKey), true);
		assert.equal(read.ca, false);
		const { commonNames, validFromMs, validToMs } = factsOf(read);
		assert.deepEqual(commonNames, [wanted.name]);
		const seconds = (moment: Date) => Math.floor(moment.getTime() / 1000) * 1000;
		assert.deepEqual([validFromMs, validToMs], [seconds(wanted.from), seconds(wanted.until)]);
		for (const host of wanted.hosts ?? []) {
			const found = /^[\d.]+$|:/.test(host) ? read.checkIP(host) : read.checkHost(host.replace("*", "any"));
			assert.notEqual(found, undefined, host);
		}
	});
}

test("every certificate has a key and a serial number of its own", () => {
	const [one, other] = [1, 2].map(() => new X509Certificate(makeCertificate({ name: "alice", usage: "client", ...TERM }).certificate));
	assert.notEqual(one?.serialNumber, other?.serialNumber);
	assert.notEqual(one?.fingerprint256, other?.fingerprint256);
	assert.equal(one?.serialNumber.length, 32);
});

test("a host that is neither a name nor an address is refused", () => {
	for (const host of ["", "a b", "build:8443", "fe80::1%eth0", "https://build", "-".repeat(64)])
		assert.throws(() => makeCertificate({ name: "x", usage: "server", hosts: [host], ...TERM }), { code: "INVALID_ARGUMENT" }, host);
});

const { certificate, key } = makeCertificate({ name: "alice", usage: "client", ...TERM });
const other = makeCertificate({ name: "bob", usage: "client", ...TERM });
const encrypted = generateKeyPairSync("ec", {
	namedCurve: "P-256",
	publicKeyEncoding: { type: "spki", format: "pem" },
	privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" },
}).privateKey;

test("certificates are read among other text, with other ends of lines, and several of them", () => {
	const fingerprint = new X509Certificate(certificate).fingerprint256;
	for (const text of [certificate, `# alice\n${certificate}`, certificate.replaceAll("\n", "\r\n"), certificate.trimEnd()])
		assert.deepEqual(
			readCertificates(text, "file").map((one) => one.fingerprint256),
			[fingerprint],
		);
	assert.equal(readCertificates(certificate + other.certificate, "file").length, 2);
});

for (const [text, reason] of [
	["", /^file holds no certificate in PEM$/],
	["garbage", /holds no certificate/],
	[key, /holds a private key, which must stay with its owner/],
	[key + certificate, /holds a private key/],
	[certificate + encrypted, /holds a private key/],
	[certificate.slice(0, -40), /is cut off, or damaged/],
	[certificate + certificate.slice(0, 200), /is cut off, or damaged/],
	[certificate.replace(/\n.{10}/, "\nAAAAAAAAAA"), /a certificate in file is damaged/],
	[certificate.replace(/=*\n-----END/, "AAAA\n-----END"), /is damaged/],
] as const) {
	test(`a file of certificates is refused: ${reason.source}: ${JSON.stringify(text.slice(0, 30))} of ${text.length} characters`, () => {
		assert.throws(() => readCertificates(text, "file"), { code: "INVALID_ARGUMENT", message: reason });
	});
}

for (const [given, reason] of [
	[other.key, /^server.key is not the key of the certificate server.pem$/],
	[encrypted, /^the key in server.key is encrypted, and nobody is there to give its passphrase$/],
	[certificate, /^server.key holds no private key in PEM$/],
	["", /holds no private key/],
	[key.slice(0, -30), /is cut off/],
	[key.replace(/\n.{10}/, "\nAAAAAAAAAA"), /the key in server.key is damaged/],
] as const) {
	test(`a key is refused: ${reason.source}`, () => {
		assert.throws(() => checkPair({ certificate, key: given }, NAMES), { code: "INVALID_ARGUMENT", message: reason });
	});
}
