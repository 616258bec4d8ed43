/** Where each setting comes from: the option, else the environment variable, else config.toml. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ChoreError, type ChoreOptions, configFolder, isChoreError } from "../index.ts";
import { duration } from "./arguments.ts";
import { UsageError } from "./failure.ts";

/** Options that every command takes, before or after the verb. */
export interface CommonOptions {
	readonly session?: string;
	readonly host?: string;
	readonly platform?: string;
	/** Of `run`, as in systemd-run(1). */
	readonly user?: boolean;
	readonly system?: boolean;
	readonly json?: boolean;
	readonly quiet?: boolean;
	readonly color?: boolean;
}

/** All that config.toml may hold. */
const KEYS: Readonly<Record<string, "string" | "number" | "duration">> = {
	platform: "string",
	session: "string",
	grace: "duration",
	keep_days: "number",
	keep_jobs: "number",
	keep_bytes: "number",
	max_jobs: "number",
};

export async function choreOptions(options: CommonOptions): Promise<ChoreOptions> {
	return withConfig(options, await readConfig());
}

/** Like `choreOptions`, but leaves out a config.toml with errors and returns the error, for commands that must work without it. */
export async function tolerantOptions(
	options: CommonOptions,
): Promise<{ readonly options: ChoreOptions; readonly path: string | undefined; readonly error: ChoreError | undefined }> {
	const path = configPath();
	try {
		return { options: await choreOptions(options), path, error: undefined };
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return { options: withConfig(options, {}), path, error };
	}
}

function withConfig(options: CommonOptions, config: Readonly<Record<string, unknown>>): ChoreOptions {
	return {
		session: options.session ?? (process.env["CHORE_SESSION"] || text(config["session"])),
		...wishOf(options, process.env["CHORE_PLATFORM"] || text(config["platform"])),
		graceMs: config["grace"] === undefined ? undefined : duration(String(config["grace"])),
		maxJobs: number(config["max_jobs"]),
		keepDays: number(config["keep_days"]),
		keepJobs: number(config["keep_jobs"]),
		keepBytes: number(config["keep_bytes"]),
	};
}

/**
 * The platform and scope for new jobs. The library refuses a platform that is not of that scope.
 * @param standing the platform of the environment or the configuration, used unless the command line says otherwise
 */
function wishOf({ platform, user, system }: CommonOptions, standing: string | undefined): Pick<ChoreOptions, "platform" | "scope"> {
	if (system !== true) return { platform: platform ?? standing, scope: user === true ? "user" : undefined };
	if (user === true)
		throw new UsageError("--user and --system exclude each other", "--system is for jobs of root under the system's own manager");
	return { platform, scope: "system" };
}

/** `${XDG_CONFIG_HOME:-~/.config}/chore/config.toml`; undefined for a user without a home. */
function configPath(): string | undefined {
	try {
		return join(configFolder(), "config.toml");
	} catch {
		return undefined; // neither HOME nor an entry in passwd(5)
	}
}

async function readConfig(): Promise<Readonly<Record<string, unknown>>> {
	const path = configPath();
	if (path === undefined || !existsSync(path)) return {};
	const { parse, TomlError } = await import("./toml.ts");
	let source: string;
	let config: Readonly<Record<string, unknown>>;
	try {
		source = readFileSync(path, "utf8");
		config = parse(source);
	} catch (error) {
		const line = error instanceof TomlError ? `:${error.line}` : "";
		throw invalid(`${path}${line}: ${error instanceof Error ? error.message.split("\n")[0] : error}`, error);
	}
	for (const [key, value] of Object.entries(config)) {
		const line =
			source.split("\n").findIndex((text) => new RegExp(`^\\s*(\\[\\s*)?["']?${key.replace(/[^A-Za-z0-9_-]/g, ".")}\\b`).test(text)) + 1;
		const kind = KEYS[key];
		if (kind === undefined) throw invalid(`${path}:${line}: there is no setting "${key}"`);
		if (!isValid(kind, value))
			throw invalid(
				`${path}:${line}: ${key} must be a ${kind === "number" ? "whole number, 0 or more" : kind}, not ${JSON.stringify(value)}`,
			);
	}
	return config;
}

function isValid(kind: "string" | "number" | "duration", value: unknown): boolean {
	if (kind === "number") return typeof value === "number" && Number.isInteger(value) && value >= 0;
	if (kind === "string") return typeof value === "string";
	try {
		return (typeof value === "string" || typeof value === "number") && Number.isFinite(duration(String(value)));
	} catch {
		return false;
	}
}

function invalid(message: string, cause?: unknown): ChoreError {
	return new ChoreError("CONFIG_INVALID", message, { hint: `the settings are ${Object.keys(KEYS).join(", ")}`, cause });
}

function text(value: unknown): string | undefined {
	return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number | undefined {
	return typeof value === "number" ? value : undefined;
}
