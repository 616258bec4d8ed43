/** What differs between versions of macOS, machines and situations, as far as it is known. */
export interface Switches {
	/** Of the user whose domains there are: they are called gui/UID and user/UID. */
	readonly uid: number;
	/** Whether the user has a graphical login. */
	readonly gui: boolean;
	/** What `print gui/UID` answers without one; and `bootout`, of which it is not known. */
	readonly noGuiPrint: 112 | 125;
	/** What `bootstrap` answers for a label that is loaded. */
	readonly bootstrapLoaded: 5 | 17 | 37;
	/** What it answers for one that is disabled. */
	readonly bootstrapDisabled: 5 | 119;
	/** What it answers for a job that is not for this kind of session. */
	readonly wrongSession: 5 | 134;
	/** Whether it says what is wrong with a property list, or just 5. */
	readonly rich: boolean;
	/** What `bootout` answers for a label that is not loaded: 5 on "Darwin 27". */
	readonly bootoutUnknown: 3 | 5;
	/** What it answers while the process is still being ended: 36 on macOS 10.15 and 11. */
	readonly bootoutEnding: 0 | 36;
	/** Whether `bootout --wait` is known. */
	readonly wait: boolean;
	/** The first line and the domain line of `print`, and the fields that came or went. */
	readonly print: "new" | "old";
	/** Whether "Bad request." stands before "Could not find ...". */
	readonly badRequest: boolean;
	/** Lines in `print` that no version has yet. */
	readonly futureLines: boolean;
	/** The words of `print-disabled`. */
	readonly disabledWords: "new" | "old";
	/** What `managername` says. */
	readonly managerName: "Aqua" | "Background";
	/** Verbs that are never answered. */
	readonly hanging: readonly string[];
	/** Milliseconds from `bootstrap` to the process. */
	readonly spawnMs: number;
	/** Milliseconds that a second of ThrottleInterval and ExitTimeOut takes. */
	readonly secondMs: number;
	/** The user's LaunchAgents: what is loaded at login. */
	readonly agents: string | null;
	/** Whether a job with a calendar is started at its load, as if a slot had just passed: so it was told once. */
	readonly passedSlots: boolean;
}

/** macOS 26 as it was seen, with a graphical login. */
export const DEFAULTS: Switches = {
	uid: 501,
	gui: true,
	noGuiPrint: 112,
	bootstrapLoaded: 5,
	bootstrapDisabled: 5,
	wrongSession: 134,
	rich: true,
	bootoutUnknown: 3,
	bootoutEnding: 0,
	wait: true,
	print: "new",
	badRequest: true,
	futureLines: false,
	disabledWords: "new",
	managerName: "Aqua",
	hanging: [],
	spawnMs: 0,
	secondMs: 1000,
	agents: null,
	passedSlots: false,
};
