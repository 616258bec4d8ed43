/**
 * How the fire program starts a run: as `start` does (start.ts), with the same files and the same property list, in the domain that
 * there is at the moment. Pure.
 */
import type { RunSpec } from "../contract.ts";
import { aliveText, layOutText } from "../shell/launcher.ts";
import { ALIVE_FIFO } from "../shell/liveness.ts";
import { shellWord } from "../shell-word.ts";
import { domainsOf } from "./domain.ts";
import { LABEL_PREFIX, labelOf } from "./service.ts";
import { type Means, serviceText } from "./start.ts";

/** Stands in the property list for the domain. */
const DOMAIN = "DOMAIN";

/** @see Platform.launcher in contract.ts */
export function launcherText(run: RunSpec, uid: number, means: Omit<Means, "domain">): string {
	const label = labelOf(run);
	const { gui, user } = domainsOf(uid);
	// In a here-document, in which only $domain is expanded. No path is between tags in this way.
	const list = serviceText(run, { ...means, domain: DOMAIN })
		.replaceAll(/[\\$`]/g, "\\$&")
		.replace(`>${DOMAIN}/${label}<`, () => `>$domain/${label}<`);
	const end = `end-of-${run.jobId}`;
	return `launchctl() { ${shellWord(means.launchctl.path)} "$@"; }
launch() {
	launchctl print ${gui.name} >/dev/null 2>&1
	case $? in
	0) domain=${gui.name} ;;
	11[23] | 125) domain=${user.name} ;;
	*) return 1 ;;
	esac
	if ! lay_out; then
		withdraw
		return 1
	fi
	if said=$(launchctl bootstrap "$domain" "$run/launchd.plist" 2>&1); then
		begun
		return 0
	fi
	echo "$said"
	said=$(launchctl print "$domain/${label}" 2>&1)
	case $?:$said in
	0:*"
	path = $run/launchd.plist
"*) begun ;; # it has taken it all the same
	0:* | 11[23]:* | 125:*)
		withdraw
		return 1
		;;
	*) return 2 ;;
	esac
}
lay_out() {
	${layOutText(run, "waiter")} && : >"$run/launchd.log" && : >"$run/session-ended.blank" && write_list &&
		echo "$domain" >"$run/launchd.domain"
}
write_list() {
	cat >"$run/launchd.plist" <<${end}
${list}
${end}
}
withdraw() { rm -f "$run/${ALIVE_FIFO}" "$run/launchd.plist" "$run/launchd.domain"; }
${aliveText("lives")}${ALIVE}`;
}

/** Of a run whose shells have not begun only launchd knows whether they will: unless they have ended, or it has no such service. */
const ALIVE = `alive() {
	[ -p "$1/${ALIVE_FIFO}" ] || return 1
	shim='' domain=''
	read -r shim rest <"$1/pid"
	if [ -n "$shim" ]; then
		lives "$1"
		return
	fi
	[ ! -r "$1/launchd.domain" ] || read -r domain rest <"$1/launchd.domain"
	[ -n "$domain" ] || return 1
	said=$(launchctl print "$domain/${LABEL_PREFIX}$id.\${1##*/}" 2>&1)
	case $?:$said in
	11[23]:* | 125:*) return 1 ;;
	0:*"
	pid = "*) return 0 ;;
	0:*"
	last exit code = "[0-9]* | 0:*"
	last terminating signal = "*) return 1 ;;
	esac
}
`;
