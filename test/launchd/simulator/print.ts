/** What `launchctl print` and `launchctl list` write, line by line as captured. User text is printed raw. */
import { exitCodeWords, signalWords } from "./errors.ts";
import type { Definition, End, Service } from "./service.ts";
import type { Switches } from "./switches.ts";

/** The audit session of every domain here. */
const SESSION = 100_023;

export function printedService(service: Service, domain: string, switches: Switches): string {
	const { definition, label } = service;
	const isNew = switches.print === "new";
	const words = (definition["ProgramArguments"] ?? []) as readonly string[];
	const lines = [
		isNew ? `${domain}/${label} = {` : `${label} = {`,
		`	active count = ${service.pid === undefined ? 0 : 1}`,
		`	path = ${service.path}`,
		...(isNew ? ["	type = LaunchAgent"] : []),
		`	state = ${!isNew && service.state === "not running" ? "waiting" : service.state}`,
		"",
		`	program = ${definition["Program"] ?? words[0]}`,
		...block("arguments", words),
		"",
		...optional("working directory", definition["WorkingDirectory"]),
		...optional("stdin path", definition["StandardInPath"]),
		...optional("stdout path", definition["StandardOutPath"]),
		...optional("stderr path", definition["StandardErrorPath"]),
		...block("inherited environment", ["SSH_AUTH_SOCK => /var/run/com.apple.launchd.simulator/Listeners"]),
		"",
		...block("default environment", ["PATH => /usr/bin:/bin:/usr/sbin:/sbin"]),
		"",
		...block("environment", [...environmentOf(definition), ...(isNew ? ["OSLogRateLimit => 64"] : []), `XPC_SERVICE_NAME => ${label}`]),
		"",
		`	domain = ${isNew ? `${domain} [${SESSION}]` : `com.apple.xpc.launchd.domain.${domain.replace("/", ".")}`}`,
		...(isNew ? [`	asid = ${SESSION}`] : []),
		...optional("umask", typeof definition["Umask"] === "number" ? definition["Umask"].toString(8) : definition["Umask"]),
		`	minimum runtime = ${service.throttle}`,
		`	exit timeout = ${service.exitTimeout}`,
		...(switches.futureLines ? ["	phase of the moon = full", "	state of matter = {", "		state = running", "		pid = 1", "	}"] : []),
		`	runs = ${service.runs}`,
		...(service.crashes > 0 || !isNew ? [`	successive crashes = ${service.crashes}`] : []),
		...(service.pid === undefined ? [] : processLines(service.pid, isNew)),
		`	${endWords(service.end)}`,
		"",
		...semaphores(definition),
		...coalition("resource", 2 * service.number, label),
		...coalition("jetsam", 2 * service.number + 1, label),
		`	spawn type = ${definition["ProcessType"] === "Interactive" ? "interactive (4)" : "daemon (3)"}`,
		"	jetsam priority = 40",
		"	jetsam memory limit (active) = (unlimited)",
		"	jetsam memory limit (inactive) = (unlimited)",
		"	jetsamproperties category = daemon",
		"	jetsam thread limit = 32",
		"	cpumon = default",
		"",
		...(isSpawnFailure(service) ? ["	job state = spawn failed", ""] : []),
		`	properties = ${properties(definition, service.keepsAlive)}`,
		"}",
	];
	return `${lines.join("\n")}\n`;
}

export function printedDomain(domain: string, services: Iterable<Service>): string {
	const rows = [...services].map(
		({ pid, end, label }) => `		${String(pid ?? 0).padStart(7)}   ${statusWords(end).padStart(6)} \t${label}`,
	);
	const head = [`${domain} = {`, "	type = login", "	creator = loginwindow[415]", "", "	services = {", ...rows, "	}", "}"];
	return `${head.join("\n")}\n`;
}

