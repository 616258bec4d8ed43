/** For the tests of this folder: a platform with a state folder, runs in it, and waiting for facts. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Handle, Observation, Platform, PlatformContext, RunSpec } from "../../platform/contract.ts";
import { type ExitRecord, parseExitRecord } from "../../platform/exit-record.ts";
import { open } from "../../platform/systemd/index.ts";
import { eventually } from "../support/eventually.ts";

/** Characters that cause trouble in paths: in unit files, in shells, in command lines of systemd. */
const ODD = 'it\'s $HOME $$ %h %% "état" \\x41; a';

export interface Prepared {
	readonly run: RunSpec;
	readonly handle: Handle;
}

/** A platform with its own state folder. Everything started by it is stopped at the end of the scope. */
export class Fixture implements AsyncDisposable {
	readonly platform: Platform;
	readonly folder: string;
	readonly #prepared: Prepared[] = [];

	private constructor(folder: string, platform: Platform) {
		this.folder = folder;
		this.platform = platform;
	}

	/** @param name of its folder */
	static async open(name: string = `${ODD} `): Promise<Fixture> {
		const folder = mkdtempSync(`${tmpdir()}/${name}`);
		return new Fixture(folder, await open(contextIn(folder)));
	}

	/** A run of this shell script, laid out as the core does it. `$1` is the run's folder. */
	prepare(script: string, changes: Partial<RunSpec> = {}): Prepared {
		const run = prepareRun(this.folder, script, changes);
		const prepared = { run, handle: this.platform.plan(run) };
		this.#prepared.push(prepared);
		return prepared;
	}

	async start(script: string, changes: Partial<RunSpec> = {}): Promise<Prepared> {
		const prepared = this.prepare(script, changes);
		await this.platform.start(prepared.run, prepared.handle);
		return prepared;
	}

	/** A run whose script has said `ready`, which a function in it does. */
	async startReady(script: string, changes: Partial<RunSpec> = {}): Promise<Prepared> {
		const prepared = await this.start(`ready() { echo ready >"$run/said"; }\nrun=$1\n${script}`, changes);
		await eventually("the job is ready", () => said(prepared), "ready");
		return prepared;
	}

	async observe({ handle }: Prepared): Promise<Observation> {
		const [observation] = await this.platform.inspect([handle]);
		assert.ok(observation);
		return observation;
	}

	async is(prepared: Prepared, kind: Observation["kind"]): Promise<Observation> {
		const look = () => this.observe(prepared);
		return eventually(`the run is ${kind}`, look, (seen) => seen.kind === kind);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await Promise.allSettled(
			this.#prepared.map(async ({ handle }) => {
				await this.platform.stop(handle, { signal: "SIGKILL", graceMs: 0, hangUp: false });
				await this.platform.forget(handle);
			}),
		);
		await this.platform[Symbol.asyncDispose]();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

export function contextIn(folder: string): PlatformContext {
	return {
		install(name, text) {
			const path = `${folder}/${name}`;
			writeFileSync(path, text);
			return path;
		},
	};
}

let counter = 0;

export function prepareRun(folder: string, script: string, changes: Partial<RunSpec> = {}): RunSpec {
	counter += 1;
	const jobId = changes.jobId ?? `${process.pid}-${counter}-${Date.now().toString(36)}`;
	const jobFolder = `${folder}/${jobId}`;
	const runFolder = `${jobFolder}/runs/${changes.run ?? 1}`;
	mkdirSync(runFolder, { recursive: true });
	writeFileSync(`${runFolder}/exit`, " ".repeat(512));
	writeFileSync(`${runFolder}/started`, " ".repeat(16));
	if ((changes.restart?.policy ?? "no") !== "no") writeFileSync(`${runFolder}/attempts`, "");
	writeFileSync(
		`${jobFolder}/start`,
		`export CHORE_JOB_ID=${jobId} CHORE_RUN_ID=${changes.run ?? 1}.${jobId}\necho $$ 1<>"$1/started"\n${script}\n`,
	);
	return {
		jobId,
		run: 1,
		label: `test-${jobId}`,
		description: "a test",
		jobFolder,
		start: `${jobFolder}/start`,
		runFolder,
		limits: { timeoutMs: null, memoryBytes: null, cpus: null, tasks: null },
		stopping: { signal: "SIGTERM", graceMs: 10_000, hangUp: false },
		restart: { policy: "no", delayMs: 0, max: null },
		native: {},
		acknowledge: true,
		...changes,
	};
}

/** What the run's script left in its file `said`, or undefined. */
export function said({ run }: Prepared, file = "said"): string | undefined {
	try {
		return readFileSync(`${run.runFolder}/${file}`, "utf8").trim();
	} catch {
		return undefined;
	}
}

/** The exit record, once it is there. */
export async function recordOf({ run }: Prepared): Promise<ExitRecord> {
	const read = () => parseExitRecord(readFileSync(`${run.runFolder}/exit`, "utf8"));
	const record = await eventually("its end is recorded", read, (seen) => seen !== "blank");
	assert.ok(typeof record === "object", `the record is ${JSON.stringify(record)}`);
	return record;
}

export function hasRecord({ run }: Prepared): boolean {
	return parseExitRecord(readFileSync(`${run.runFolder}/exit`, "utf8")) !== "blank";
}
