/** Makes of the settings of a job and what is to change in them the next ones: their record and start script. */
import { existsSync, readFileSync } from "node:fs";
import type { Platform } from "../../../platform/contract.ts";
import { ChoreError } from "../../../platform/errors.ts";
import type { Context } from "../context.ts";
import { gone } from "../control/reach.ts";
import { refuse } from "../disk/files.ts";
import { jobFolder, type Session, settingsFolder } from "../disk/session.ts";
import type { JobRecord, StoredRun } from "../disk/store.ts";
import { checkSize } from "../prepare/argument-size.ts";
import { changedOptions, type SetOptions } from "../prepare/changes.ts";
import { findCurl } from "../prepare/curl.ts";
import { type Callers, type Environment, jobEnvironment, ownEnvironment } from "../prepare/environment.ts";
import { checkIdentity, environmentAs, findIdentity, type Identity } from "../prepare/identity.ts";
import { checkDirectory, checkInput, findProgram } from "../prepare/precheck.ts";
import { type Given, readStartScript } from "../prepare/read-start-script.ts";
import { requestWords } from "../prepare/request.ts";
import { checkCapabilities, normalise } from "../prepare/spec.ts";
import { startScript } from "../prepare/start-script.ts";
import { jobRecord } from "./new-job.ts";
import { planRun } from "./plan.ts";

/** What the next runs of a job will have, before any file of it is written. */
export interface NewSettings {
	readonly platform: Platform;
	readonly job: JobRecord & { readonly settings: number };
	readonly script: Buffer;
}

/** What to change, without what is said of the schedule. */
type Options = Omit<SetOptions, "schedule">;

/** @throws ChoreError as a start does */
export async function newSettings(context: Context, stored: StoredRun, options: Options): Promise<NewSettings> {
	const { session } = context;
	const before = stored.next ?? stored.job;
	const { id, origin, request } = before;
	const given = readGiven(session, before);
	const merged = changedOptions(before, given, options);
	const spec = normalise(merged, context);
	const platform = await context.platforms.get(stored.run.handle.platform);
	await checkCapabilities(spec, merged, platform);
	platform.check(spec);
	checkDirectory(spec.directory);
	if (typeof spec.stdin === "object") checkInput(spec.stdin.file);
	const identity = findIdentity(options.user, options.group);
	const environment = environmentOf(given, identity, options);
	const program = await programOf(before, spec, environment, options);
	const stack = given.limits.find(({ flags }) => flags.includes("-s"))?.soft;
	checkSize(spec.command, environment, Object.keys(spec.native).length === 0 ? stack : undefined);
	if (identity !== undefined) checkIdentity(identity, program);
	const script = startScript({
		...spec,
		...{ jobId: id, program, environment, limits: given.limits, become: identity?.command ?? given.become },
		arguments: request === undefined ? spec.command.slice(1) : requestWords(spec.output, request.expect),
		script: request === undefined ? undefined : "request",
		stopSignal: spec.stopping.signal,
	});
	const job = {
		...jobRecord({ spec, id, name: before.name, program, script, acknowledge: true, request: undefined }),
		...{ settings: (before.settings ?? 1) + 1, createdAtMs: before.createdAtMs },
		...(origin === undefined ? {} : { origin }),
		...(request === undefined ? {} : { request }),
	};
	checkUnit(session, platform, job, stored);
	return { platform, job, script };
}

/** What the job was given at the start that no record holds. @throws ChoreError JOB_UNREADABLE */
function readGiven(session: Session, { id, settings = 1, command, request, output }: JobRecord): Given {
	const path = `${settingsFolder(session, id, settings)}/start`;
	let script: Buffer;
	try {
		script = readFileSync(path);
	} catch (error) {
		return existsSync(jobFolder(session, id)) ? refuse(path, error) : gone(id);
	}
	const words = request === undefined ? command.length : 1 + requestWords(output, request.expect).length;
	const given = readStartScript(script, words);
	if (given !== undefined) return given;
	throw new ChoreError("JOB_UNREADABLE", `cannot read with what job ${id} is started: ${path}: it is damaged`, {
		hint: "make a new job with `chore run`",
	});
}

function environmentOf(given: Given, identity: Identity | undefined, options: Options): Environment {
	const {
		refreshEnvironment = false,
		environment,
		cleanEnvironment = false,
		setEnvironment = {},
		unsetEnvironment = [],
		onWarning,
	} = options;
	const isOther = refreshEnvironment || environment !== undefined;
	if (refreshEnvironment && identity === undefined && given.become.length > 0) {
		throw new ChoreError("INVALID_ARGUMENT", "the job runs as another user, whose variables are not those of today's caller", {
			hint: "name that user again: --uid",
		});
	}
	const callers: Callers =
		environment !== undefined
			? { variables: Object.entries(environment), unknown: [] }
			: refreshEnvironment
				? ownEnvironment()
				: { variables: [...given.environment], unknown: [] };
	const all = identity === undefined ? callers : environmentAs(identity, callers);
	const isLeft = (name: string): boolean => !unsetEnvironment.includes(name);
	const from: Callers = { variables: all.variables.filter(([name]) => isLeft(name)), unknown: all.unknown.filter(isLeft) };
	// Its own variables stay, also those that a new job would not take from its caller.
	const isWhole = !isOther && !cleanEnvironment;
	const stays = isWhole ? Object.fromEntries(from.variables.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))) : {};
	const made = jobEnvironment({
		from: isWhole ? { variables: [], unknown: [] } : from,
		clean: cleanEnvironment,
		set: { ...stays, ...setEnvironment },
	});
	if (made.dropped.length > 0) onWarning?.(`left out, since their values may not be valid UTF-8: ${made.dropped.join(", ")}`);
	return made.environment;
}

/** The program stays unless something is named by which it is found. */
async function programOf(
	before: JobRecord,
	{ command, directory }: { readonly command: readonly [string, ...string[]]; readonly directory: string },
	environment: Environment,
	options: Options,
): Promise<string> {
	const isNamed = [options.command, options.directory, options.environment, options.setEnvironment?.["PATH"]].some(
		(one) => one !== undefined,
	);
	const isPathUnset = options.unsetEnvironment?.includes("PATH");
	if (!isNamed && !isPathUnset && !options.refreshEnvironment) return before.program;
	const path = environment.get("PATH");
	return before.request === undefined ? findProgram(command[0], directory, path) : findCurl(directory, path);
}

/** The platform finds a run that is active by its unit. @throws ChoreError INVALID_ARGUMENT */
function checkUnit(session: Session, platform: Platform, job: JobRecord, { run }: StoredRun): void {
	const { unit } = planRun(session, platform, job, run.run + 1, true).handle.data;
	if (unit === run.handle.data["unit"]) return;
	throw new ChoreError("INVALID_ARGUMENT", "the unit of a job keeps its name", { hint: "make a new job with `chore run`" });
}