/** `launchctl list`. */
export function listedServices(services: Iterable<Service>): string {
	const rows = [...services].map(({ pid, end, label }) => `${pid ?? "-"}\t${statusWords(end)}\t${label}`);
	return `${["PID\tStatus\tLabel", ...rows].join("\n")}\n`;
}

/** `launchctl list LABEL`: the end as a raw wait status. */
export function listedService({ definition, label, pid, end }: Service): string {
	const words = (definition["ProgramArguments"] ?? []) as readonly string[];
	const status = end === undefined || "reason" in end ? 0 : "code" in end ? end.code << 8 : end.signal;
	const lines = [
		"{",
		'	"LimitLoadToSessionType" = "Aqua";',
		`	"Label" = "${label}";`,
		'	"OnDemand" = true;',
		`	"LastExitStatus" = ${status};`,
		...(pid === undefined ? [] : [`	"PID" = ${pid};`]),
		`	"Program" = "${definition["Program"] ?? words[0]}";`,
		'	"ProgramArguments" = (',
		...words.map((word) => `		"${word}";`),
		"	);",
		"};",
	];
	return `${lines.join("\n")}\n`;
}

function endWords(end: End | undefined): string {
	if (end === undefined) return "last exit code = (never exited)";
	if ("code" in end) return `last exit code = ${exitCodeWords(end.code)}`;
	return "signal" in end ? `last terminating signal = ${signalWords(end.signal)}` : `last exit reason = ${end.reason}`;
}

function statusWords(end: End | undefined): string {
	if (end === undefined || "reason" in end) return "0";
	return String("code" in end ? end.code : -end.signal);
}

function processLines(pid: number, isNew: boolean): readonly string[] {
	const lines = [
		...[`	pid = ${pid}`, "	immediate reason = speculative", "	forks = 0", "	execs = 1", "	initialized = 1", "	trampolined = 1"],
		...["	started suspended = 0", "	proxy started suspended = 0"],
	];
	if (!isNew) return lines;
	return [
		...lines,
		...["	checked allocations = 0 (queried = 1)", "	checked allocations reason = no host", "	checked allocations flags = 0x0"],
	];
}

function semaphores({ KeepAlive: keepAlive }: Definition): readonly string[] {
	if (typeof keepAlive !== "object") return [];
	const { SuccessfulExit: success, Crashed: crashed } = keepAlive as Readonly<Record<string, boolean>>;
	const rows = [
		...(success === undefined ? [] : [`successful exit => ${Number(success)}`]),
		...(crashed === undefined ? [] : [`after crash => ${Number(crashed)}`]),
	];
	return [...block("semaphores", rows), ""];
}

/** Each repeats words of the lines above: who does not count tabs takes them for those. */
function coalition(type: string, id: number, label: string): readonly string[] {
	return [...block(`${type} coalition`, [`ID = ${id}`, `type = ${type}`, "state = active", "active count = 1", `name = ${label}`]), ""];
}

function isSpawnFailure({ end, pid }: Service): boolean {
	return pid === undefined && end !== undefined && "code" in end && end.code === 78;
}

function properties(definition: Definition, keepsAlive: boolean): string {
	const flags = [
		...(keepsAlive ? ["keepalive"] : []),
		...(definition["RunAtLoad"] === true ? ["runatload"] : []),
		...(definition["Program"] === undefined ? ["inferred program"] : []),
		...(definition["AbandonProcessGroup"] === true ? ["abandon process group"] : []),
	];
	return flags.join(" | ");
}

function environmentOf(definition: Definition): readonly string[] {
	return Object.entries((definition["EnvironmentVariables"] ?? {}) as Readonly<Record<string, string>>).map(
		([name, value]) => `${name} => ${value}`,
	);
}

function block(name: string, rows: readonly string[]): readonly string[] {
	return [`	${name} = {`, ...rows.map((row) => `		${row}`), "	}"];
}

function optional(name: string, value: unknown): readonly string[] {
	return value === undefined ? [] : [`	${name} = ${String(value)}`];
}
