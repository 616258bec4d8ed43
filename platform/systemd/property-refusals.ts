/** Refuses a property that chore does not take, and says what to use instead or which one was probably meant. */
import { closest } from "../closest.ts";
import { ChoreError } from "../errors.ts";
import { printable } from "./property.ts";
import { PROPERTY_NAMES } from "./property-table.ts";

/** Properties that chore sets itself, and what to use instead. */
const REFUSED: readonly (readonly [names: RegExp, instead: string])[] = [
	[/^Exec/, "the command of a job is what follows --"],
	[/^Type$/, "a job is always of the type exec"],
	[/^(CollectMode|RemainAfterExit)$/, "how a job ended can be asked after without its unit: chore status"],
	[/^StandardInput/, "use --stdin"],
	[/^Standard(Output|Error)/, "use --output"],
	[/^TTY/, "a job has no terminal; use --stdin and --output"],
	[/^(Restart(Sec|USec|Steps|MaxDelaySec|Mode)?|StartLimit.*)$/, "use --restart, --restart-delay and --restart-max"],
	[/^(SuccessExitStatus|Restart(Force|Prevent)ExitStatus)$/, "exit codes are told as they are; use --restart"],
	[/^(RuntimeMaxSec|RuntimeMaxUSec|RuntimeRandomizedExtraSec)$/, "use --timeout"],
	[/^Timeout(Stop|Abort)?(Sec|USec)$/, "use --grace"],
	[/^TimeoutStart/, "a job has started once its program runs; use --timeout to bound it"],
	[/^Watchdog/, "use --timeout"],
	[/^(KillSignal|RestartKillSignal)$/, "use --stop-signal"],
	[/^SendSIGHUP$/, "use --send-sighup"],
	[/^SendSIGKILL$/, "use --grace: a job that does not end by then is killed"],
	[/^Environment$/, "use -E"],
	[/^EnvironmentFile$/, "use --env-file"],
	[/^(PassEnvironment|UnsetEnvironment)$/, "a job has its caller's variables; use -E and --clean-env"],
	[/^WorkingDirectory$/, "use --working-directory"],
	[
		/^(Root.*|TemporaryFileSystem|Bind(ReadOnly)?Paths|MountImages|Extension.*|(No)?ExecPaths|ProcSubset)$/,
		"it could hide the folder that the job's output and end are written to",
	],
	[/^Description$/, "use --description"],
	[/^User$/, "use --uid"],
	[/^Group$/, "use --gid"],
	[/^(SupplementaryGroups|DynamicUser)$/, "a job runs as its caller, or as --uid and --gid say"],
	[/^Slice$/, "use --slice"],
	[/^UMask$/, "a job has its caller's: (umask 027; chore run …)"],
	[/^(On(Failure|Success)|Success|Failure)(JobMode|Action)?$/, "use chore wait, and go by its exit status"],
	[/^(Condition|Assert)/, "test for it before the start: test -e FILE && chore run …"],
	[/^IPAddress|^IPIngress|^IPEgress|^SocketBind|^BPF/, "a user manager accepts it, and does nothing about it; use PrivateNetwork"],
	[
		/^SystemCall|^RestrictNamespaces|^RestrictAddressFamilies|^(CapabilityBoundingSet|AmbientCapabilities)$/,
		"it could keep the end of the job from being recorded",
	],
];

/** @throws ChoreError INVALID_ARGUMENT for a property that is not in the table */
export function refuseProperty(name: string): never {
	const instead = REFUSED.find(([names]) => names.test(name))?.[1];
	if (instead !== undefined) throw invalid(`the property ${name} cannot be set for a job`, instead);
	const meant = closest(name, PROPERTY_NAMES);
	throw invalid(
		`${quoted(name)} is no property that chore takes`,
		meant === undefined ? "`chore doctor --json` lists those that it takes" : `did you mean ${meant}?`,
	);
}

export function invalid(message: string, hint: string): ChoreError {
	return new ChoreError("INVALID_ARGUMENT", message, { hint });
}

export function quoted(words: string): string {
	return `"${printable(words.length > 60 ? `${words.slice(0, 60)}…` : words)}"`;
}
