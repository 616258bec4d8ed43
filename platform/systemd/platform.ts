/** Runs jobs as transient units of a systemd manager. Keeps no state about runs: all that it needs is in their handles. */
import { existsSync, realpathSync } from "node:fs";
import type {
	Capabilities,
	Description,
	Handle,
	LogoutFate,
	Observation,
	Platform,
	PlatformContext,
	RunSpec,
	Schedules,
	StopOutcome,
	Stopping,
	Stray,
	Usage,
} from "../contract.ts";
import { ChoreError, isChoreError } from "../errors.ts";
import { hasLogind } from "../linger.ts";
import { answered, delivered } from "./again.ts";
import { callersProperties } from "./caller.ts";
import { controllersOf, delegatedControllers } from "./controllers.ts";
import { description } from "./describe.ts";
import { HOOK_TEXT } from "./hook.ts";
import { Inspector, inspectUnits } from "./inspect.ts";
import { launcherText } from "./launcher.ts";
import { enableLinger, logoutFate } from "./linger.ts";
import { othersAt } from "./namespaces.ts";
import { NATIVE, propertyWords, readNative } from "./native.ts";
import { pauseRun, resumeRun } from "./pause.ts";
import { split } from "./properties.ts";
import { controllerOf } from "./property-table.ts";
import { Systemd } from "./requests.ts";
import { allowRestarts, restartsText } from "./restarts.ts";
import { schedulesOn } from "./schedules.ts";
import type { Scope } from "./scope.ts";
import { confirmStart, propertiesOf, submitUnit } from "./start.ts";
import { findOwn, letGo, signalRun, stopRun } from "./stop.ts";
import { findStrays } from "./strays.ts";
import { type Installation, type PlannedUnit, planUnit, readHandle, unaskedNames } from "./unit.ts";
import { NO_USAGE, usageOf } from "./usage.ts";
import { Waiter } from "./waiter.ts";
import { Watch } from "./watch.ts";
import { Bus, type Patience } from "./wire.ts";

export class SystemdPlatform implements Platform {
	readonly name: string;
	/** Absent for the system's manager, whose jobs survive every logout. */
	readonly linger?: () => Promise<void>;
	readonly schedules: Schedules;
	readonly #scope: Scope;
	readonly #socketPath: string;
	readonly #userId: number;
	readonly #context: PlatformContext;
	readonly #patience: Patience | undefined;
	readonly #connect = (): Systemd => this.#connected();
	readonly #inspector = new Inspector(this.#connect);
	readonly #watches = new Set<Watch>();
	#systemd: Systemd | undefined;
	#capabilities: Capabilities | undefined;
	#controllers: { readonly delegated: ReadonlySet<string> | null } | undefined;

