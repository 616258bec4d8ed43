/** Opens the platforms: for a new job the one asked for or the first available, for an old job the one in its record. */
import type { Detection, Platform, PlatformContext } from "../../platform/contract.ts";
import { ChoreError } from "../../platform/errors.ts";
import type { Registry, Scope } from "../../platform/registry.ts";
import { installProgram } from "./disk/programs.ts";

/** How to choose the platform for new jobs. If both are undefined, it is the first that is available. */
export interface Wish {
	readonly platform: string | undefined;
	readonly scope: Scope | undefined;
}

/** Whether one platform is available here. */
export interface Found {
	readonly name: string;
	/** Whether it runs jobs of the user or of the system. */
	readonly scope: Scope;
	readonly detection: Detection;
}

/** Whether a platform is used for new jobs without being asked for, if none stands before it. */
export function isChosen({ available, elsewhere }: Detection): boolean {
	return available && elsewhere !== true;
}

/** The platforms for the jobs of a state folder. None is opened yet. */
export function openPlatforms(registry: Registry, root: string): Platforms {
	return new Platforms(registry, { install: (name, text) => installProgram(root, name, text) });
}

/** Opens platforms when they are first needed, each once. */
export class Platforms implements AsyncDisposable {
	readonly #registry: Registry;
	readonly #context: PlatformContext;
	readonly #opened = new Map<string, Promise<Platform>>();

	constructor(registry: Registry, context: PlatformContext) {
		this.#registry = registry;
		this.#context = context;
	}

	/**
	 * The platform for a new job: the one asked for, else the first that is available and of the scope asked for.
	 * @throws ChoreError INVALID_ARGUMENT for the name of no platform or of one with another scope; PLATFORM_UNAVAILABLE with the reason
	 */
	async choose({ platform, scope }: Wish): Promise<Platform> {
		const candidates = this.#registry.filter((one) => scope === undefined || one.scope === scope);
		if (platform !== undefined) {
			const other = this.#registry.find(({ name }) => name === platform);
			if (other !== undefined && !candidates.includes(other)) {
				throw new ChoreError(
					"INVALID_ARGUMENT",
					`a job of the ${scope}'s is asked for, and the platform ${platform} runs those of the ${other.scope}`,
					{
						hint: `leave one of the two out, or take a platform of the ${scope}'s: ${candidates.map(({ name }) => name).join(", ")}`,
					},
				);
			}
			return this.get(platform);
		}
		const reasons: string[] = [];
		for (const { name, load } of candidates) {
			const detection = (await load()).detect();
			if (isChosen(detection)) return this.get(name);
			reasons.push(`${name}: ${detection.reason}`);
		}
		throw new ChoreError("PLATFORM_UNAVAILABLE", `no platform can run jobs here (${reasons.join("; ")})`);
	}

	/** The platform of that name, opened at the first call. @throws like `choose` */
	get(name: string): Promise<Platform> {
		const present = this.#opened.get(name);
		if (present !== undefined) return present;
		const opening = this.#open(name);
		this.#opened.set(name, opening);
		opening.catch(() => this.#opened.delete(name));
		return opening;
	}

	/** Whether each platform is available here, in the order of preference. */
	async survey(): Promise<readonly Found[]> {
		return Promise.all(this.#registry.map(async ({ name, scope, load }) => ({ name, scope, detection: (await load()).detect() })));
	}

	async [Symbol.asyncDispose](): Promise<void> {
		const opened = await Promise.allSettled(this.#opened.values());
		this.#opened.clear();
		for (const outcome of opened) if (outcome.status === "fulfilled") await outcome.value[Symbol.asyncDispose]();
	}

	async #open(name: string): Promise<Platform> {
		const entry = this.#registry.find((one) => one.name === name);
		if (entry === undefined) {
			throw new ChoreError("INVALID_ARGUMENT", `there is no platform "${name}"`, {
				hint: `the platforms are ${this.#registry.map((one) => one.name).join(", ")}`,
			});
		}
		const module = await entry.load();
		const detection = module.detect();
		if (!detection.available) {
			throw new ChoreError("PLATFORM_UNAVAILABLE", `the platform ${name} is not available here: ${detection.reason}`, {
				hint: "`chore doctor` shows what is",
			});
		}
		return module.open(this.#context);
	}
}
