/** Takes the properties out of the words of `-p` that chore itself has options for. The platform reads the rest. Pure. */
import { isAbsolute } from "node:path";
import { UsageError } from "./failure.ts";
import { systemdWords } from "./systemd-words.ts";

export interface UnitSettings {
	/** The properties for the platform, `Name=Value` each. */
	readonly properties: readonly string[];
	/** From Environment= (systemd.exec(5)). */
	readonly environment: Readonly<Record<string, string>>;
	/** From WorkingDirectory=. */
	readonly directory: string | undefined;
}

/** Adds a property to the settings before it. Undefined: chore has no option for this value. */
const OWN: Readonly<Record<string, (value: string, before: UnitSettings) => UnitSettings | undefined>> = {
	// An empty value drops the variables before it (systemd.exec(5)).
	Environment: (value, before) => ({ ...before, environment: value === "" ? {} : { ...before.environment, ...assignments(value) } }),
	WorkingDirectory: (value, before) => ({ ...before, directory: directory(value) }),
	// The platform refuses other types.
	Type: (value, before) => (value === "exec" || value === "simple" ? before : undefined),
};

/** @throws UsageError for a value that systemd would refuse */
export function unitSettings(words: readonly string[]): UnitSettings {
	let settings: UnitSettings = { properties: [], environment: {}, directory: undefined };
	for (const word of words) {
		const equals = word.indexOf("=");
		const name = word.slice(0, Math.max(0, equals));
		const own = Object.hasOwn(OWN, name) ? OWN[name]?.(word.slice(equals + 1), settings) : undefined;
		settings = own ?? { ...settings, properties: [...settings.properties, word] };
	}
	return settings;
}

function assignments(value: string): Readonly<Record<string, string>> {
	const words = systemdWords(value);
	if (words === undefined) {
		throw new UsageError(
			`Environment= cannot be split into words: ${JSON.stringify(value)}`,
			"quotes are closed, and escapes are those of systemd.syntax(7); -E takes a value as it is",
		);
	}
	return Object.fromEntries(
		words.map((word) => {
			const [, name, text] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(word) ?? [];
			if (name !== undefined && text !== undefined) return [name, text];
			throw new UsageError(
				`Environment= takes NAME=VALUE, not ${JSON.stringify(word)}`,
				`a value with blanks is in quotes: -p 'Environment="A=b c" D=e', or -E 'A=b c'`,
			);
		}),
	);
}

function directory(value: string): string {
	if (isAbsolute(value)) return value;
	throw new UsageError(
		`WorkingDirectory= takes an absolute path, not ${JSON.stringify(value)}`,
		"--working-directory takes any path; yours are relative to this directory",
	);
}
