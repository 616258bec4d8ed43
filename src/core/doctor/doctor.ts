/**
 * Makes the report of `chore doctor`. Must work when nothing else does: an error becomes a finding, and a platform that
 * does not answer is given up after ANSWER_MS.
 */
import { existsSync, readFileSync } from "node:fs";
import { release, type } from "node:os";
import type { Capabilities, Detection, Fact, LogoutFate, Platform } from "../../../platform/contract.ts";
import { type ChoreError, isChoreError } from "../../../platform/errors.ts";
import type { Registry } from "../../../platform/registry.ts";
import { shellWord } from "../../../platform/shell-word.ts";
import { checkStateRoot } from "../disk/private-folder.ts";
import { isId, openSession, sessionFolders, stateRoot } from "../disk/session.ts";
import type { ChoreOptions } from "../options.ts";
import { isChosen, Platforms } from "../platforms.ts";
import type { Askable } from "./ask-after.ts";
import { checkSession, type SessionReport } from "./checkup.ts";
import { checkDisk, type Disk, diskOf } from "./disk.ts";
import { type Finding, Findings } from "./finding.ts";
import { stalePaths } from "./leftovers.ts";
import { type Location, locate } from "./location.ts";
import { SCRATCH, type SelfTest, selfTest } from "./self-test.ts";
import { ANSWER_MS, within } from "./within.ts";

/** What `doctor` looks at besides the surroundings. */
export interface DoctorOptions extends ChoreOptions {
	/** Whether to test the platform with three short jobs. Default true. */
	readonly selfTest?: boolean | undefined;
	/** The settings file of the command line and what is wrong with it, to be reported. The library reads none. */
	readonly settings?: { readonly path: string | undefined; readonly error: ChoreError | undefined } | undefined;
}

/** One platform in the report. */
export interface PlatformReport {
	readonly name: string;
	/** Whether new jobs are started on it. */
	readonly used: boolean;
	readonly available: boolean;
	/** Why it is available or not. */
	readonly reason: string;
	/** The error, if it is available but does not answer; else null. */
	readonly error: string | null;
	readonly capabilities: Capabilities | null;
	/** By the name of a capability that it lacks: why. */
	readonly lacking: Readonly<Record<string, string>>;
	readonly logout: LogoutFate | null;
	readonly facts: readonly Fact[];
	/** The paths that decide whether it is available. */
	readonly locations: readonly Location[];
}

/** What `chore doctor` shows. */
export interface Report {
	readonly schema: 1;
	/** Whether no finding is a problem. */
	readonly well: boolean;
	readonly version: string;
	readonly node: string;
	/** "linux x64" */
	readonly system: string;
	/** "Debian GNU/Linux 12 (bookworm), Linux 6.1.0-18-amd64" */
	readonly release: string;
	readonly session: string;
	/** The state folder and the folder of the session; null where they cannot be found or used. */
	readonly paths: { readonly state: string | null; readonly session: string | null };
	/** The state folder, its folder of installed shell programs, and the settings file. */
	readonly locations: readonly Location[];
	readonly disk: Disk | null;
	/** All sessions that can be read. */
	readonly sessions: readonly SessionReport[];
	readonly platforms: readonly PlatformReport[];
	/** Null if it was not asked for, or if there is no platform to test. */
	readonly selfTest: SelfTest | null;
	/** Problems first, then notes. */
	readonly findings: readonly Finding[];
}

/** @see doctor in index.ts */
export async function examineAll(registry: Registry, version: string, options: DoctorOptions): Promise<Report> {
	const findings = new Findings();
	const session = options.session ?? "default";
	const { path: settingsPath, error: settingsError } = options.settings ?? {};
	if (settingsError !== undefined) findings.problem("settings", settingsError.message, settingsError.hint ?? null);
	const root = attempt("state", findings, () => options.home ?? stateRoot());
	const isUsable = root !== undefined && attempt("state", findings, () => checkStateRoot(root)) !== undefined;
	const folder = isUsable ? folderOf(root, session, findings) : undefined;
	await using platforms = new Platforms(registry, { install: (name) => refuseToInstall(name) });
	const reports = await examinePlatforms(platforms, options, root, findings);
	const silent = new Map(reports.flatMap(({ name, error }) => (error === null ? [] : [[name, error]])));
	const disk = root === undefined ? undefined : diskOf(root);
	if (root !== undefined && disk !== undefined) checkDisk(disk, root, findings);
	const sessions = !isUsable ? [] : await examineSessions(root, { platforms, silent }, findings);
	const used = reports.find((report) => report.used && report.available && report.error === null);
	const tested =
		used === undefined || options.selfTest === false ? null : await trySelfTest(registry, used.name, isUsable ? root : undefined, findings);
	for (const { what, problem } of tested?.checks ?? [])
		if (problem !== null) findings.problem("self-test", `${what}: ${problem}`, "if nothing above explains it, it is worth an issue");
	const paths = [
		...(root === undefined ? [] : [locate("state", root), locate("programs", `${root}/libexec`)]),
		...(settingsPath === undefined ? [] : [locate("settings", settingsPath)]),
	];
	const list = findings.list();
	return {
		schema: 1,
		well: list.every(({ level }) => level !== "problem"),
		version,
		node: process.version,
		system: `${process.platform} ${process.arch}`,
		release: [distribution(), `${type()} ${release()}`].filter((part) => part !== undefined).join(", "),
		session,
		paths: { state: root ?? null, session: folder ?? null },
		locations: paths,
		disk: disk ?? null,
		sessions,
		platforms: reports,
		selfTest: tested,
		findings: list,
	};
}

