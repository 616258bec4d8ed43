/** Where a server is: the kinds of URL that `connect` takes. Pure. */
import { ChoreError } from "../index.ts";

export type Address =
	| { readonly kind: "unix"; readonly url: string; readonly path: string }
	| {
			readonly kind: "tls";
			readonly url: string;
			readonly host: string;
			readonly port: number;
			readonly user: string;
			readonly password: string;
	  }
	| { readonly kind: "ssh"; readonly url: string; readonly host: string; readonly port: string; readonly user: string };

const HINT = "one is written https://HOST:PORT, unix:/PATH or ssh://USER@HOST";

/** Whether a word is a URL of a server, rather than a name. */
export function isUrl(word: string): boolean {
	return /^(unix:|[a-z]+:\/\/)/.test(word);
}

/** @throws ChoreError INVALID_ARGUMENT. No message shows a password */
export function readAddress(url: string): Address {
	const path = /^unix:(?:\/\/(?=\/))?(.+)$/s.exec(url)?.[1];
	if (path !== undefined) return { kind: "unix", url: `unix:${path}`, path };
	let parsed: URL;
	try {
		parsed = new URL(url);
	} catch {
		throw refused("this is no URL of a server");
	}
	const { protocol, hostname, port, username, password, pathname, search, hash } = parsed;
	const shown = `${protocol}//${username === "" ? "" : `${username}@`}${parsed.host}`;
	if (protocol === "http:") throw refused(`${shown} would not be encrypted`);
	if (protocol !== "https:" && protocol !== "ssh:") throw refused(`${protocol.slice(0, -1)} is no way to reach a server`);
	if (!["", "/"].includes(pathname) || search !== "" || hash !== "") throw refused(`the URL of a server ends with its host: ${shown}`);
	const host = hostname.replace(/^\[(.*)\]$/, "$1");
	const user = decode(username);
	if (protocol === "https:")
		return { kind: "tls", url: shown, host, port: port === "" ? 443 : Number(port), user, password: decode(password) };
	if (password !== "") throw refused("ssh takes no password in a URL");
	// ssh(1) would take such a word for an option.
	if (host === "" || host.startsWith("-") || user.startsWith("-")) throw refused("this is no host for ssh");
	return { kind: "ssh", url: shown, host, port, user };
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text; // a lone % stands for itself
	}
}

function refused(message: string): ChoreError {
	return new ChoreError("INVALID_ARGUMENT", message, { hint: HINT });
}
