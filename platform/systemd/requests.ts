/** The requests to the user manager that chore makes (org.freedesktop.systemd1(5)), over one connection. */

import type { Property } from "./property.ts";
import { parseRows, type UnitRow } from "./status.ts";
import { type Bus, busErrorName, plainProperties, variant } from "./wire.ts";

const NAME = "org.freedesktop.systemd1";
const PATH = "/org/freedesktop/systemd1";
const UNIT_PATH = `${PATH}/unit`;
const MANAGER = `${NAME}.Manager`;
const UNIT = `${NAME}.Unit`;
const PROPERTIES = "org.freedesktop.DBus.Properties";

const JOB_REMOVED = `type='signal',sender='${NAME}',path='${PATH}',interface='${MANAGER}',member='JobRemoved'`;
const OWNER_CHANGED = `type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${NAME}'`;
const UNIT_RULES = [
	`type='signal',sender='${NAME}',path='${PATH}',interface='${MANAGER}',member='UnitRemoved'`,
	`type='signal',sender='${NAME}',path_namespace='${UNIT_PATH}',interface='${PROPERTIES}',member='PropertiesChanged',arg0='${UNIT}'`,
];

/** One unit, addressed by what tells it from every later unit of the same name. */
export interface LoadedUnit {
	readonly name: string;
	readonly activeState: string;
	readonly subState: string;
	/** Of this very start of the unit: requests to it cannot reach another. */
	readonly path: string;
	/** Its cgroup, from the root of the hierarchy, or "" without one. */
	readonly controlGroup: string;
	readonly properties: Readonly<Record<string, unknown>>;
}

/** What became of a unit, as far as a signal says. */
export type UnitEvent =
	| { readonly kind: "changed"; readonly path: string; readonly activeState: string | undefined }
	| { readonly kind: "removed"; readonly path: string }
	/** Signals may have been missed: look at every unit. */
	| { readonly kind: "interrupted" };

export class Systemd implements Disposable {
	readonly #bus: Bus;
	/** Of manager jobs: what waits for the result of each, and results whose job's path is not known yet. */
	readonly #waiting = new Map<string, (result: string) => void>();
	readonly #early = new Map<string, string>();
	#submitting = 0;
	#jobMatch: Promise<unknown> | undefined;
	readonly #unitListeners = new Set<(event: UnitEvent) => void>();
	#unitMatch: Promise<unknown> | undefined;
	#controlGroup: Promise<string> | undefined;

