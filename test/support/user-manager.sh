#!/bin/bash
# A private `systemd --user` for tests, where PID 1 need not be systemd (containers, CI). Run by root.
#
#   user-manager.sh start DIR         bring it up; DIR is made and holds all that belongs to it
#   user-manager.sh run DIR CMD…      run CMD beside it as its user, in the checkout
#   user-manager.sh kill9 DIR         end the manager alone, as a crash would
#   user-manager.sh stop DIR          end it with every process it had, and remove DIR
#   user-manager.sh with CMD…         start, run and stop in one, with a folder of its own; stopped, too, when it is killed
#   user-manager.sh tidy              remove the user, if it was made here and no manager is left
#
# A mount namespace with its own /run keeps everything from leaking out; a cgroup of its own gathers all processes.
# With CHORE_TEST_UNIFIED=yes it sees nothing but cgroup v2, in a cgroup namespace: the machine itself may be hybrid.
# To get a new manager, create DIR/flags/restart (its user may) and then kill the old one.
# With CHORE_TEST_LOGIND=yes there is a system bus as well, with the real systemd-logind on it.
set -euo pipefail

checkout=$(cd "$(dirname "$0")/../.." && pwd)
# One user for all managers of a checkout: those of another do not count against its limits.
user=chore-test-$(printf %s "$checkout" | cksum | cut -d ' ' -f 1)
registry=/run/lock/$user
trees=()
for tree in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
	[ -e "$tree/cgroup.procs" ] && trees+=("$tree")
done

as_user() {
	setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups "$@"
}

prefix_of_node() {
	dirname "$(dirname "$(readlink -f "$(command -v node)")")"
}

lock_registry() {
	exec 9>"$registry.lock"
	flock 9
	mkdir -p "$registry"
}

# Several managers share one user. It is made under a lock; the database of users may be locked by others besides.
enter_registry() {
	lock_registry
	if ! id "$user" >/dev/null 2>&1; then
		for _ in $(seq 60); do
			useradd --system --no-create-home --home-dir /nonexistent --shell /bin/sh "$user" && break
			sleep 1
		done
		id "$user" >/dev/null
		: >"$registry/made-user"
	fi
	printf '%s\n' "$1" >"$registry/$1"
	flock -u 9
}

# The user stays for the next manager: `tidy` removes it.
leave_registry() {
	lock_registry
	rm -f "$registry/$1"
	flock -u 9
}

tidy() {
	local other
	[ -d "$registry" ] || return 0
	lock_registry
	for other in "$registry"/[0-9]*; do
		[ -e "$other" ] && kill -0 "${other##*/}" 2>/dev/null && return
	done
	[ ! -e "$registry/made-user" ] || userdel "$user" || return 0
	rm -r "$registry" "$registry.lock"
}

# Inside the namespace: a checkout or a node under a private home is shown to the user at another place.
show() {
	as_user test -x "$1" && as_user test -r "$1/$3" && return
	mkdir "$2"
	mount --bind "$1" "$2"
	as_user test -r "$2/$3" && return
	umount "$2"
	if [ -z "${CHORE_TEST_COPIES:-}" ]; then
		copy "$1" "$2"
	else
		copy_once "$1" "$CHORE_TEST_COPIES/${2##*/}"
		mount --bind "$CHORE_TEST_COPIES/${2##*/}" "$2"
	fi
}

copy() {
	cp -rT --no-preserve=mode "$1" "$2"
	chmod -R a+rX "$2"
}

# For all managers of a run, which ends with the folder that it is in.
copy_once() (
	exec 9>"$2.lock"
	flock 9
	[ ! -d "$2" ] || return 0
	copy "$1" "$2.new"
	mv "$2.new" "$2"
)

# Inside the namespace: all that it writes is seen here only.
start_logind() {
	mkdir -p /run/dbus
	mount -t tmpfs -o mode=755 tmpfs /var/lib/systemd
	(
		for tree in "${trees[@]}"; do echo "$BASHPID" >"$tree/$1/cgroup.procs"; done
		dbus-daemon --system --fork --nopidfile --nosyslog
		exec /lib/systemd/systemd-logind
	) &
}

