// Ctrl-C and its like end a run of the suites with all that it started, and are told by the exit status.

const STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** @param {import("./run.mjs").Run} run */
export function endAtSignals(run) {
	for (const [signal, status] of Object.entries(STATUS)) {
		process.once(signal, () => {
			run.end(`the run was ended by ${signal}`);
			process.exitCode = status;
		});
	}
}
