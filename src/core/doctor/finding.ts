/** What the doctor found that should be known. */

/** Of what kind it is. Append only; never rename. */
export type FindingKind =
	| "settings"
	| "state"
	| "disk"
	| "platform"
	/** A job that cannot be read, or that a newer version made. */
	| "unreadable"
	/** A job that will be shown as lost as soon as somebody asks after it. */
	| "lost"
	/** A job that runs on, while whatever would have recorded its end is gone. */
	| "unsupervised"
	/** Jobs that cannot be asked after from here. */
	| "unreachable"
	/** An object of the platform whose job is gone. */
	| "stray"
	/** A mark that a job is active where it is not, or none where it is. */
	| "mark"
	/** What somebody left who was interrupted, or what never belonged there. */
	| "leftover"
	| "ledger"
	| "self-test";

export interface Finding {
	readonly kind: FindingKind;
	/** A problem needs attention; a note is good to know. */
	readonly level: "problem" | "note";
	/** One sentence. */
	readonly what: string;
	/** The command that mends it, or else what to do; null where nothing is known to help. */
	readonly cure: string | null;
}

/** More of one kind and level than these are only counted. */
const MOST = 10;

/** Takes findings down in the order in which they are made. */
export class Findings {
	readonly #found: Finding[];
	readonly #session: string | undefined;

	/** @param session to which they belong, unless they are about all of chore */
	constructor(session?: string, found: Finding[] = []) {
		this.#session = session === "default" ? undefined : session;
		this.#found = found;
	}

	/** The same notebook, for what is found in a session. */
	of(session: string): Findings {
		return new Findings(session, this.#found);
	}

	problem(kind: FindingKind, what: string, cure: string | null): void {
		this.#add({ kind, level: "problem", what, cure });
	}

	note(kind: FindingKind, what: string, cure: string | null): void {
		this.#add({ kind, level: "note", what, cure });
	}

	/** The command line of chore that works on this session. */
	command(words: string): string {
		return this.#session === undefined ? `chore ${words}` : `chore --session ${this.#session} ${words}`;
	}

	/** Problems first. Of many of a kind only some are there, and how many more there were. */
	list(): readonly Finding[] {
		return (["problem", "note"] as const).flatMap((level) => {
			const all = this.#found.filter((one) => one.level === level);
			const kinds = [...new Set(all.map(({ kind }) => kind))];
			return kinds.flatMap((kind): readonly Finding[] => {
				const ofKind = all.filter((one) => one.kind === kind);
				const more = { kind, level, what: `and ${ofKind.length - MOST} more like these (${kind})`, cure: null };
				return ofKind.length > MOST ? [...ofKind.slice(0, MOST), more] : ofKind;
			});
		});
	}

	#add(finding: Finding): void {
		this.#found.push(this.#session === undefined ? finding : { ...finding, what: `in session ${this.#session}: ${finding.what}` });
	}
}

/** A path, or any other word, as a shell takes it. */
export function shellWord(word: string): string {
	return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
