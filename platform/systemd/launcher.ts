/**
 * How the fire program starts a run: the request that `start` makes (start.ts), by busctl(1), with the same properties. Pure.
 *
 * A unit of the same name may still be there after a run that failed, or go at this moment; it is let go as in `makeRoom`.
 */
import { shellWord } from "../shell-word.ts";
import type { Property } from "./property.ts";
import type { Scope } from "./scope.ts";
import { WAKER } from "./timer.ts";

/** What one run is started with. */
export interface Launching {
	readonly unit: string;
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
export function launcherText({ unit, properties, unasked, restarts, scope }: Launching): string {
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
	case $(systemctl ${whose} is-active -- ${name}) in
	active | activating | deactivating | reloading) return 0 ;;
	esac
	return 1
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