supervise() {
	local dir=$1 cgroup=$2 uid gid
	uid=$(id -u "$user") gid=$(id -g "$user")
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir -p /run/systemd/system /run/systemd/unit-root /run/user/"$uid"
	chown "$uid:$gid" /run/user/"$uid"
	chmod 700 /run/user/"$uid"
	show "$checkout" /run/checkout package.json
	show "$(prefix_of_node)" /run/node bin/node
	if [ -e "$dir/unified" ]; then
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		# Here systemd looks whether the kernel can freeze.
		mkdir -p /sys/fs/cgroup/init.scope
		trees=(/sys/fs/cgroup) cgroup=user
	fi
	for tree in "${trees[@]}"; do
		mkdir -p "$tree/$cgroup"
		chown "$uid:$gid" "$tree/$cgroup"
		for file in cgroup.procs cgroup.subtree_control cgroup.threads tasks; do
			[ ! -e "$tree/$cgroup/$file" ] || chown "$uid:$gid" "$tree/$cgroup/$file"
		done
	done
	[ "${CHORE_TEST_LOGIND:-}" != yes ] || start_logind "$cgroup"
	while :; do
		rm -f "$dir/flags/restart"
		(
			for tree in "${trees[@]}"; do echo "$BASHPID" >"$tree/$cgroup/cgroup.procs"; done
			exec setpriv --reuid="$uid" --regid="$gid" --init-groups env -i HOME="$dir/home" USER="$user" LOGNAME="$user" SHELL=/bin/sh \
				PATH="$PATH" XDG_RUNTIME_DIR=/run/user/"$uid" SYSTEMD_LOG_TARGET=console /lib/systemd/systemd --user
		) &
		echo "$!" >"$dir/pid.new"
		mv "$dir/pid.new" "$dir/pid"
		wait "$!" || :
		[ -e "$dir/flags/restart" ] || break
	done
}

