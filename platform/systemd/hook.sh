# The last act of a run: writes how it ended into <run folder>/exit, in the format of platform/exit-record.ts. systemd runs
# it as ExecStopPost= with $SERVICE_RESULT, $EXIT_CODE and $EXIT_STATUS (systemd.exec(5)). Its one argument is the folder.
# For every /bin/sh; starts no program but in two rare cases. The braces make the shell read all of it before the first step.
{
	# `chore stop` and others signal all processes of a run at once.
	trap '' HUP INT TERM
	exec >/dev/null 2>&1
	# Not every shell leaves that of the environment aside.
	IFS=' '

	run=$1
	[ -f "$run/exit" ] || exit 0
	# No code: the main process never ran. Then the unit itself tells (ExecMainStatus).
	[ -n "$EXIT_CODE" ] || exit 0

	# systemd calls an end that its settings allow a success; then status alone tells what it was.
	result=$SERVICE_RESULT
	[ "$result" != success ] || result=
	# Ended by the signal that ends a session, and nobody asked chore for it: then the manager knows whether it shuts down.
	# The one program that is started here, and only in this case.
	if [ "$EXIT_CODE:$EXIT_STATUS" = killed:TERM ] && [ ! -e "$run/stop" ]; then
		case $(systemctl --user is-system-running) in stopping) result=session-ended ;; esac
	fi
	# Codes of systemd's own, for a program that could not be executed, unless `start` left a sign that it was.
	case $EXIT_CODE:$EXIT_STATUS in
	exited:2[0-3][0-9] | exited:24[0-3])
		sign=
		[ ! -r "$run/started" ] || read -r sign <"$run/started"
		[ -n "$sign" ] || result=start-failed
		;;
	esac

	attempt=1 magic= version= fields=
	read -r magic version fields <"$run/exit"
	case $magic:$fields in
	chore-exit:attempt=*' .')
		previous=${fields#attempt=}
		previous=${previous%% *}
		case $previous in
		'' | *[!0-9]*) ;;
		*) attempt=$((previous + 1)) ;;
		esac
		;;
	esac

	up= boot= idle=
	read -r up idle </proc/uptime
	read -r boot </proc/sys/kernel/random/boot_id

	cgroup= cpu= peak=
	while IFS=: read -r id controllers path; do
		[ "$id" != 0 ] || cgroup=$path
	done </proc/self/cgroup
	for tree in /sys/fs/cgroup/unified /sys/fs/cgroup; do
		[ -n "$cgroup" ] && [ -r "$tree$cgroup/cpu.stat" ] || continue
		while read -r key value; do
			[ "$key" != usage_usec ] || cpu=$value
		done <"$tree$cgroup/cpu.stat"
		[ ! -r "$tree$cgroup/memory.peak" ] || read -r peak <"$tree$cgroup/memory.peak"
		break
	done

	record="chore-exit 1 attempt=$attempt how=$EXIT_CODE status=$EXIT_STATUS certain=yes result=$result up=$up boot=$boot cpu=$cpu peak=$peak ."
	tries=30
	while [ -f "$run/exit" ]; do
		# Opened for reading and writing: the file keeps its length, so this needs no space on most file systems.
		echo "$record" 1<>"$run/exit"
		written=
		read -r written <"$run/exit"
		[ "$written" != "$record" ] || exit 0
		tries=$((tries - 1))
		# Any code that is not among the unit's SuccessExitStatus: the unit stays loaded, and tells how its main process ended.
		[ "$tries" -gt 0 ] || exit 209
		sleep 1
	done
	exit 0
}
