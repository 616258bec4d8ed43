/** Tells a person at a browser why they are not let in. */
import { answerBytes } from "../rest/answer.ts";
import type { Exchange } from "../rest/http.ts";
import { setPolicy } from "./page.ts";

/** @param status 401 has the browser ask for a name and a password */
export async function answerRefused(
	exchange: Exchange,
	status: 401 | 403,
	{ message, hint }: { message: string; hint?: string | undefined },
): Promise<void> {
	const { response } = exchange;
	setPolicy(exchange);
	if (status === 401) response.setHeader("WWW-Authenticate", 'Basic realm="chore", charset="UTF-8"');
	const lines = [
		`The server says: ${message}.`,
		...(hint === undefined ? [] : [`Hint: ${hint}.`]),
		"A browser shows a certificate that was imported into it: openssl pkcs12 -export -in NAME.pem -inkey NAME.key -out NAME.p12",
	];
	const head = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">`;
	const title = `<meta name="color-scheme" content="light dark"><title>Not let in – chore</title><h1>You are not let in</h1>`;
	const text = lines.map((line) => `<p>${escaped(line)}</p>`).join("");
	await answerBytes(exchange, status, Buffer.from(`${head}${title}${text}</html>\n`), "text/html; charset=utf-8");
}

function escaped(text: string): string {
	return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
