/** The requests that chore makes to a systemd manager (org.freedesktop.systemd1(5)), over one connection. Retries nothing. */
import type { Property } from "./property.ts";
import { parseRows, type UnitRow } from "./status.ts";
import { BUS, type Bus, busErrorName, plainProperties, variant } from "./wire.ts";

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

/** One loaded unit. Requests to it go by its invocation id and never reach a later unit of the same name. */
export interface LoadedUnit {
	readonly name: string;
	readonly activeState: string;
	readonly subState: string;
	/** The object path of this invocation of the unit. */
	readonly path: string;
	/** Its cgroup, from the root of the hierarchy, or "" without one. */
	readonly controlGroup: string;
	readonly properties: Readonly<Record<string, unknown>>;
}

/** What a signal of the manager says of a unit. */
export type UnitEvent =
	| { readonly kind: "changed"; readonly path: string; readonly activeState: string | undefined }
	| { readonly kind: "removed"; readonly path: string }
	/** Signals may have been missed: every unit may have changed. */
	| { readonly kind: "interrupted" };

export class Systemd implements Disposable {
	readonly #bus: Bus;
	/** By object path of a manager job: who waits for its result. */
	readonly #waiting = new Map<string, (result: string) => void>();
	/** Results that came before the answer that tells the path of the manager job. */
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

	/** All properties of the unit at this path, of all its interfaces. */
	async properties(path: string): Promise<Readonly<Record<string, unknown>>> {
		// sd-bus reads the empty name as "all interfaces". One answer, so all values are of the same moment.
		const [properties] = await this.#call(path, PROPERTIES, "GetAll", "s", [""]);
		return plainProperties(properties);
	}

	/** The unit of this name; undefined if `isWanted` refuses its description. The manager describes a unit that is not loaded by its name. */
	async find(name: string, isWanted: (description: string) => boolean): Promise<LoadedUnit | undefined> {
		const properties = await this.properties(unitPath(name));
		if (!isWanted(String(properties["Description"]))) return undefined;
		const invocation = Buffer.from(properties["InvocationID"] as Uint8Array).toString("hex");
		return {
			name,
			activeState: String(properties["ActiveState"]),
			subState: String(properties["SubState"]),
			// A unit that is queued has no invocation id yet.
			path: invocation === "" ? unitPath(name) : unitPath(invocation),
			controlGroup: String(properties["ControlGroup"] ?? ""),
			properties,
		};
	}

