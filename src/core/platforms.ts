/** Which platform runs a job: chosen once for a new job, and for an old one always the platform in its record. */
import type { Detection, Platform, PlatformContext } from "../../platform/contract.ts";
import { ChoreError } from "../../platform/errors.ts";
import type { Registry } from "../../platform/registry.ts";

/** What was found of one platform, for `doctor` and for error messages. */
export interface Found {
	readonly name: string;
	readonly detection: Detection;
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
	 * The platform for a new job: the one asked for, else the first that is available.
	 * @throws ChoreError INVALID_ARGUMENT for a name that is none; PLATFORM_UNAVAILABLE with the reason
	 */
	async choose(asked?: string): Promise<Platform> {
		if (asked !== undefined) return this.get(asked);
		const reasons: string[] = [];
		for (const [name, load] of this.#registry) {
			const detection = (await load()).detect();
			if (detection.available) return this.get(name);
			reasons.push(`${name}: ${detection.reason}`);
		}
		throw new ChoreError("PLATFORM_UNAVAILABLE", `no platform can run jobs here (${reasons.join("; ")})`);
	}

	/** The platform of that name. */
	get(name: string): Promise<Platform> {
		const present = this.#opened.get(name);
		if (present !== undefined) return present;
		const opening = this.#open(name);
		this.#opened.set(name, opening);
		opening.catch(() => this.#opened.delete(name));
		return opening;
	}

	/** What is available here, in the order of preference. */
	async survey(): Promise<readonly Found[]> {
		return Promise.all(this.#registry.map(async ([name, load]) => ({ name, detection: (await load()).detect() })));
	}

	async [Symbol.asyncDispose](): Promise<void> {
		const opened = await Promise.allSettled(this.#opened.values());
		this.#opened.clear();
		for (const outcome of opened) if (outcome.status === "fulfilled") await outcome.value[Symbol.asyncDispose]();
	}

	async #open(name: string): Promise<Platform> {
		const entry = this.#registry.find(([known]) => known === name);
		if (entry === undefined) {
			throw new ChoreError("INVALID_ARGUMENT", `there is no platform "${name}"`, {
				hint: `the platforms are ${this.#registry.map(([known]) => known).join(", ")}`,
			});
		}
		const module = await entry[1]();
		const detection = module.detect();
		if (!detection.available) {
			throw new ChoreError("PLATFORM_UNAVAILABLE", `the platform ${name} is not available here: ${detection.reason}`, {
				hint: "`chore doctor` shows what is",
			});
		}
		return module.open(this.#context);
	}
}
