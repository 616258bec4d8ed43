/** The kinds of values of properties. Each reads systemd's spelling and makes properties for D-Bus, or limits for ulimit. Pure. */
import { count, flag, INFINITY, integer, type Property, text, texts } from "./property.ts";
import { readBoolean, readCount, readInteger, readPercent, readProcessors, readSignal, readSize, readTime, readWords } from "./values.ts";

/** The result of reading properties. */
export interface Settings {
	/** Set by the manager. */
	readonly properties: readonly Property[];
	/** Set by the start script, three words each: the flag of ulimit, the soft and the hard limit in its units. */
	readonly limits: readonly string[];
}

/** A kind of value. */
export interface Kind {
	/** The values that it takes, for messages: "a size (500M, 2G)". */
	readonly takes: string;
	/** If the property is given twice, both values count. */
	readonly isList?: true;
	/** @returns undefined for a value that it does not take */
	readonly read: (name: string, value: string) => Settings | undefined;
}

const CONTROLLERS = ["cpu", "cpuset", "io", "memory", "pids"];

function one(property: Property | undefined): Settings | undefined {
	return property && { properties: [property], limits: [] };
}

export function yesOrNo(): Kind {
	return {
		takes: "yes or no",
		read: (name, value) => {
			const isSet = readBoolean(value);
			return isSet === undefined ? undefined : one(flag(name, isSet));
		},
	};
}

export function oneOf(words: readonly string[], { orBoolean = false }: { readonly orBoolean?: boolean } = {}): Kind {
	return {
		takes: listed([...(orBoolean ? ["yes", "no"] : []), ...words]),
		read: (name, value) => {
			const isSet = orBoolean ? readBoolean(value) : undefined;
			const word = isSet === undefined ? value : isSet ? "yes" : "no";
			return isSet !== undefined || words.includes(value) ? one(text(name, word)) : undefined;
		},
	};
}

export function numbered(numbers: Readonly<Record<string, number>>): Kind {
	return {
		takes: listed(Object.keys(numbers)),
		read: (name, value) => (Object.hasOwn(numbers, value) ? one(integer(name, numbers[value] ?? 0)) : undefined),
	};
}

export function number(least: number, greatest: number): Kind {
	return {
		takes: `a whole number from ${least} to ${greatest}`,
		read: (name, value) => {
			const found = readInteger(value, least, greatest);
			return found === undefined ? undefined : one(integer(name, found));
		},
	};
}

export function memory(least: bigint): Kind {
	return {
		takes: "a size (500M, 2G), a percentage of the memory there is (50%), or infinity",
		read: (name, value) => {
			const percent = readPercent(value);
			// …Scale takes a share of the greatest number of 32 bits.
			if (percent !== undefined && percent <= 10_000 && percent > 0)
				return one({ name: `${name}Scale`, signature: "u", value: Math.floor((percent * (2 ** 32 - 1) + 5000) / 10_000) });
			const size = orInfinity(bytes)(value);
			return size !== undefined && size >= least ? one(count(name, size)) : undefined;
		},
	};
}

export function weight({ idle }: { readonly idle: boolean }): Kind {
	return {
		takes: `a whole number from 1 to 10000${idle ? ", or idle" : ""}`,
		read: (name, value) => {
			const found = idle && value === "idle" ? 0 : readInteger(value, 1, 10_000);
			return found === undefined ? undefined : one(count(name, found));
		},
	};
}

/** Whole percents: systemd 252 writes no others into the unit's file. */
export function quota(): Kind {
	return {
		takes: "whole percents of one processor's time (50%, 200%)",
		read: (_, value) => {
			const percent = readPercent(value);
			return percent === undefined || percent < 100 || percent % 100 !== 0 ? undefined : one(count("CPUQuotaPerSecUSec", percent * 100));
		},
	};
}

export function span(property: string, leastUs: number, greatestUs: number): Kind {
	return {
		takes: `a time from ${leastUs / 1000} ms to ${greatestUs / 1000} ms (50ms)`,
		read: (_, value) => {
			const microseconds = readTime(value);
			return microseconds !== undefined && microseconds >= leastUs && microseconds <= greatestUs
				? one(count(property, microseconds))
				: undefined;
		},
	};
}

/** No percentages: systemd 252 writes a tenth of them into the unit's file. */
export function tasks(): Kind {
	return {
		takes: "a whole number of processes and threads, 1 or more, or infinity",
		read: (name, value) => {
			const found = orInfinity(readCount)(value);
			return found !== undefined && found > 0n ? one(count(name, found)) : undefined;
		},
	};
}

/** @param isList true for affinities, which systemd merges; of the sets of allowed processors it takes the last */
export function processors({ isList }: Pick<Kind, "isList"> = {}): Kind {
	return {
		takes: "numbers and ranges of processors (0-3,5)",
		...(isList && { isList }),
		read: (name, value) => {
			const mask = readProcessors(value);
			return mask && one({ name, signature: "ay", value: mask });
		},
	};
}