	/** The manager's own cgroup, which holds those of all its units. */
	controlGroup(): Promise<string> {
		this.#controlGroup ??= this.managerProperty("ControlGroup").then(String);
		// Do not keep an error: the manager may only be restarting.
		this.#controlGroup.catch(() => {
			this.#controlGroup = undefined;
		});
		return this.#controlGroup;
	}

	/** The manager's pid, as the bus sees it. */
	async managerPid(): Promise<number> {
		const [pid] = await this.#bus.call({ ...BUS, member: "GetConnectionUnixProcessID", signature: "s", body: [NAME] });
		return Number(pid);
	}

	async managerProperty(name: string): Promise<unknown> {
		const [value] = await this.#call(PATH, PROPERTIES, "Get", "ss", [MANAGER, name]);
		return (value as { readonly value: unknown }).value;
	}

	/**
	 * Makes and starts a unit. Resolves once the manager has accepted it. `finished` then resolves with the result of the
	 * manager job ("done", "failed", …), or with "interrupted" when the manager was restarted meanwhile.
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

	/** Resolves false when the unit is not loaded any more. */
	stop(unit: LoadedUnit): Promise<boolean> {
		return this.#unless(this.#call(unit.path, UNIT, "Stop", "s", ["replace"]), isGone);
	}

	/** Resolves false when the unit is not loaded any more, or has no such process. */
	kill(unit: LoadedUnit, whom: "main" | "all", signalNumber: number): Promise<boolean> {
		return this.#unless(this.#call(unit.path, UNIT, "Kill", "si", [whom, signalNumber]), isGone);
	}

	/** Thaws a frozen unit. Resolves false when it is not loaded any more, or not active. */
	thaw(unit: LoadedUnit): Promise<boolean> {
		return this.#unless(this.#call(unit.path, UNIT, "Thaw"), (name) => isGone(name) || name === `${NAME}.UnitInactive`);
	}

	/** Makes the manager forget that the unit failed; with CollectMode=inactive it then unloads the unit. */
	resetFailed(unit: LoadedUnit): Promise<boolean> {
		return this.#unless(this.#call(unit.path, UNIT, "ResetFailed"), isGone);
	}

	/** Has the manager find the unit files at these paths, by links in its own folder, from here on. */
	async linkUnitFiles(paths: readonly string[]): Promise<void> {
		await this.#manager("LinkUnitFiles", "asbb", [paths, false, true]);
	}

	/** As `linkUnitFiles`, and has it start them as their [Install] says. Starts nothing at once. */
	async enableUnitFiles(paths: readonly string[]): Promise<void> {
		await this.#manager("EnableUnitFiles", "asbb", [paths, false, true]);
	}

	/** Takes back both. Resolves false if there is no link, as where somebody disabled the unit by hand. */
	disableUnitFile(name: string): Promise<boolean> {
		return this.#unless(this.#manager("DisableUnitFiles", "asb", [[name], false]), isGone);
	}

	async startTimer(name: string): Promise<void> {
		await this.#manager("StartUnit", "ss", [name, "replace"]);
	}

	/** Also forgets that it failed. Resolves false when it is not loaded. */
	async stopTimer(name: string): Promise<boolean> {
		await this.#unless(this.#manager("StopUnit", "ss", [name, "replace"]), isGone);
		return this.#unless(this.#manager("ResetFailedUnit", "s", [name]), isGone);
	}

	/** All properties of the unit of this name, loaded or not. */
	unit(name: string): Promise<Readonly<Record<string, unknown>>> {
		return this.properties(unitPath(name));
	}

	/** When a timer elapses next by this clock, in microseconds, for "Realtime" since 1970. 0 or INFINITY where it does not. */
	async nextElapse(name: string, clock: "Realtime" | "Monotonic"): Promise<bigint> {
		const [value] = await this.#call(unitPath(name), PROPERTIES, "Get", "ss", [`${NAME}.Timer`, `NextElapseUSec${clock}`]);
		return BigInt((value as { readonly value: bigint }).value);
	}

	/** Calls back for every unit that changes or is removed. Resolves once no event can be missed any more. */
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
		return { [Symbol.asyncDispose]: async () => this.#removeListener(listener) };
	}

	[Symbol.dispose](): void {
		this.#bus[Symbol.dispose]();
	}

	/**
	 * Waits for no answer: whoever waited for the end of a job has it, and the manager is busy with that end. Requests that
	 * follow on this connection come after these.
	 */
	#removeListener(listener: (event: UnitEvent) => void): void {
		if (!this.#unitListeners.delete(listener) || this.#unitListeners.size > 0 || !this.#bus.open) return;
		this.#unitMatch = undefined;
		const requests = [...UNIT_RULES, OWNER_CHANGED]
			.map((rule) => this.#bus.unmatch(rule))
			.concat(this.#manager("Unsubscribe").then(() => {}));
		// Failures do not matter: the signals go on, and are ignored.
		void Promise.allSettled(requests);
	}

	/** Asks the manager for signals about units. Those about our own manager jobs come without this. */
	async #subscribe(): Promise<void> {
		await this.#unless(this.#manager("Subscribe"), (name) => name === `${NAME}.AlreadySubscribed`);
	}

	/** After daemon-reexec or a crash: the new manager may not know our subscription nor our manager jobs. */
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