	constructor(bus: Bus) {
		this.#bus = bus;
		bus.onSignal(({ member, path, body }) => {
			if (member === "JobRemoved") this.#settle(String(body[1]), String(body[3]));
			else if (member === "NameOwnerChanged" && body[0] === NAME) this.#replaced(body[2] !== "");
			else if (member === "UnitRemoved") this.#tell({ kind: "removed", path: String(body[1]) });
			else if (member === "PropertiesChanged") {
				const { ActiveState } = plainProperties(body[1]);
				this.#tell({ kind: "changed", path, activeState: ActiveState === undefined ? undefined : String(ActiveState) });
			}
		});
		bus.onLoss(() => this.#tell({ kind: "interrupted" }));
	}

	get open(): boolean {
		return this.#bus.open;
	}

	async listUnits(names: readonly string[]): Promise<readonly UnitRow[]> {
		const [rows] = await this.#manager("ListUnitsByNames", "as", [names]);
		return parseRows(rows);
	}

	/** The loaded units whose names match (systemctl(1), "PATTERN"). */
	async listUnitsByPattern(pattern: string): Promise<readonly UnitRow[]> {
		const [rows] = await this.#manager("ListUnitsByPatterns", "asas", [[], [pattern]]);
		return parseRows(rows);
	}

	/** All properties of the unit at this path: of the interface Unit and of its type. */
	async properties(path: string): Promise<Readonly<Record<string, unknown>>> {
		// The empty name is sd-bus's for all interfaces: one answer, so all of the same moment.
		const [properties] = await this.#call(path, PROPERTIES, "GetAll", "s", [""]);
		return plainProperties(properties);
	}

	/** The unit of this name if it is loaded and its description is one that is looked for. */
	async find(name: string, isWanted: (description: string) => boolean): Promise<LoadedUnit | undefined> {
		const properties = await this.properties(unitPath(name));
		if (!isWanted(String(properties["Description"]))) return undefined;
		const invocation = Buffer.from(properties["InvocationID"] as Uint8Array).toString("hex");
		return {
			name,
			activeState: String(properties["ActiveState"]),
			subState: String(properties["SubState"]),
			// A unit that is still queued has no invocation yet.
			path: invocation === "" ? unitPath(name) : unitPath(invocation),
			controlGroup: String(properties["ControlGroup"] ?? ""),
			properties,
		};
	}

	/** The manager's own cgroup, above those of all its units. */
	controlGroup(): Promise<string> {
		this.#controlGroup ??= this.managerProperty("ControlGroup").then(String);
		// A manager that is just being restarted does not answer; that is no answer to keep.
		this.#controlGroup.catch(() => {
			this.#controlGroup = undefined;
		});
		return this.#controlGroup;
	}

	async managerProperty(name: string): Promise<unknown> {
		const [value] = await this.#call(PATH, PROPERTIES, "Get", "ss", [MANAGER, name]);
		return (value as { readonly value: unknown }).value;
	}

	/**
	 * Makes and starts a unit. The outer promise is the acceptance; `finished` resolves with the result of the manager
	 * job ("done", "failed", …), or with "interrupted" when the manager itself was restarted meanwhile.
	 */
	async startTransientUnit(name: string, properties: readonly Property[]): Promise<{ readonly finished: Promise<string> }> {
		this.#jobMatch ??= Promise.all([this.#bus.match(JOB_REMOVED), this.#bus.match(OWNER_CHANGED)]);
		const matched = this.#jobMatch;
		this.#submitting += 1;
		try {
			const values = properties.map((property) => [property.name, variant(property.signature, property.value)]);
			const [[path]] = await Promise.all([this.#manager("StartTransientUnit", "ssa(sv)a(sa(sv))", [name, "fail", values, []]), matched]);
			return { finished: this.#finished(String(path)) };
		} finally {
			this.#submitting -= 1;
			if (this.#submitting === 0) this.#early.clear();
		}
	}

	/** Resolves false where the unit is no longer there. */
	stop(unit: LoadedUnit): Promise<boolean> {
		return this.#unless(this.#call(unit.path, UNIT, "Stop", "s", ["replace"]), isGone);
	}

	/** Resolves false where the unit or its process is no longer there. */
	kill(unit: LoadedUnit, whom: "main" | "all", signalNumber: number): Promise<boolean> {
		return this.#unless(this.#call(unit.path, UNIT, "Kill", "si", [whom, signalNumber]), isGone);
	}

	/** Lets a frozen unit go on. Resolves false where it is no longer there, or not active. */
	thaw(unit: LoadedUnit): Promise<boolean> {
		return this.#unless(this.#call(unit.path, UNIT, "Thaw"), (name) => isGone(name) || name === `${NAME}.UnitInactive`);
	}

	/** Makes the manager forget that the unit failed, and with CollectMode=inactive the unit too. */
	resetFailed(unit: LoadedUnit): Promise<boolean> {
		return this.#unless(this.#call(unit.path, UNIT, "ResetFailed"), isGone);
	}

	/** Calls back for every unit that changes or goes. Resolves once no event can be missed any more. */
	async onUnitEvent(listener: (event: UnitEvent) => void): Promise<AsyncDisposable> {
		this.#unitListeners.add(listener);
		this.#unitMatch ??= Promise.all([...UNIT_RULES, OWNER_CHANGED].map((rule) => this.#bus.match(rule)).concat(this.#subscribe()));
		try {
			await this.#unitMatch;
		} catch (error) {
			this.#unitListeners.delete(listener);
			this.#unitMatch = undefined;
			throw error;
		}
		return { [Symbol.asyncDispose]: () => this.#removeListener(listener) };
	}

	[Symbol.dispose](): void {
		this.#bus[Symbol.dispose]();
	}

	async #removeListener(listener: (event: UnitEvent) => void): Promise<void> {
		if (!this.#unitListeners.delete(listener) || this.#unitListeners.size > 0 || !this.#bus.open) return;
		this.#unitMatch = undefined;
		const requests = [...UNIT_RULES, OWNER_CHANGED]
			.map((rule) => this.#bus.unmatch(rule))
			.concat(this.#manager("Unsubscribe").then(() => {}));
		// Nothing is lost where this fails: the signals only cost a little.
		await Promise.allSettled(requests);
	}

	/** Asks for signals about units; those about our own manager jobs come anyway. */
	async #subscribe(): Promise<void> {
		await this.#unless(this.#manager("Subscribe"), (name) => name === `${NAME}.AlreadySubscribed`);
	}

	/** daemon-reexec, or a new manager after a crash: it may have forgotten who is subscribed and which job is ours. */
	#replaced(back: boolean): void {
		if (back && this.#unitMatch !== undefined) void this.#subscribe().catch(() => {});
		for (const resolve of [...this.#waiting.values()]) resolve("interrupted");
		this.#tell({ kind: "interrupted" });
	}

	#tell(event: UnitEvent): void {
		for (const listener of [...this.#unitListeners]) listener(event);
	}

	#settle(jobPath: string, result: string): void {
		const resolve = this.#waiting.get(jobPath);
		if (resolve !== undefined) resolve(result);
		else if (this.#submitting > 0) this.#early.set(jobPath, result);
	}

	#finished(jobPath: string): Promise<string> {
		return new Promise((resolve, reject) => {
			const early = this.#early.get(jobPath);
			if (early !== undefined) return resolve(early);
			const loss = this.#bus.onLoss(reject);
			this.#waiting.set(jobPath, (result) => {
				this.#waiting.delete(jobPath);
				loss[Symbol.dispose]();
				resolve(result);
			});
		});
	}

	#manager(member: string, signature = "", body: readonly unknown[] = []): Promise<readonly unknown[]> {
		return this.#call(PATH, MANAGER, member, signature, body);
	}

	#call(path: string, of: string, member: string, signature = "", body: readonly unknown[] = []): Promise<readonly unknown[]> {
		return this.#bus.call({ destination: NAME, path, interface: of, member, signature, body });
	}

	async #unless(request: Promise<unknown>, expected: (errorName: string) => boolean): Promise<boolean> {
		try {
			await request;
			return true;
		} catch (error) {
			const name = busErrorName(error);
			if (name !== undefined && expected(name)) return false;
			throw error;
		}
	}
}

/** The object path of a unit by its name or the hexadecimal digits of its invocation (sd_bus_path_encode(3)). */
export function unitPath(name: string): string {
	const escaped = [...Buffer.from(name)].map((byte, index) => {
		const character = String.fromCharCode(byte);
		const plain = index === 0 ? /[A-Za-z]/ : /[A-Za-z0-9]/;
		return plain.test(character) ? character : `_${byte.toString(16).padStart(2, "0")}`;
	});
	return `${UNIT_PATH}/${escaped.join("")}`;
}

function isGone(errorName: string): boolean {
	return [`${NAME}.NoSuchUnit`, `${NAME}.NoUnitForInvocationID`, `${NAME}.NoSuchProcess`, `${NAME}.UnitNotLoaded`].includes(errorName);
}
