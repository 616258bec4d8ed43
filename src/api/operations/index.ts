/** All that the API can do, by name. */
import * as control from "./control.ts";
import * as events from "./events.ts";
import * as jobs from "./jobs.ts";
import type { Operations } from "./operation.ts";
import { logs } from "./output.ts";
import * as schedules from "./schedules.ts";
import * as service from "./service.ts";

export const OPERATIONS: Operations = {
	info: service.info,
	run: jobs.run,
	list: jobs.list,
	get: jobs.get,
	wait: control.wait,
	runs: jobs.runs,
	status: jobs.status,
	logs,
	stop: control.stop,
	kill: control.kill,
	start: jobs.start,
	restart: jobs.restart,
	set: jobs.set,
	pause: control.pause,
	resume: control.resume,
	send: control.send,
	remove: jobs.remove,
	history: jobs.history,
	events: events.events,
	eventsAfter: events.eventsAfter,
	moveCursor: events.moveCursor,
	schedules: schedules.schedules,
	upcoming: schedules.upcoming,
	reschedule: schedules.reschedule,
	addTriggers: schedules.addTriggers,
	changeTrigger: schedules.changeTrigger,
	removeTriggers: schedules.removeTriggers,
	pauseTriggers: schedules.pauseTriggers,
	resumeTriggers: schedules.resumeTriggers,
	pauseSchedule: schedules.pauseSchedule,
	resumeSchedule: schedules.resumeSchedule,
	prune: service.prune,
	doctor: service.doctor,
};
