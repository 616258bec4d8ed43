/** The domains of one user, and what happens to them: jobs come and go, the user logs out, the machine is started again. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isDue } from "./calendar.ts";
import { Refusal, textOf } from "./errors.ts";
import { parsePropertyList } from "./property-list.ts";
import { type Definition, Service } from "./service.ts";
import type { Switches } from "./switches.ts";

type DomainKind = "gui" | "user";

/** One of the two domains. Their services are apart. */
export interface Domain {
	readonly kind: DomainKind;
	/** "gui/501" */
	readonly name: string;
	/** As it is called where something is not found in it. */
	readonly words: string;
	readonly services: Map<string, Service>;
}

export class Launchd {
	switches: Switches;
	/** Labels that must not be loaded, in both domains, even where nothing of them is left. */
	readonly disabled = new Map<string, boolean>();
	readonly #domains: readonly Domain[];
	#nowMs = Date.now();
	#count = 100_000;
	/** The user is logging out: nothing new is taken. */
	#isTearingDown = false;

	constructor(switches: Switches) {
		this.switches = switches;
		this.#domains = [
			{ kind: "gui", name: `gui/${switches.uid}`, words: `user gui: ${switches.uid}`, services: new Map() },
			{ kind: "user", name: `user/${switches.uid}`, words: `uid: ${switches.uid}`, services: new Map() },
		];
	}

	/** The domain, or undefined where there is none of that name now. */
	domain(name: string): Domain | undefined {
		const domain = this.#domains.find((one) => one.name === name);
		return domain?.kind === "gui" && !this.switches.gui && !this.#isTearingDown ? undefined : domain;
	}

	/** Takes in the file's definition. @throws Refusal */
	bootstrap(domain: Domain, path: string): void {
		if (domain.kind === "gui" && this.#isTearingDown) throw this.#failed(124);
		const definition = this.#definition(path);
		const label = String(definition["Label"]);
		if (this.disabled.get(label) === true) throw this.#failed(this.switches.bootstrapDisabled);
		if (!suits(definition, domain.kind)) throw this.#failed(this.switches.wrongSession);
		const loaded = domain.services.get(label);
		if (loaded !== undefined) throw this.#failed(loaded.isLeaving ? 5 : this.switches.bootstrapLoaded);
		const service = new Service(
			definition,
			path,
			this.#count++,
			() => this.switches,
			() => domain.services.delete(label),
		);
		domain.services.set(label, service);
		service.load();
		if (this.switches.passedSlots && definition["StartCalendarInterval"] !== undefined) service.start();
	}

	/** The graphical session ends; its domain is there until its last process is gone. */
	async logout(): Promise<void> {
		const gui = this.domain(`gui/${this.switches.uid}`);
		if (gui === undefined) return;
		this.#isTearingDown = true;
		this.switches = { ...this.switches, gui: false };
		for (const service of gui.services.values()) service.leave();
		while (gui.services.size > 0) await delay(5);
		this.#isTearingDown = false;
	}

	login(): void {
		this.switches = { ...this.switches, gui: true };
		const folder = this.switches.agents;
		const gui = this.domain(`gui/${this.switches.uid}`);
		if (folder === null || gui === undefined || !existsSync(folder)) return;
		for (const name of readdirSync(folder).filter((one) => one.endsWith(".plist"))) {
			try {
				this.bootstrap(gui, `${folder}/${name}`);
			} catch (error) {
				if (!(error instanceof Refusal)) throw error;
			}
		}
	}

	/** The power goes, and comes back at that time; the user logs in if there was a graphical session. Slots between are lost. */
	reboot(nowMs: number = this.#nowMs): void {
		this.cut();
		this.#nowMs = nowMs;
		if (this.switches.gui) this.login();
	}

	cut(): void {
		for (const { services } of this.#domains) {
			for (const service of services.values()) service.cut();
			services.clear();
		}
	}

	/**
	 * Sets the clock forward, as time that passes or a sleep does, or to its beginning. Slots that were missed on the way start a job
	 * once, unless it runs.
	 */
	clock(nowMs: number): void {
		for (const { services } of this.#domains) {
			for (const service of services.values()) {
				const intervals = service.definition["StartCalendarInterval"];
				if (intervals !== undefined && isDue(intervals, this.#nowMs, nowMs)) service.start();
			}
		}
		this.#nowMs = nowMs;
	}

	#definition(path: string): Definition {
		const { uid, mode } = this.#stat(path);
		// launchctl(1), load: owned by the user, and writable by no other.
		if (uid !== process.getuid?.() || (mode & 0o022) !== 0) throw this.#invalid(122);
		let definition: Definition;
		try {
			definition = parsePropertyList(new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path))) as Definition;
		} catch {
			throw this.#invalid(109);
		}
		const label = definition["Label"];
		if (typeof label !== "string" || !/^[^/\n]+$/.test(label)) throw this.#invalid(110);
		const words = definition["ProgramArguments"];
		const isRunnable =
			typeof definition["Program"] === "string" || (Array.isArray(words) && words.every((word) => typeof word === "string"));
		if (!isRunnable) throw this.#invalid(111);
		return definition;
	}

	#stat(path: string): { readonly uid: number; readonly mode: number } {
		try {
			return statSync(path);
		} catch {
			throw this.#invalid(2);
		}
	}

	#invalid(number: number): Refusal {
		return this.#failed(this.switches.rich ? number : 5);
	}

	#failed(number: number): Refusal {
		const more = number === 5 ? "\nTry re-running the command as root for richer errors." : "";
		return new Refusal(number, `Bootstrap failed: ${number}: ${textOf(number)}${more}`);
	}
}

/** launchd.plist(5), LimitLoadToSessionType: without it a job is for graphical sessions. */
function suits(definition: Definition, kind: DomainKind): boolean {
	const value = definition["LimitLoadToSessionType"] ?? "Aqua";
	const types: readonly unknown[] = Array.isArray(value) ? value : [value];
	return types.includes(kind === "gui" ? "Aqua" : "Background");
}
