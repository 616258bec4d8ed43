/**
 * Lists what `chore run` does with each option of systemd-run(1): those of version 258 and of later ones. A test compares it
 * with the list in chore(7). Pure.
 */

/** One option of systemd-run(1), and what `chore run` does with it. */
export type Word = {
	/** Short and long form and the value, if it has one, in the syntax of commander. */
	readonly flags: string;
} & Fate;

type Fate =
	/** Does the same here. */
	| { readonly fate: "honoured" }
	/** Is accepted and ignored. */
	| { readonly fate: "nothing"; readonly only: Only | undefined }
	/** Is a usage error, which says what to do instead. */
	| { readonly fate: "refused"; readonly instead: string };

/** The only values that are ignored. Any other is a usage error, which says what to do instead. */
interface Only {
	readonly values: readonly string[];
	readonly instead: string;
}

const TERMINAL = "a job has no terminal; use -P to connect stdin and stdout";
const ROOT = "the job's files are where chore is; use chroot(8) or unshare(1) as the command";

/** In the order of the manual. `--tty` is the old spelling of `--pty`, which systemd-run still takes. */
export const SYSTEMD_RUN: readonly Word[] = [
	honoured("-h, --help"),
	refused("--version", "`chore --version` tells that of chore"),
	nothing("--no-ask-password"),
	refused("--scope", "a scope ends with this terminal; leave it out"),
	honoured("-u, --unit <name>"),
	honoured("-p, --property <name=value>"),
	honoured("--description <text>"),
	honoured("--slice <slice>"),
	honoured("--slice-inherit"),
	nothing("--expand-environment <bool>", {
		values: ["no", "n", "false", "f", "off", "0"],
		instead: "arguments arrive as they are; let a shell expand them: chore run -c 'LINE'",
	}),
	refused("-r, --remain-after-exit", "not needed: `chore status` knows how a job ended"),
	honoured("--send-sighup"),
	nothing("--service-type <type>", {
		values: ["exec", "simple"],
		instead: "a job is one program, of the type exec: it has started once that runs, and is over when that ends",
	}),
	honoured("--uid <user>"),
	honoured("--gid <group>"),
	honoured("--nice <number>"),
	honoured("--working-directory <path>"),
	honoured("-d, --same-dir"),
	refused("--root-directory <path>", ROOT),
	refused("-R, --same-root-dir", ROOT),
	honoured("-E, --setenv <name[=value]>"),
	refused("-t, --pty", TERMINAL),
	refused("--tty", TERMINAL),
	refused("-T, --pty-late", TERMINAL),
	honoured("-P, --pipe"),
	refused("-S, --shell", "a job has no terminal; use your own shell"),
	honoured("-q, --quiet"),
	refused("-v, --verbose", "use -f to see what the job writes"),
	honoured("--json"),
	honoured("--on-active <time>"),
	honoured("--on-boot <time>"),
	honoured("--on-startup <time>"),
	honoured("--on-unit-active <time>"),
	honoured("--on-unit-inactive <time>"),
	honoured("--on-calendar <when>"),
	honoured("--on-clock-change"),
	honoured("--on-timezone-change"),
	honoured("--timer-property <name=value>"),
	refused("--path-property <name=value>", "no file wakes a job; use a systemd.path(5) unit that runs `chore start JOB`, or systemd-run"),
	refused("--socket-property <name=value>", "no connection wakes a job; use a systemd.socket(5) unit, or systemd-run"),
	honoured("--no-block"),
	honoured("--wait"),
	nothing("-G, --collect"),
	refused("--ignore-failure", "how a job ended is told as it is; `chore run --wait … || true` goes on regardless"),
	nothing("--job-mode <mode>", {
		values: ["fail"],
		instead: "the unit of a job is new, and conflicts with nothing that is queued; leave it out",
	}),
	nothing("--background <colour>"),
	nothing("--no-pager"),
	honoured("--user"),
	honoured("--system"),
	honoured("-H, --host <host>"),
	refused("-M, --machine <container>", "run chore in that container: machinectl shell CONTAINER …, or with the container's own tools"),
	refused("-C, --capsule <name>", "chore knows no capsules; use systemd-run"),
];

/** The long form, which every option has. */
export function longOf({ flags }: Word): string {
	return /--[a-z-]+/.exec(flags)?.[0] ?? flags;
}

function honoured(flags: string): Word {
	return { flags, fate: "honoured" };
}

function nothing(flags: string, only?: Only): Word {
	return { flags, fate: "nothing", only };
}

function refused(flags: string, instead: string): Word {
	return { flags, fate: "refused", instead };
}
