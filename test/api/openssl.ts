/** Certificates that chore itself does not make: of authorities, with several names, with other dates. By openssl(1). */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

/** Why the tests that need it cannot run, or false. */
export const skipWithoutOpenssl: string | false = spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not installed";

export interface Issued {
	/** As PEM: the certificate, and those above it that are to be sent. */
	readonly cert: string;
	readonly key: string;
}

interface Wishes {
	/** As for -subj: "/CN=alice". */
	readonly subject: string;
	readonly from?: Date;
	readonly until?: Date;
	/** Lines of x509v3_config(5). */
	readonly extensions?: readonly string[];
}

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
const CLIENT = ["basicConstraints=CA:FALSE", "extendedKeyUsage=clientAuth"];

/** An authority in a folder of its own. All that it issues to others has one and the same key. */
export class Authority {
	readonly #folder: string;
	readonly cert: string;

	/** @param above who issued it; itself by default */
	constructor(folder: string, name: string, above?: Authority) {
		this.#folder = `${folder}/${name}`;
		const key = `${this.#folder}.key`;
		openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key);
		openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", `${this.#folder}.theirs`);
		writeFileSync(`${this.#folder}.index`, "");
		writeFileSync(`${this.#folder}.index.attr`, "unique_subject = no\n");
		writeFileSync(
			`${this.#folder}.conf`,
			`[ca]\ndefault_ca=a\n[a]\ndatabase=${this.#folder}.index\nnew_certs_dir=${folder}\nrand_serial=yes\ndefault_md=sha256\n` +
				`default_crl_days=30\npolicy=p\nunique_subject=no\nstring_mask=utf8only\n[p]\ncommonName=optional\norganizationName=optional\n` +
				`[req]\ndistinguished_name=d\nstring_mask=utf8only\n[d]\n`,
		);
		const extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
		if (above === undefined) {
			this.cert = openssl(
				...["req", "-x509", "-config", `${this.#folder}.conf`, "-key", key, "-subj", `/CN=${name}`, "-days", "30"],
				...extensions.flatMap((one) => ["-addext", one]),
			);
		} else this.cert = above.#issue({ subject: `/CN=${name}`, extensions }, key);
		writeFileSync(`${this.#folder}.pem`, this.cert);
	}

	issue(wishes: Wishes): Issued {
		const key = `${this.#folder}.theirs`;
		return { cert: this.#issue(wishes, key), key: readFileSync(key, "utf8") };
	}

	/** The list of what it has revoked: these certificates. */
	revoke(...certificates: readonly string[]): string {
		for (const [number, certificate] of certificates.entries()) {
			const path = `${this.#folder}.revoked-${number}`;
			writeFileSync(path, certificate);
			this.#ca("-revoke", path);
		}
		return this.#ca("-gencrl");
	}

	#issue(
		{ subject, from = new Date(Date.now() - YEAR_MS), until = new Date(Date.now() + YEAR_MS), extensions = CLIENT }: Wishes,
		key: string,
	): string {
		const [request, list] = [`${this.#folder}.csr`, `${this.#folder}.ext`];
		openssl("req", "-new", "-utf8", "-config", `${this.#folder}.conf`, "-key", key, "-subj", subject, "-out", request);
		writeFileSync(list, `${extensions.join("\n")}\n`);
		const dates = ["-startdate", digits(from), "-enddate", digits(until)];
		return this.#ca("-batch", "-notext", "-utf8", "-preserveDN", "-in", request, "-extfile", list, ...dates);
	}

	#ca(...words: readonly string[]): string {
		return openssl("ca", "-config", `${this.#folder}.conf`, "-cert", `${this.#folder}.pem`, "-keyfile", `${this.#folder}.key`, ...words);
	}
}

/** @returns its stdout */
export function openssl(...words: readonly string[]): string {
	const { status, stdout, stderr } = spawnSync("openssl", words, { encoding: "utf8" });
	assert.equal(status, 0, `openssl ${words.join(" ")}: ${stderr}`);
	return stdout;
}

function digits(moment: Date): string {
	return moment.toISOString().replace(/\.\d+|[-:T]/g, "");
}
