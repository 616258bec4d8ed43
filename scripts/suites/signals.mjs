// Ends a run of the suites, with all that it started, at SIGINT, SIGTERM and SIGHUP. The exit status tells the signal.

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
