/** Asks the server that the page came from. It is only ever asked to read. */

/** What the server says about why not. */
export class Refusal extends Error {
	readonly status: number;

	constructor(status: number, message: string) {
		super(message);
		this.status = status;
	}
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Asked {
	readonly query?: Query;
	readonly headers?: Readonly<Record<string, string>>;
	readonly signal: AbortSignal;
}

/** @throws Refusal; TypeError when the server is away; AbortError */
export async function ask(path: string, { query = {}, headers = {}, signal }: Asked): Promise<Response> {
	const url = new URL(path, location.origin);
	for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
	const response = await fetch(url, { headers, signal, cache: "no-store" });
	if (!response.ok) throw new Refusal(response.status, await reasonOf(response));
	return response;
}

export async function askJson<T>(path: string, asked: Asked): Promise<T> {
	return (await ask(path, asked)).json();
}

async function reasonOf(response: Response): Promise<string> {
	const problem: unknown = await response.json().catch(() => undefined);
	if (typeof problem !== "object" || problem === null || !("detail" in problem)) return `The server answers ${response.status}.`;
	const hint = "hint" in problem && typeof problem.hint === "string" ? ` (${problem.hint})` : "";
	return `${problem.detail}${hint}`;
}

/** The pieces of an answer as they come; nothing, first, once it has begun. */
export async function* piecesOf(response: Response): AsyncGenerator<Uint8Array | undefined, void, void> {
	yield undefined;
	const reader = response.body?.getReader();
	if (reader === undefined) return;
	try {
		for (;;) {
			const { done, value } = await reader.read();
			if (done) return;
			yield value;
		}
	} finally {
		await reader.cancel().catch(() => {});
	}
}
