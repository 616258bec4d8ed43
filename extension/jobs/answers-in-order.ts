/** Orders the answers about a job by when the questions were asked: an answer is dropped if that to a later question came before. */
export class AnswersInOrder {
	readonly #counted = new Map<string, number>();
	#asked = 0;
	#pending = 0;

	/** Begins a question. @returns its number */
	ask(): number {
		this.#pending++;
		return ++this.#asked;
	}

	/** Whether the answer to this question counts for that job: from then on no earlier one does. */
	counts(question: number, id: string): boolean {
		if ((this.#counted.get(id) ?? 0) > question) return false;
		this.#counted.set(id, question);
		return true;
	}

	/** Ends a question. Without any under way, nothing needs to be remembered. */
	over(): void {
		if (--this.#pending === 0) this.#counted.clear();
	}
}
