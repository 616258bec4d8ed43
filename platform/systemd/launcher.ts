/**
 * How the fire program starts a run: the request that `start` makes (start.ts), by busctl(1), with the same properties. Pure.
 *
 * A unit of the same name may still be there after a run that failed, or go at this moment; it is let go as in `makeRoom`. A run
 * that is ending is awaited for a moment, since its hook may have looked already whether a firing waits.
 */
import { shellWord } from "../shell-word.ts";
import type { Property } from "./property.ts";
import type { Scope } from "./scope.ts";
import { WAKER } from "./timer.ts";

/** What one run is started with. */
export interface Launching {
	readonly unit: string;
	/** The path of the start script, by which a condition is run, too. */
	readonly start: string;
	readonly properties: readonly Property[];
	/** The names of those that are left out where the manager does not know one of them; see `unaskedNames` in unit.ts. */
	readonly unasked: readonly string[];
	/** The content of `restarts` in the run's folder; undefined where it has none. */
	readonly restarts: string | undefined;
	readonly scope: Scope;
}

/**
 * While busctl runs, other users can see its arguments: the job's description, its properties and the path of its folder. What is
 * secret, the command with its words and variables, is in the start script alone.
 *
 * @see Platform.launcher in contract.ts
 */
export function launcherText({ unit, start, properties, unasked, restarts, scope }: Launching): string {
	const whose = scope.isSystem ? "--system" : "--user";
	const manager = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"];
	const request = [...manager, "StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "fail"];
	const asked = properties.filter(({ name }) => !unasked.includes(name));
	const others = properties.filter(({ name }) => unasked.includes(name));
	const name = shellWord(unit);
	return `unset DBUS_SESSION_BUS_ADDRESS
request() {
	count=$1
	shift
	[ -z "$${WAKER}" ] || count=$((count + 1))
	busctl ${whose} -- call ${words(request)} $count \${${WAKER}:+Wants as 1 $${WAKER}} "$@" ${words(asked.flatMap(wordsOf))} 0
}
whole() { request ${properties.length} ${words(others.flatMap(wordsOf))}; }
reduced() { request ${asked.length}; }
launch() {
${
	restarts === undefined
		? ""
		: `	echo ${shellWord(restarts)} >"$run/restarts" || return 1
`
}	tries=20 how=whole
	until said=$($how 2>&1); do
		echo "$said"
		case $said in
${
	others.length === 0
		? ""
		: `		${others.map((one) => `*' ${one.name},'*`).join(" | ")})
			[ $how = whole ] || return 1
			how=reduced
			continue
			;;
`
}		*exists* | *loaded*) ;;
		*'timed out'* | *'did not receive a reply'*) return 2 ;;
		*) return 1 ;;
		esac
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		case $(systemctl ${whose} show --property=Description -- ${name}) in
		*' [chore '*/*']') ;;
		*) return 1 ;;
		esac
		systemctl ${whose} reset-failed -- ${name}
		sleep 0.1 || sleep 1
	done
	begun
}
alive() {
	for look in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		case $(systemctl ${whose} is-active -- ${name}) in
		active | activating | reloading) return 0 ;;
		deactivating) sleep 0.1 || sleep 1 ;;
		*) return 1 ;;
		esac
	done
}
halt() {
	[ ! -e "$1/restarts" ] || : >"$1/restarts"
	case $(systemctl ${whose} show --property=Description -- ${name}) in
	*" [chore $id/\${1##*/}]") systemctl ${whose} stop --no-block -- ${name} ;;
	esac
}
check() {
	systemd-run ${whose} --wait --quiet --collect -p RuntimeMaxSec=10 -p TimeoutStopSec=1 -E ${shellWord(`CHORE_START=${start}`)} -E "CHORE_CHECK=$1" \\
		/bin/sh -c 'exec /usr/bin/env -i /bin/sh "$CHORE_START" "$CHORE_CHECK"'
}
`;
}

function words(list: readonly string[]): string {
	return list.map(shellWord).join(" ");
}

function wordsOf({ name, signature, value }: Property): readonly string[] {
	return [name, signature, ...busWords(signature, value)];
}

/** A value as busctl(1) reads it: each part in a word, each list behind its length. */
export function busWords(signature: string, value: unknown): readonly string[] {
	const [type, rest] = [signature[0], signature.slice(1)];
	if (type === "a") {
		const items = value as Iterable<unknown>;
		const list = [...items];
		return [String(list.length), ...list.flatMap((item) => busWords(rest, item))];
	}
	if (type === "(") {
		const fields = value as readonly unknown[];
		return typesIn(signature.slice(1, -1)).flatMap((field, index) => busWords(field, fields[index]));
	}
	return [String(value)];
}

/** The complete types of a signature: "sasb" is "s", "as" and "b". */
function typesIn(signature: string): readonly string[] {
	const types: string[] = [];
	for (let at = 0; at < signature.length; ) {
		let end = at;
		while (signature[end] === "a") end++;
		if (signature[end] === "(") {
			for (let depth = 0; ; end++) {
				if (signature[end] === "(") depth++;
				else if (signature[end] === ")" && --depth === 0) break;
			}
		}
		types.push(signature.slice(at, end + 1));
		at = end + 1;
	}
	return types;
}
