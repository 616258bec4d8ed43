/** What a part of the page is to the rest of it. */
import type { Place } from "./place.ts";

export interface View {
	readonly element: HTMLElement;
	/** Shows something else of the same job, or of the list, from the next refresh on. */
	goTo(place: Place): void;
	/** Asks the server again, and shows what it says. @throws what `ask` throws */
	refresh(signal: AbortSignal): Promise<void>;
	/** Puts times into words again: time has gone by. */
	tick(): void;
	/** Ends what it does by itself. `refresh` begins it again. */
	rest(): void;
}
