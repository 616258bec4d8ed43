/** Makes a key and a self-signed certificate, by which servers know this client. */
import { UsageError } from "./failure.ts";

/** @throws UsageError where none can be made */
export async function makeClientCertificate(name: string): Promise<{ readonly certificate: string; readonly key: string }> {
	// merge: src/api/identity/certificate.ts makes it, by an entry of its own in `apart` of scripts/build.mjs.
	throw new UsageError(
		`no certificate was given for ${name}, and this build makes none`,
		"give --cert and --key; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes makes them",
	);
}
