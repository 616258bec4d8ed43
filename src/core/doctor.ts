/** What chore finds here: which platform runs jobs, what it can do, and where things are. */
import type { Capabilities, Fact, LogoutFate } from "../../platform/contract.ts";
import { isChoreError } from "../../platform/errors.ts";
import type { Context } from "./context.ts";
import { hasEnded } from "./job.ts";
import { list } from "./list.ts";
import { jobIds } from "./resolve.ts";

/** One platform, as it is here. */
export interface PlatformReport {
	readonly name: string;
	/** New jobs go to it. */
	readonly used: boolean;
	/** Why it cannot be used, or null. */
	readonly unavailable: string | null;
	/** What it cannot be reached for, although it is there; or null. */
	readonly error: string | null;
	readonly capabilities: Capabilities | null;
	readonly logout: LogoutFate | null;
	readonly facts: readonly Fact[];
}

/** What `chore doctor` shows. */
export interface Report {
	readonly schema: 1;
	readonly version: string;
	readonly node: string;
	readonly system: string;
	readonly session: string;
	readonly paths: { readonly state: string; readonly session: string };
	readonly jobs: { readonly all: number; readonly active: number };
	readonly platforms: readonly PlatformReport[];
}

/** @see Chore.doctor in chore.ts */
export async function doctor(context: Context, version: string): Promise<Report> {
	const { session, platforms } = context;
	const found = await platforms.survey();
	const used = context.platform ?? found.find(({ detection }) => detection.available)?.name;
	const reports: PlatformReport[] = [];
	for (const { name, detection } of found) {
		const unavailable = detection.available ? null : detection.reason;
		const empty: PlatformReport = { name, used: name === used, unavailable, error: null, capabilities: null, logout: null, facts: [] };
		reports.push(detection.available ? await look(context, empty) : empty);
	}
	return {
		schema: 1,
		version,
		node: process.version,
		system: `${process.platform} ${process.arch}`,
		session: session.name,
		paths: { state: session.root, session: session.folder },
		jobs: { all: jobIds(session).length, active: (await list(context)).filter((job) => !hasEnded(job)).length },
		platforms: reports,
	};
}

async function look(context: Context, report: PlatformReport): Promise<PlatformReport> {
	try {
		const platform = await context.platforms.get(report.name);
		const [logout, facts] = await Promise.all([platform.logout(), platform.describe()]);
		return { ...report, capabilities: platform.capabilities, logout, facts };
	} catch (error) {
		if (!isChoreError(error)) throw error;
		return { ...report, error: error.message };
	}
}
