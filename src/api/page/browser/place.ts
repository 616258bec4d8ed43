/** What the address of the page says is to be seen: "#/job/ID?run=2&stream=stderr&session=alice". Pure. */

export interface Place {
	/** The id or name of a job; undefined: the list. */
	readonly job: string | undefined;
	readonly session: string | undefined;
	/** All jobs, not only the active and latest ones. */
	readonly all: boolean;
	/** Default: the latest. */
	readonly run: number | undefined;
	readonly stream: "stdout" | "stderr";
}

export function readPlace(hash: string): Place {
	const [path = "", query = ""] = hash.replace(/^#/, "").split("?");
	const values = new URLSearchParams(query);
	const [, job] = /^\/job\/([^/]+)$/.exec(path) ?? [];
	return {
		job: job === undefined ? undefined : decoded(job),
		session: values.get("session") ?? undefined,
		all: values.has("all"),
		run: Number(values.get("run")) || undefined,
		stream: values.get("stream") === "stderr" ? "stderr" : "stdout",
	};
}

export function addressOf({ job, session, all, run, stream }: Partial<Place>): string {
	const values = new URLSearchParams();
	if (session !== undefined) values.set("session", session);
	if (all) values.set("all", "");
	if (run !== undefined) values.set("run", String(run));
	if (stream === "stderr") values.set("stream", stream);
	const query = values.size > 0 ? `?${values}` : "";
	return job === undefined ? `#/${query}` : `#/job/${encodeURIComponent(job)}${query}`;
}

function decoded(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
}
