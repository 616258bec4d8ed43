/** Reads words of the command line. Each function returns the value, or throws a usage error with an example. */
import { constants } from "node:os";
import { InvalidArgumentError } from "commander";
import { EVENT_KINDS, type EventKind, isState, type JobState, ownVariable, STATES, signalName, signalNumber } from "../index.ts";
import { readBytes, readSpan } from "../words.ts";

/** A duration as in systemd.time(7): `90` (seconds), `1.5s`, `2min 10s`, `1h`. @returns milliseconds */
export function duration(text: string): number {
	const microseconds = readSpan(text);
	if (microseconds === undefined || !Number.isFinite(microseconds))
		throw new InvalidArgumentError(`"${text}" is no span of time; one is written 90, 1.5s, 2min 10s or 1h.`);
	return microseconds / 1000;
}

/** A size as in systemd: `512M`, `2G`, in powers of 1024. @returns bytes */
export function size(text: string): number {
	const bytes = readBytes(text.trim(), 1024);
	if (bytes === undefined) throw new InvalidArgumentError(`"${text}" is no size; one is written 512M, 2G or 1048576.`);
	return Number(bytes);
}

/** A number of processors: `0.5`, `2`, or `150%` of one. */
export function processors(text: string): number {
	const found = /^([0-9]+(?:\.[0-9]+)?)(%?)$/.exec(text.trim());
	if (!found) throw new InvalidArgumentError(`"${text}" is no number of CPUs; one is written 0.5, 2 or 150%.`);
	return Number(found[1]) / (found[2] ? 100 : 1);
}

/** A whole number, also a negative one. */
export function wholeNumber(text: string): number {
	if (!/^-?[0-9]+$/.test(text)) throw new InvalidArgumentError(`"${text}" is no whole number.`);
	const number = Number(text);
	if (!Number.isSafeInteger(number)) throw new InvalidArgumentError(`"${text}" is too large a whole number.`);
	return number;
}

/** A whole number from 0 on. */
export function count(text: string): number {
	const number = wholeNumber(text);
	if (number < 0) throw new InvalidArgumentError(`"${text}" is negative; 0 or more is meant.`);
	return number;
}

/** What a reader accepts, or a word for no limit: none, or infinity as in systemd. */
export function orNone<Value>(read: (text: string) => Value): (text: string) => Value | "none" {
	return (text) => (text === "none" || text === "infinity" ? "none" : read(text));
}

/** The words that a reader accepts, if it accepts a few only. Completion offers them. */
interface Choice {
	readonly words: readonly string[];
	/** Separates several words in one value. */
	readonly separator?: string;
}

/** The words that a reader accepts; undefined if it accepts others, too. */
export function wordsOf(reader: unknown): Choice | undefined {
	return typeof reader === "function" && "words" in reader ? (reader as unknown as Choice) : undefined;
}

function choice<Reader extends object>(reader: Reader, words: readonly string[], separator?: string): Reader & Choice {
	return Object.assign(reader, separator === undefined ? { words } : { words, separator });
}

const SIGNALS: readonly string[] = Object.keys(constants.signals).map((name) => name.replace(/^SIG/, ""));

/** A signal by name, with or without SIG, or by number. @returns its name: "SIGTERM" */
export const signal = choice(readSignal, SIGNALS);

/** Like `signal`; completion does not offer KILL and STOP. The library refuses them. */
export const stopSignal = choice(
	readSignal.bind(undefined),
	SIGNALS.filter((name) => name !== "KILL" && name !== "STOP"),
);

function readSignal(text: string): string {
	const name = /^[0-9]+$/.test(text) ? signalName(Number(text)) : `SIG${text.toUpperCase().replace(/^SIG/, "")}`;
	if (name === undefined || signalNumber(name) === undefined)
		throw new InvalidArgumentError(`"${text}" is no signal; one is written TERM, SIGTERM or 15.`);
	return name;
}

/** One of a few words. */
export function oneOf<Word extends string>(words: readonly Word[]): (text: string) => Word {
	return choice((text: string) => {
		const found = words.find((word) => word === text);
		if (found === undefined) throw new InvalidArgumentError(`"${text}" is none of ${words.join(", ")}.`);
		return found;
	}, words);
}

const POLICIES = ["skip", "queue", "replace"] as const;

/** What a schedule does at a moment at which a run is active. "allow", which schedules elsewhere have, is refused with the reason. */
export const overlap = choice((text: string) => {
	if (text === "allow") throw new InvalidArgumentError("A job has one run at a time; two jobs can have one schedule.");
	return oneOf(POLICIES)(text);
}, POLICIES);

/** `Name=Value`, kept as it is. Collects all that are given. */
export function repeated(text: string, previous: readonly string[] = []): readonly string[] {
	return [...previous, text];
}

/** Ids of triggers, separated by commas: `t2,t3`. Collects all that are given. */
export function triggers(text: string, previous: readonly string[] = []): readonly string[] {
	const ids = text.split(",").map((word) => word.trim());
	const wrong = ids.find((id) => !/^t[1-9][0-9]*$/.test(id));
	if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is no trigger; one is written t2, several t2,t3.`);
	return [...previous, ...ids];
}

/** `NAME=VALUE`, or `NAME` for the caller's own value. Collects all that are given. */
export function variable(text: string, previous: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
	const equals = text.indexOf("=");
	const name = equals < 0 ? text : text.slice(0, equals);
	if (name === "") throw new InvalidArgumentError(`"${text}" has no name; one is written NAME=VALUE, or NAME for your own value of it.`);
	const value = equals < 0 ? ownVariable(name) : text.slice(equals + 1);
	if (value === undefined) throw new InvalidArgumentError(`${name} is not set here, or not known exactly; write ${name}=VALUE.`);
	return { ...previous, [name]: value };
}

/** The name of a variable. Collects all that are given. */
export function variableName(text: string, previous: readonly string[] = []): readonly string[] {
	if (text === "" || text.includes("=")) throw new InvalidArgumentError(`"${text}" is no name of a variable.`);
	return [...previous, text];
}

/** Kinds of events, separated by commas. Collects all that are given. */
export const eventKinds = choice(readEventKinds, EVENT_KINDS, ",");

function readEventKinds(text: string, previous: readonly EventKind[] = []): readonly EventKind[] {
	const found = text.split(",").map((word) => {
		const kind = EVENT_KINDS.find((known) => known === word.trim());
		if (kind === undefined) throw new InvalidArgumentError(`"${word}" is no kind of event; these are: ${EVENT_KINDS.join(", ")}.`);
		return kind;
	});
	return [...previous, ...found];
}

/** States, separated by commas. Collects all that are given. */
export const states = choice(readStates, STATES, ",");

function readStates(text: string, previous: readonly JobState[] = []): readonly JobState[] {
	const found = text.split(",").map((word) => {
		const state = word.trim();
		if (!isState(state)) throw new InvalidArgumentError(`"${word}" is no state; these are: ${STATES.join(", ")}.`);
		return state;
	});
	return [...previous, ...found];
}