run() {
	local dir=$1 uid cwd=$checkout path=$PATH word words=() node namespaces=(-m) lifeline=() variable passed=()
	shift
	# What `with` runs ends with it, however that ends.
	[ -z "${CHORE_TEST_LIFELINE:-}" ] || lifeline=(setpriv --pdeathsig KILL)
	[ ! -e "$dir/unified" ] || namespaces=(-m -C)
	uid=$(id -u "$user")
	if nsenter -t "$(cat "$dir/namespace")" -m test -d /run/checkout; then cwd=/run/checkout; fi
	if nsenter -t "$(cat "$dir/namespace")" -m test -d /run/node; then path=/run/node/bin:$PATH; fi
	node=$(prefix_of_node)
	for word; do
		case $word in
		"$checkout"/*) [ "$cwd" = "$checkout" ] || word=$cwd/${word#"$checkout"/} ;;
		"$node"/*) [ "$path" = "$PATH" ] || word=/run/node/${word#"$node"/} ;;
		esac
		words+=("$word")
	done
	for variable in CI CHORE_TEST_ROUNDS CHORE_TEST_SEED CHORE_TEST_SHELLS; do
		[ -z "${!variable:-}" ] || passed+=("$variable=${!variable}")
	done
	# NODE_TEST_CONTEXT and NODE_OPTIONS: a test runner that started us must understand what CMD prints.
	exec nsenter -t "$(cat "$dir/namespace")" "${namespaces[@]}" setpriv --reuid="$uid" --regid="$(id -g "$user")" --init-groups \
		${lifeline[@]+"${lifeline[@]}"} env -i -C "$cwd" HOME="$dir/home" USER="$user" LOGNAME="$user" SHELL=/bin/sh LANG=C.UTF-8 TERM="${TERM:-dumb}" PATH="$path" TMPDIR="$dir/tmp" \
		${NODE_TEST_CONTEXT+NODE_TEST_CONTEXT="$NODE_TEST_CONTEXT"} ${NODE_OPTIONS+NODE_OPTIONS="$NODE_OPTIONS"} ${passed[@]+"${passed[@]}"} \
		XDG_RUNTIME_DIR=/run/user/"$uid" DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/"$uid"/bus CHORE_TEST_MANAGER="$dir" "${words[@]}"
}

verb=${1:?start, run, kill9, stop or with}
if [ "$verb" = with ]; then
	shift
	dir=$(mktemp -d "${TMPDIR:-/tmp}/chore-manager.XXXXXX")
	trap '"$0" stop "$dir"; [ -n "${CHORE_TEST_RUN:-}" ] || "$0" tidy' EXIT
	trap 'exit 130' INT TERM HUP
	# The other end of descriptor 8 sees when this process is gone, even by SIGKILL, and ends the manager then.
	mkfifo "$dir/lifeline"
	exec 8<>"$dir/lifeline"
	setsid /bin/sh -c 'read -r nothing <"$2/lifeline"; [ ! -d "$2" ] || exec "$1" stop "$2"' sh "$0" "$dir" >/dev/null 2>&1 </dev/null 8>&- &
	"$0" start "$dir" 8>&-
	# In the background, so that a signal is acted on at once.
	CHORE_TEST_LIFELINE=yes "$0" run "$dir" "$@" <&0 8>&- &
	wait "$!"
	exit
fi
if [ "$verb" = tidy ]; then
	tidy
	exit
fi
dir=${2:?a folder}
shift 2
case $verb in
start)
	mkdir -p "$dir/flags" "$dir/home" "$dir/tmp"
	dir=$(cd "$dir" && pwd)
	enter_registry "$$"
	trap 'leave_registry $$' EXIT
	chmod 755 "$dir"
	chown "$user" "$dir/flags" "$dir/home" "$dir/tmp"
	printf 'chore-test-%s\n' "$$" >"$dir/cgroup"
	(
		namespaces=(-m)
		if [ "${CHORE_TEST_UNIFIED:-}" = yes ]; then
			: >"$dir/unified"
			namespaces=(-m -C)
			mkdir -p "${trees[0]}/chore-test-$$"
			echo "$BASHPID" >"${trees[0]}/chore-test-$$/cgroup.procs"
		fi
		exec setsid unshare "${namespaces[@]}" "$0" supervise "$dir" "chore-test-$$"
	) >"$dir/log" 2>&1 </dev/null 9>&- &
	echo "$!" >"$dir/namespace"
	# The registry knows managers by the process that watches over them.
	enter_registry "$!"
	for _ in $(seq 600); do
		if [ -s "$dir/pid" ] && (run "$dir" busctl --user status org.freedesktop.systemd1) >/dev/null 2>&1; then exit; fi
		kill -0 "$!" 2>/dev/null || break
		sleep 0.05
	done
	cat "$dir/log" >&2
	"$0" stop "$dir"
	echo "user-manager.sh: the manager did not come up" >&2
	exit 1
	;;
supervise) supervise "$dir" "$@" ;;
run) run "$dir" "$@" ;;
kill9) kill -9 "$(cat "$dir/pid")" ;;
stop)
	# Two may be at it: `with`, and what watches over it.
	if ! { cgroup=$(cat "$dir/cgroup") && namespace=$(cat "$dir/namespace"); } 2>/dev/null; then
		rm -rf "$dir"
		exit
	fi
	rm -f "$dir/flags/restart"
	if [ -e "$dir/pid" ]; then kill "$(cat "$dir/pid")" 2>/dev/null || :; fi
	for _ in $(seq 100); do
		kill -0 "$namespace" 2>/dev/null || break
		sleep 0.05
	done
	# Its number may be another's by now.
	if tr '\0' ' ' <"/proc/$namespace/cmdline" 2>/dev/null | grep -qF "$dir"; then kill -9 "$namespace" 2>/dev/null || :; fi
	for tree in "${trees[@]}"; do
		[ -d "$tree/$cgroup" ] || continue
		for _ in $(seq 100); do
			find "$tree/$cgroup" -name cgroup.procs -exec cat {} + 2>/dev/null | xargs -r kill -9 2>/dev/null || :
			find "$tree/$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || :
			[ -d "$tree/$cgroup" ] || break
			sleep 0.05
		done
	done
	leave_registry "$namespace"
	rm -rf "$dir"
	;;
*)
	echo "usage: see the head of $0" >&2
	exit 2
	;;
esac