	/** Connects with the first request. @param socketPath of the manager's message bus */
	constructor(
		socketPath: string,
		{ userId, scope }: { readonly userId: number; readonly scope: Scope },
		context: PlatformContext,
		patience?: Patience,
	) {
		this.name = scope.name;
		this.schedules = { ...schedulesOn(this.#connect, scope.name), logout: () => this.logout() };
		if (!scope.isSystem) this.linger = enableLinger;
		this.#scope = scope;
		this.#socketPath = socketPath;
		this.#userId = userId;
		this.#context = context;
		this.#patience = patience;
	}

	get capabilities(): Capabilities {
		this.#capabilities ??= capabilitiesWith(() => this.#delegated());
		return this.#capabilities;
	}

	check(asked: Pick<RunSpec, "native" | "limits">): void {
		readNative(asked, this.name);
		this.#checkControllers(asked);
	}

	plan(run: RunSpec): Handle {
		return planUnit(run, this.name);
	}

	async start(run: RunSpec, handle: Handle): Promise<void> {
		const installation = this.#installation();
		allowRestarts(run);
		const planned = readHandle(handle, this.name);
		const { finished } = await delivered(() => submitUnit(this.#connected(), run, planned, installation));
		if (run.acknowledge) await confirmStart(this.#connect, run, planned, { finished, scope: this.#scope });
	}

	async launcher(run: RunSpec): Promise<string> {
		const { unit } = readHandle(this.plan(run), this.name);
		const inherited = await callersProperties(this.#connected());
		const properties = await propertiesOf(this.#connected(), run, { ...this.#installation(), inherited });
		const unasked = unaskedNames(run, inherited);
		return launcherText({ unit, start: run.start, properties, unasked, restarts: restartsText(run), scope: this.#scope });
	}

	async stop(handle: Handle, options: Stopping): Promise<StopOutcome> {
		const run = readHandle(handle, this.name);
		const waiter = new Waiter(() => answered(() => this.#inspector.observe(run)));
		await using _watch = await answered(() => this.watch([handle], waiter.hint));
		return await stopRun(this.#connect, run, options, waiter);
	}

	async kill(handle: Handle, signal: string, whom: "main" | "all"): Promise<boolean> {
		return await delivered(() => signalRun(this.#connected(), readHandle(handle, this.name), [signal], whom));
	}

	async pause(handle: Handle): Promise<boolean> {
		return await delivered(() => pauseRun(this.#connected(), readHandle(handle, this.name)));
	}

	async resume(handle: Handle): Promise<boolean> {
		return await delivered(() => resumeRun(this.#connected(), readHandle(handle, this.name)));
	}

	async inspect(handles: readonly Handle[]): Promise<readonly Observation[]> {
		const runs = handles.map((handle) => readable(handle, this.name));
		const known = runs.flatMap((run) => ("unit" in run ? [run] : []));
		try {
			const observations = known.length > 0 ? await answered(() => inspectUnits(this.#connected(), known)) : [];
			let next = 0;
			return runs.map((run) => ("unit" in run ? (observations[next++] as Observation) : run));
		} catch (error) {
			if (!isChoreError(error)) throw error;
			return handles.map(() => ({ kind: "unreachable", reason: error.message }));
		}
	}

	async watch(handles: readonly Handle[], changed: (handle: Handle) => void): Promise<AsyncDisposable> {
		const watch = await Watch.begin(this.#connect, handles, changed);
		this.#watches.add(watch);
		return {
			[Symbol.asyncDispose]: async () => {
				this.#watches.delete(watch);
				await watch[Symbol.asyncDispose]();
			},
		};
	}

	async forget(handle: Handle): Promise<void> {
		const run = readHandle(handle, this.name);
		// Safe to repeat: every request in it reaches this run's unit only.
		await answered(() => letGo(this.#connected(), run));
	}

	async usage(handle: Handle): Promise<Usage> {
		const run = readHandle(handle, this.name);
		const unit = await findOwn(this.#connected(), run);
		return unit === undefined ? NO_USAGE : usageOf(unit.controlGroup, run);
	}

	async logout(): Promise<LogoutFate> {
		return this.#scope.isSystem ? { survives: true } : logoutFate();
	}

	async elsewhere(): Promise<string | undefined> {
		const others = othersAt(await this.#connected().managerPid());
		if (others.length === 0) return undefined;
		return `${this.#scope.manager} of systemd is in another namespace than this process: its jobs have ${others.join(" and ")}`;
	}

	strays(): Promise<readonly Stray[]> {
		return findStrays(this.#connected(), this.#scope.systemctl);
	}

	async describe(): Promise<Description> {
		const systemd = this.#connected();
		const [version, controlGroup] = await Promise.all([systemd.managerProperty("Version"), systemd.controlGroup()]);
		return description({
			version: String(version),
			controlGroup,
			cgroupMode: cgroupMode(),
			controllers: this.#delegated(),
			manager: this.#scope.manager,
			lingers: this.#scope.isSystem ? null : logoutFate().survives,
			hasLogind: hasLogind(),
			shell: realpathSync("/bin/sh"),
		});
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await Promise.all([...this.#watches].map((watch) => watch[Symbol.asyncDispose]()));
		this.#systemd?.[Symbol.dispose]();
	}

	#installation(): Installation & { readonly scope: Scope } {
		return { scope: this.#scope, hookPath: this.#context.install("hook", HOOK_TEXT), isPrivileged: this.#userId === 0 };
	}

	/** Refuses properties that systemd would accept without enforcing them. @throws ChoreError OPTION_UNSUPPORTED */
	#checkControllers({ native }: Pick<RunSpec, "native">): void {
		for (const word of propertyWords(native)) {
			const [name] = split(word);
			const controller = controllerOf(name);
			if (controller === undefined || this.#delegated()?.has(controller)) continue;
			throw new ChoreError("OPTION_UNSUPPORTED", `${name} would do nothing here: ${this.#scope.manager} has no ${controller} controller`, {
				hint: "leave it out; `chore doctor` shows what each platform can do, and why",
			});
		}
	}

	/** The cgroup controllers that the manager may use; null without a cgroup v2 tree. */
	#delegated(): ReadonlySet<string> | null {
		this.#controllers ??= { delegated: this.#scope.isSystem ? controllersOf("/") : delegatedControllers(this.#userId) };
		return this.#controllers.delegated;
	}

	/** The present connection, or a new one if that was lost. */
	#connected(): Systemd {
		if (this.#systemd?.open !== true) this.#systemd = new Systemd(new Bus(this.#socketPath, this.#patience));
		return this.#systemd;
	}
}

/** @param delegated finds the controllers. In a container it reads all of /proc, so it is called only by the fields that need it */
function capabilitiesWith(delegated: () => ReadonlySet<string> | null): Capabilities {
	return {
		restart: true,
		timeout: true,
		get memoryLimit() {
			return delegated()?.has("memory") === true;
		},
		get cpuLimit() {
			return delegated()?.has("cpu") === true;
		},
		get taskLimit() {
			return delegated()?.has("pids") === true;
		},
		/** Every cgroup v2 tree counts CPU time; peak memory is counted where the memory controller is delegated. */
		get accounting() {
			return delegated() !== null;
		},
		pause: true,
		native: NATIVE,
		hangUp: true,
		enqueue: true,
		schedule: true,
		occasions: true,
		containment: "cgroup",
	};
}

/** Reads a handle for `inspect`. One that a newer chore wrote is "unreachable" and does not keep the others from an answer. */
function readable(handle: Handle, platform: string): PlannedUnit | Extract<Observation, { readonly kind: "unreachable" }> {
	try {
		return readHandle(handle, platform);
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return { kind: "unreachable", reason: error.message };
	}
}

function cgroupMode(): string {
	if (existsSync("/sys/fs/cgroup/cgroup.controllers")) return "unified";
	return existsSync("/sys/fs/cgroup/unified/cgroup.controllers") ? "hybrid" : "legacy";
}
