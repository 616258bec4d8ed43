/** Several sessions of one state folder in one process, such as those of a server's clients. */
import type { Registry } from "../../platform/registry.ts";
import { Chore } from "./chore.ts";
import { sessionNames, stateRoot } from "./disk/session.ts";
import type { ChoreOptions } from "./options.ts";
import { openPlatforms, type Platforms } from "./platforms.ts";

/** What may differ from session to session; see ChoreOptions. */
export type SessionOptions = Pick<ChoreOptions, "graceMs" | "maxJobs" | "keepDays" | "keepJobs" | "keepBytes">;

/** Opens sessions that share the connections to the platforms, however many they are. */
export class Sessions implements AsyncDisposable {
	readonly #registry: Registry;
	readonly #version: string;
	readonly #options: Omit<ChoreOptions, "session">;
	readonly #root: string;
	readonly #platforms: Platforms;
	readonly #opened = new Map<string, Chore>();

	/** @internal Use `openSessions`. */
	constructor(registry: Registry, version: string, options: Omit<ChoreOptions, "session">) {
		this.#registry = registry;
		this.#version = version;
		this.#options = options;
		this.#root = options.home ?? stateRoot();
		this.#platforms = openPlatforms(registry, this.#root);
	}

	/**
	 * The session of that name: the same object whenever the name and the options are the same. To close it prunes, and leaves open
	 * what other sessions use.
	 *
	 * @param own what is given goes before the options of `openSessions`
	 * @throws ChoreError INVALID_ARGUMENT for an impossible name or limit; STATE_UNUSABLE
	 */
	session(name: string, own: SessionOptions = {}): Chore {
		const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as SessionOptions;
		const key = JSON.stringify([name, given]);
		const present = this.#opened.get(key);
		if (present !== undefined) return present;
		const options = { ...this.#options, ...given, home: this.#root, session: name };
		const opened = new Chore(this.#registry, this.#version, options, this.#platforms);
		this.#opened.set(key, opened);
		return opened;
	}

	/** The names of the sessions that have ever had a job. */
	names(): readonly string[] {
		return sessionNames(this.#root);
	}

	/** Closes all sessions, then the connections. Never stops a job. */
	async close(): Promise<void> {
		await Promise.all([...this.#opened.values()].map((one) => one.close()));
		await this.#platforms[Symbol.asyncDispose]();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}
}
