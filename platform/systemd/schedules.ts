/** Wakes jobs by timers of the manager. Their files lie in the job's folder, and the manager makes links to them. */
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Schedules, Wake } from "../contract.ts";
import { ChoreError, errnoOf, isChoreError } from "../errors.ts";
import { answered } from "./again.ts";
import { INFINITY } from "./property.ts";
import type { Systemd } from "./requests.ts";
import { planTimer, readTimer, serviceText, type Timer, timerText } from "./timer.ts";

/** How long the manager may take to start a timer. */
const STARTING_MS = 10_000;
const LOOK_EVERY_MS = 10;

/** @param connect gives the present connection, or a new one */
export function schedulesOn(connect: () => Systemd, platform: string): Schedules {
	const disarm = async (timer: Timer): Promise<void> => {
		await answered(() => connect().stopTimer(timer.timer));
		for (const name of [timer.timer, timer.service]) await answered(() => connect().disableUnitFile(name));
		for (const file of filesOf(timer)) rmSync(file, { force: true });
	};
	const disarmOthers = async (timer: Timer): Promise<void> => {
		for (const other of othersBeside(timer)) await disarm(other);
	};
	return {
		plan: (wake) => planTimer(wake, platform),
		async disarm(handle) {
			const timer = readTimer(handle);
			await disarm(timer);
			await disarmOthers(timer);
		},
		async arm(wake, handle) {
			const timer = readTimer(handle);
			try {
				await arm(connect(), wake, timer);
			} catch (error) {
				await disarm(timer).catch((second: unknown) => {
					if (!isChoreError(second)) throw second; // the first error tells more
				});
				throw error;
			}
			await disarmOthers(timer);
		},
		async nextTimes(handles) {
			const systemd = connect();
			return Promise.all(handles.map((handle) => nextTime(systemd, readTimer(handle))));
		},
		async faults(handles) {
			const systemd = connect();
			return Promise.all(handles.map((handle) => faultOf(systemd, readTimer(handle))));
		},
	};
}

/** The manager finds new units without daemon-reload, which takes long. */
async function arm(systemd: Systemd, wake: Wake, timer: Timer): Promise<void> {
	const [timerFile, serviceFile] = filesOf(timer);
	write(timerFile, timerText(wake));
	write(serviceFile, serviceText(wake));
	await systemd.linkUnitFiles([serviceFile]);
	await systemd.enableUnitFiles([timerFile]);
	await systemd.startTimer(timer.timer);
	for (const deadlineMs = performance.now() + STARTING_MS; performance.now() < deadlineMs; await delay(LOOK_EVERY_MS)) {
		const { SubState: subState } = await systemd.unit(timer.timer);
		// In a second it may have fired already.
		if (subState === "waiting" || subState === "running") return;
		if (subState !== "dead") break;
	}
	throw new ChoreError("PLATFORM_FAILED", `${timer.timer} was started, but never elapses`, {
		hint: "`systemd-analyze calendar` shows how systemd reads a calendar",
	});
}

/**
 * While the service of the timer is active it has none. A timer of a calendar elapses by the clock on the wall alone, which is
 * asked first: of many timers each question counts.
 */
async function nextTime(systemd: Systemd, { timer }: Timer): Promise<number | undefined> {
	const isNever = (moment: bigint): boolean => moment === 0n || moment === INFINITY;
	const realtime = await systemd.nextElapse(timer, "Realtime");
	if (!isNever(realtime)) return Math.round(Number(realtime) / 1000);
	const monotonic = await systemd.nextElapse(timer, "Monotonic");
	// To whole seconds, so that two looks tell the same moment.
	return isNever(monotonic) ? undefined : Math.round((Date.now() + Number(monotonic) / 1000 - monotonicMs()) / 1000) * 1000;
}

/** By CLOCK_MONOTONIC, as the manager counts. */
function monotonicMs(): number {
	return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** @see Schedules.faults in contract.ts */
async function faultOf(systemd: Systemd, timer: Timer): Promise<string | undefined> {
	const missing = filesOf(timer).find((file) => !existsSync(file));
	if (missing !== undefined) return `${missing} is gone`;
	for (const name of [timer.service, timer.timer]) {
		const { LoadState } = await systemd.unit(name);
		if (LoadState !== "loaded") return `the manager does not find ${name}`;
	}
	const { ActiveState, Result, UnitFileState } = await systemd.unit(timer.timer);
	if (ActiveState === "failed") return `${timer.timer} has failed: ${Result}`;
	if (ActiveState !== "active") return `${timer.timer} is not active`;
	return UnitFileState === "enabled" ? undefined : `${timer.timer} is not enabled: it is gone after a restart of the manager`;
}

/**
 * The timers of other revisions: their files are there until they are disarmed. That of the revision before may be at work though
 * somebody deleted its file.
 */
function othersBeside({ folder, timer }: Timer): readonly Timer[] {
	const before = timer.replace(/[0-9]+(?=\.timer$)/, (revision) => String(Number(revision) - 1));
	const present = (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.endsWith(".timer"));
	const names = new Set([...present, ...(before.endsWith("-r0.timer") ? [] : [before])]);
	names.delete(timer);
	return [...names].map((name) => ({ folder, timer: name, service: name.replace(/timer$/, "service") }));
}

function filesOf({ folder, timer, service }: Timer): readonly [timer: string, service: string] {
	return [`${folder}/${timer}`, `${folder}/${service}`];
}

function write(path: string, text: string): void {
	try {
		writeFileSync(path, text, { mode: 0o600 });
	} catch (error) {
		throw new ChoreError("STATE_UNUSABLE", `cannot write ${path}: ${errnoOf(error)}`, { cause: error });
	}
}
