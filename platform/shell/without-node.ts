/**
 * What the fire program is told beside how a run is started, where a shell is the parent of each: how one is ended, and how a
 * condition is run, which has a shim like a run. Texts of a shell.
 */
import type { RunSpec } from "../contract.ts";
import { JOB_VARIABLE, RUN_VARIABLE } from "../run-mark.ts";
import { shellWord } from "../shell-word.ts";
import { text } from "./halt.sh.ts";
import { membersText, plainEnvironment, stopWords, survivedSignals } from "./shim.ts";

/** The program by which `halt` ends a run, as it is installed. */
export const HALT_TEXT: string = `${membersText}\n${text}`;

interface Means {
	/** What runs the programs. */
	readonly shell: readonly string[];
	/** See leader.ts. */
	readonly leader: string;
	/** The path of the shim. */
	readonly shim: string;
	/** The path of HALT_TEXT, as it is installed. */
	readonly halt: string;
}

/** The functions `halt` and `check`. @see Platform.launcher in contract.ts */
export function haltAndCheck(run: RunSpec, { shell, leader, shim, halt }: Means): string {
	return `${haltFunction(run, shell, halt)}${checkFunction(run, shell, shim, leader)}`;
}

function haltFunction(run: RunSpec, shell: readonly string[], program: string): string {
	const environment = Object.entries(plainEnvironment()).map(([name, value]) => `${name}=${value}`);
	const before = [...environment, ...shell, program].map(shellWord).join(" ");
	return `halt() { /usr/bin/env -i ${before} "$1" "\${1##*/}.$id" ${stopWords(run).map(shellWord).join(" ")}; }
`;
}

/** For each file that the shim writes to. */
const BLANK_BYTES = 128;

/** Seconds that a condition may take, and hundredths of a second between the stop signal and SIGKILL then. */
const CHECK_SECONDS = "10";
const CHECK_GRACE = "100";

function checkFunction({ jobId, start }: RunSpec, shell: readonly string[], shim: string, leader: string): string {
	// The shim ends its group, which is not to be that of the fire program.
	if (leader === "") return "check() {\n\techo 'no condition can be run: this needs setsid(1) or perl(1)'\n\treturn 1\n}\n";
	const environment = [...Object.entries(plainEnvironment()), [JOB_VARIABLE, jobId]].map(([name, value]) => `${name}=${value}`);
	const limits = ["TERM", "no", CHECK_GRACE, CHECK_SECONDS, CHECK_SECONDS, survivedSignals(), "no", "", "", ""];
	return `check() {
	for file in exit pid started message timer; do echo '${" ".repeat(BLANK_BYTES)}' >"$1/$file" || return 1; done
	{
		${leader} /usr/bin/env -i ${environment.map(shellWord).join(" ")} "${RUN_VARIABLE}=\${1##*/}.$id" ${[...shell, shim].map(shellWord).join(" ")} \
			"$1" ${[start, ...limits, leader, ...shell].map(shellWord).join(" ")} 1<>"$1/message" 2>&1
	} 2>/dev/null
	text=''
	read -r text <"$1/exit"
	case $text in
	*' how=exited status=0 '*) return 0 ;;
	*' result=timeout '*) echo 'the condition took too long' ;;
	esac
	return 1
}
`;
}
