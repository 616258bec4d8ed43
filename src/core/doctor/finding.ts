/** Collects the findings of the doctor. */

/** The kinds of findings. Append only; never rename: scripts match on them. */
export type FindingKind =
	| "settings"
	| "state"
	| "disk"
	| "platform"
	/** A job that cannot be read, or that a newer version made. */
	| "unreadable"
	/** A job that the next `chore ps` will show as lost. */
	| "lost"
	/** A running job whose end nothing will record. */
	| "unsupervised"
	/** Jobs whose platform cannot be asked from here. */
	| "unreachable"
	/** A unit or service whose job is gone. */
	| "stray"
	/** An active mark of a job that has ended, or an active job without a mark. */
	| "mark"
	/** Files of interrupted work, or files that are not chore's. */
	| "leftover"
	| "ledger"
	/** A schedule that does not fire as it should. */
	| "schedule"
	/** A listener that has not had all events, or whose job is gone. */
	| "listener"
	| "self-test";

/** Something that the doctor found, and what to do about it. */
export interface Finding {
	readonly kind: FindingKind;
	/** A problem needs attention; a note does not. */
	readonly level: "problem" | "note";
	/** One sentence. */
	readonly what: string;
	/** The command that repairs it, or else what to do; null where nothing is known to help. */
	readonly cure: string | null;
}

/** How many findings of one kind and level are listed; the others are only counted. */
const MOST = 10;

/** The findings so far, in the order in which they were made. */
export class Findings {
	readonly #found: Finding[];
	readonly #session: string | undefined;

	/** @param session that the findings are about; undefined for those about chore as a whole */
	constructor(session?: string, found: Finding[] = []) {
		this.#session = session === "default" ? undefined : session;
		this.#found = found;
	}

	/** Adds to the same list findings about a session. */
	of(session: string): Findings {
		return new Findings(session, this.#found);
	}

	problem(kind: FindingKind, what: string, cure: string | null): void {
		this.#add({ kind, level: "problem", what, cure });
	}

	note(kind: FindingKind, what: string, cure: string | null): void {
		this.#add({ kind, level: "note", what, cure });
	}

	/** A command line of chore for this session. */
	command(words: string): string {
		return this.#session === undefined ? `chore ${words}` : `chore --session ${this.#session} ${words}`;
	}

	/** All findings, problems first. Of each kind MOST at most, then the number of the others. */
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
