# The last act of a run: writes how it ended into <run folder>/exit, in the format of platform/exit-record.ts. systemd runs
# it as ExecStopPost= with $SERVICE_RESULT, $EXIT_CODE and $EXIT_STATUS (systemd.exec(5)). Its one argument is the folder.
# For every /bin/sh; starts no program but in three rare cases. The braces make the shell read all of it before the first step.
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
		# Of itself only a user's manager tells those that it runs.
		case $(systemctl ${MANAGERPID:+--user} is-system-running) in stopping) result=session-ended ;; esac
	fi

	attempt=1 before= magic= version= fields=
	read -r magic version fields <"$run/exit"
	case $magic:$fields in
	chore-exit:attempt=*' .')
		previous=${fields#attempt=}
		previous=${previous%% *}
		case $previous in
		'' | *[!0-9]*) ;;
		*) attempt=$((previous + 1)) ;;
		esac
		case $fields in
		*' pid='*)
			before=${fields##* pid=}
			before=${before%% *}
			;;
		esac
		;;
	esac

	# The main process, by the sign that it leaves: one that was left by the attempt before says nothing of this one.
	pid= rest=
	[ ! -r "$run/started" ] || read -r pid rest <"$run/started"
	[ "$pid" != "$before" ] || pid=
	# Codes of systemd's own, for a program that could not be executed.
	case $EXIT_CODE:$EXIT_STATUS in
	exited:2[0-3][0-9] | exited:24[0-3]) [ -n "$pid" ] || result=start-failed ;;
	esac

	# The manager starts the program again only while this file holds something (see restarts.ts). Emptied before the record
	# is there, and without a program or space on disk: whoever reads that no attempt follows can rely on it.
	if [ -f "$run/restarts" ]; then
		policy= most=
		read -r policy most <"$run/restarts"
		case $most in
		'' | *[!0-9]*) ;;
		*) [ "$attempt" -le "$most" ] || : >"$run/restarts" ;;
		esac
		[ "$policy:$EXIT_CODE:$EXIT_STATUS:$result" != on-failure:exited:0: ] || : >"$run/restarts"
		[ ! -e "$run/stop" ] || : >"$run/restarts"
	fi

	up= boot= idle=
	read -r up idle </proc/uptime
	read -r boot </proc/sys/kernel/random/boot_id

	cgroup= cpu= peak=
	while IFS=: read -r id controllers path; do
		[ "$id" != 0 ] || cgroup=$path
	done </proc/self/cgroup
	# Where the job has the unit's cgroup to itself (Delegate=), this shell is put beside it.
	cgroup=${cgroup%/.control}
	for tree in /sys/fs/cgroup/unified /sys/fs/cgroup; do
		[ -n "$cgroup" ] && [ -r "$tree$cgroup/cpu.stat" ] || continue
		while read -r key value; do
			[ "$key" != usage_usec ] || cpu=$value
		done <"$tree$cgroup/cpu.stat"
		[ ! -r "$tree$cgroup/memory.peak" ] || read -r peak <"$tree$cgroup/memory.peak"
		break
	done

	record="chore-exit 1 attempt=$attempt how=$EXIT_CODE status=$EXIT_STATUS certain=yes result=$result up=$up boot=$boot cpu=$cpu peak=$peak pid=$pid ."
	if [ -f "$run/attempts" ]; then
		umask 077
		# A job that never succeeds fills no disk: of the latest thousand attempts at least, and two thousand at most.
		case $attempt in *000) mv -f "$run/attempts" "$run/attempts.old" ;; esac
		echo "$record" >>"$run/attempts"
	fi
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
