/** What launchctl wrote on real machines (shared as quotes by those who ran it): what the simulator and the reader of `print` are held to. */

/** macOS 26, a job that ran once: `exit 3`. */
export const EXITED = `gui/501/local.telemetryprobe.code = {
	active count = 0
	path = /private/tmp/probe/local.telemetryprobe.code.plist
	type = LaunchAgent
	state = not running

	program = /bin/sh
	arguments = {
		/bin/sh
		-c
		exit 3
	}

	inherited environment = {
		SSH_AUTH_SOCK => /var/run/com.apple.launchd.probe/Listeners
	}

	default environment = {
		PATH => /usr/bin:/bin:/usr/sbin:/sbin
	}

	environment = {
		OSLogRateLimit => 64
		XPC_SERVICE_NAME => local.telemetryprobe.code
	}

	domain = gui/501 [100023]
	asid = 100023
	minimum runtime = 10
	exit timeout = 5
	runs = 1
	last exit code = 3

	resource coalition = {
		ID = 230067
		type = resource
		state = active
		active count = 1
		name = local.telemetryprobe.code
	}

	jetsam coalition = {
		ID = 230068
		type = jetsam
		state = active
		active count = 1
		name = local.telemetryprobe.code
	}

	spawn type = daemon (3)
	jetsam priority = 40
	jetsam memory limit (active) = (unlimited)
	jetsam memory limit (inactive) = (unlimited)
	jetsamproperties category = daemon
	jetsam thread limit = 32
	cpumon = default

	properties = runatload | inferred program
}
`;

/** The same with `kill -9 $$`. */
export const KILLED: string = EXITED.replace("last exit code = 3", "last terminating signal = Killed: 9");

/** Of a job in its first run, the lines between "exit timeout" and the coalitions. */
export const RUNNING_LINES = `	runs = 1
	pid = 3246
	immediate reason = speculative
	forks = 0
	execs = 1
	initialized = 1
	trampolined = 1
	started suspended = 0
	proxy started suspended = 0
	checked allocations = 0 (queried = 1)
	checked allocations reason = no host
	checked allocations flags = 0x0
	last exit code = (never exited)
`;

export const RUNNING: string = EXITED.replace("active count = 0", "active count = 1")
	.replace("state = not running", "state = running")
	.replace(/\truns = 1\n\tlast exit code = 3\n/, RUNNING_LINES);

/** `launchctl list LABEL` of a job that exited with 78 and runs again. */
export const LISTED = `{
	"LimitLoadToSessionType" = "Aqua";
	"Label" = "com.salt";
	"OnDemand" = false;
	"LastExitStatus" = 19968;
	"PID" = 218;
	"Program" = "/opt/salt";
	"ProgramArguments" = (
		"/opt/salt";
		"--syslog";
	);
};
`;