export function device(takes: string, read: (value: string) => bigint | undefined): Kind {
	return {
		takes: `a device or file and ${takes}, with a blank between them`,
		isList: true,
		read: (name, value) => {
			const [, path = "", amount = ""] = /^(\/[^\s"'\\]*) +(\S+)$/.exec(value) ?? [];
			const found = path === "" ? undefined : read(amount);
			return found === undefined ? undefined : one({ name, signature: "a(st)", value: [[path, found]] });
		},
	};
}

export function delegation(): Kind {
	return {
		takes: `yes, no, or some of ${CONTROLLERS.join(" ")}`,
		isList: true,
		read: (name, value) => {
			const isSet = readBoolean(value);
			if (isSet !== undefined) return one(flag(name, isSet));
			const words = readWords(value);
			return words?.every((word) => CONTROLLERS.includes(word)) ? one(texts("DelegateControllers", words)) : undefined;
		},
	};
}

export function signal(): Kind {
	return {
		takes: "a signal by name or number",
		read: (name, value) => {
			const found = readSignal(value);
			return found === undefined ? undefined : one(integer(name, found));
		},
	};
}

/** Paths with systemd's flags: "-" for a path that may be missing, "+" for one below the root of the unit. */
export function paths(): Kind {
	return {
		takes: "absolute paths, with blanks between them",
		isList: true,
		read: (name, value) => {
			const words = readWords(value);
			return words?.every((word) => /^-?\+?\//.test(word)) ? one(texts(name, words)) : undefined;
		},
	};
}

export function units(): Kind {
	return {
		takes: "names of units with their suffix (x.service), with blanks between them",
		isList: true,
		read: (name, value) => {
			const words = readWords(value);
			const isName = (word: string) =>
				/^[A-Za-z0-9:_.@-]{1,250}\.(service|socket|target|mount|automount|swap|path|timer|slice|scope|device)$/.test(word);
			return words?.every(isName) ? one(texts(name, words)) : undefined;
		},
	};
}

export function documentation(): Kind {
	return {
		takes: "addresses that begin with https:, http:, file:, info: or man:, with blanks between them",
		isList: true,
		read: (name, value) => {
			const words = readWords(value);
			return words?.every((word) => /^(https?:\/\/|file:\/|info:|man:)[^\s%]+$/.test(word)) ? one(texts(name, words)) : undefined;
		},
	};
}

/** A resource limit that the start script sets, so that it does not apply to the hook. */
export function limit(flags: string, unit: bigint, takes: string, read: (value: string) => bigint | undefined): Kind {
	const spelt = (bound: bigint) => (bound === INFINITY ? "unlimited" : String(bound / unit));
	return {
		takes: takesLimit(takes),
		read: (_, value) => {
			const bounds = readLimit(value, read);
			return bounds && { properties: [], limits: [flags, spelt(bounds[0]), spelt(bounds[1])] };
		},
	};
}

/** A resource limit that the manager sets, since no shell can. It does no harm to the hook. */
export function unitLimit(takes: string, read: (value: string) => bigint | undefined): Kind {
	return {
		takes: takesLimit(takes),
		read: (name, value) => {
			const bounds = readLimit(value, read);
			return bounds && { properties: [count(name, bounds[1]), count(`${name}Soft`, bounds[0])], limits: [] };
		},
	};
}

function takesLimit(takes: string): string {
	return `${takes} or infinity, or two of them as SOFT:HARD`;
}

function readLimit(value: string, read: (value: string) => bigint | undefined): readonly [soft: bigint, hard: bigint] | undefined {
	const [first = "", second = first, ...more] = value.split(":");
	const [soft, hard] = [orInfinity(read)(first), orInfinity(read)(second)];
	return more.length === 0 && soft !== undefined && hard !== undefined && soft <= hard ? [soft, hard] : undefined;
}

export function orInfinity(read: (value: string) => bigint | undefined): (value: string) => bigint | undefined {
	return (value) => (value === "infinity" ? INFINITY : read(value));
}

export function bytes(value: string): bigint | undefined {
	return readSize(value, 1024);
}

export function bandwidth(value: string): bigint | undefined {
	const amount = readSize(value, 1000);
	return amount !== undefined && amount > 0n ? amount : undefined;
}

export function seconds(value: string): bigint | undefined {
	const microseconds = readTime(value);
	return microseconds === undefined ? undefined : BigInt(Math.ceil(microseconds / 1_000_000));
}

/** A nice level as RLIMIT_NICE counts it: 20 less the level (setrlimit(2)). */
export function niceLevel(value: string): bigint | undefined {
	const nice = /^[-+]/.test(value) ? readInteger(value, -20, 19) : undefined;
	return nice === undefined ? undefined : BigInt(20 - nice);
}

export function toBigInt(value: number | undefined): bigint | undefined {
	return value === undefined ? undefined : BigInt(value);
}

function listed(words: readonly string[]): string {
	return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