/** The self-test, or null where it cannot even begin: its error becomes a finding like any other. */
async function trySelfTest(...[registry, platform, root, findings]: [...Parameters<typeof selfTest>, Findings]): Promise<SelfTest | null> {
	try {
		return await selfTest(registry, platform, root);
	} catch (error) {
		tellError("self-test", findings, error);
		return null;
	}
}

/** The result of a step; undefined when it throws a ChoreError, which becomes a finding. */
function attempt<T>(kind: Finding["kind"], findings: Findings, step: () => T): T | undefined {
	try {
		return step();
	} catch (error) {
		tellError(kind, findings, error);
		return undefined;
	}
}

function tellError(kind: Finding["kind"], findings: Findings, error: unknown): void {
	if (!isChoreError(error)) throw error;
	findings.problem(kind, error.message, error.hint ?? null);
}

function refuseToInstall(name: string): never {
	throw new Error(`the doctor starts nothing, so it needs no ${name}`);
}

async function examinePlatforms(
	platforms: Platforms,
	{ platform: asked, scope: wanted }: ChoreOptions,
	root: string | undefined,
	findings: Findings,
): Promise<readonly PlatformReport[]> {
	const found = await platforms.survey();
	const used = asked ?? found.find(({ scope, detection }) => isChosen(detection) && (wanted ?? scope) === scope)?.name;
	const reports = await Promise.all(found.map(({ name, detection }) => examinePlatform(platforms, name, detection, used, root, findings)));
	const chosen = reports.find(({ name }) => name === used);
	if (chosen === undefined || !chosen.available) {
		const reasons = (chosen === undefined ? reports : [chosen]).map(({ name, reason }) => `${name}: ${reason}`).join("; ");
		const names = found.map(({ name }) => name).join(", ");
		if (asked !== undefined && chosen === undefined)
			findings.problem("platform", `there is no platform "${asked}"`, `the platforms are ${names}`);
		else findings.problem("platform", `no job can be started here (${reasons})`, null);
	}
	return reports;
}

async function examinePlatform(
	platforms: Platforms,
	name: string,
	{ available, reason, paths }: Detection,
	used: string | undefined,
	root: string | undefined,
	findings: Findings,
): Promise<PlatformReport> {
	const report: PlatformReport = {
		...{ name, used: name === used, available, reason },
		...{ error: null, capabilities: null, lacking: {}, logout: null, facts: [] },
		locations: paths.map(({ name: what, value }) => locate(what, value)),
	};
	if (!available) return report;
	try {
		const platform = await platforms.get(name);
		const question = Promise.all([platform.describe(), platform.logout(), platform.elsewhere?.(), findStrays(platform, root, findings)]);
		const [{ facts, lacking }, logout, elsewhere] = await within(ANSWER_MS, `the platform ${name}`, question);
		if (elsewhere !== undefined) findings.note("platform", elsewhere, "`--platform posix` starts jobs where the caller is");
		return { ...report, capabilities: platform.capabilities, lacking, logout, facts };
	} catch (error) {
		if (!isChoreError(error)) throw error;
		const what = `the platform ${name} is there, but does not answer: ${error.message}`;
		if (name === used) findings.problem("platform", what, "`--platform` and CHORE_PLATFORM choose another for new jobs");
		else findings.note("platform", what, null);
		return { ...report, error: error.message };
	}
}

async function findStrays(platform: Platform, root: string | undefined, findings: Findings): Promise<void> {
	const strays = (await platform.strays?.()) ?? [];
	const folders = root === undefined ? [] : foldersIn(root).map((name) => `${root}/${name}/jobs`);
	for (const { name, jobId, active, cure } of strays) {
		// The job is still there if the state folder was moved while the job ran.
		if (isId(jobId) && folders.some((folder) => existsSync(`${folder}/${jobId}`))) continue;
		findings.problem("stray", `${name} ${active ? "is active" : "is left"}, but the job that it was started for is gone`, cure);
	}
}

/** The folder of the session that was asked for; undefined if it is unusable, which is reported here or by examineSessions. */
function folderOf(root: string, session: string, findings: Findings): string | undefined {
	if (foldersIn(root).includes(session)) return `${root}/${session}`;
	return attempt("state", findings, () => openSession(root, session).folder);
}

/** The names of the sessions; none if they cannot be listed, which examineSessions reports. */
function foldersIn(root: string): readonly string[] {
	try {
		return sessionFolders(root);
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return [];
	}
}

async function examineSessions(root: string, askable: Askable, findings: Findings): Promise<readonly SessionReport[]> {
	const names = attempt("state", findings, () => sessionFolders(root)) ?? [];
	const reports: SessionReport[] = [];
	for (const name of names) {
		try {
			const session = openSession(root, name);
			if (locate("jobs", session.jobs).kind !== "missing") reports.push(await checkSession(session, askable, findings.of(name)));
		} catch (error) {
			tellError("state", findings.of(name), error);
		}
	}
	for (const path of attempt("state", findings, () => stalePaths(root, SCRATCH)) ?? [])
		findings.problem("leftover", `${path} is of a self-test that was interrupted`, `rm -r ${shellWord(path)}`);
	return reports;
}

/** The name of the distribution (os-release(5)), or undefined. */
function distribution(): string | undefined {
	try {
		const line = /^PRETTY_NAME=(.*)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
		return line?.replace(/^(["'])(.*)\1$/, "$2");
	} catch {
		return undefined;
	}
}
