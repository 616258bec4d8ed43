# Writes how an attempt ended into <run folder>/exit, in the format of platform/exit-record.ts.
# systemd runs it as ExecStopPost= with $SERVICE_RESULT, $EXIT_CODE and $EXIT_STATUS (systemd.exec(5)). Its one argument is
# the run folder.
# Then tells the end in the ledger, by platform/tell.sh, which stands in front of this. Where the job's own restrictions keep it
# from the ledger, the core does.
# Must work in every /bin/sh. Starts no program except systemctl, systemd-run, mv and sleep in rare cases. The braces make the shell read
# the whole script before it runs the first command.
{
	# `chore stop` signals all processes of the unit at once, and this one is among them.
	trap '' HUP INT TERM
	exec >/dev/null 2>&1
	# Some shells take IFS from the environment.
	IFS=' '

	run=$1
	[ -f "$run/exit" ] || exit 0
	# Without a code the main process never ran. chore then reads the end from the failed unit (ExecMainStatus).
	[ -n "$EXIT_CODE" ] || exit 0

	# systemd says "success" for every end that SuccessExitStatus= allows. Without a result the reader goes by the status.
	result=$SERVICE_RESULT
	[ "$result" != success ] || result=
	# Killed by SIGTERM without a stop request: ask the manager whether it is shutting down.
	if [ "$EXIT_CODE:$EXIT_STATUS" = killed:TERM ] && [ ! -e "$run/stop" ]; then
		# Only a user's manager sets MANAGERPID for its units.
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

	# The pid that the start script left. If it is the one in the record of the attempt before, this attempt never began.
	pid= rest=
	[ ! -r "$run/started" ] || read -r pid rest <"$run/started"
	[ "$pid" != "$before" ] || pid=
	# systemd's own exit codes for a program that could not be executed.
	case $EXIT_CODE:$EXIT_STATUS in
	exited:2[0-3][0-9] | exited:24[0-3]) [ -n "$pid" ] || result=start-failed ;;
	esac

	# The manager starts another attempt only while this file is not empty (see restarts.ts). It is emptied before the record
	# is written: a reader that finds the record and an empty file knows that no attempt follows.
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

	# After whatever emptied `restarts`, and before the time of the end: what was asked for later did not end it.
	asked=no
	[ ! -e "$run/stop" ] || asked=yes
	up= boot= idle=
	read -r up idle </proc/uptime
	read -r boot </proc/sys/kernel/random/boot_id

	cgroup= cpu= peak= oom=
	while IFS=: read -r id controllers path; do
		[ "$id" != 0 ] || cgroup=$path
	done </proc/self/cgroup
	# With Delegate= systemd runs this shell in a cgroup of its own, below that of the unit.
	cgroup=${cgroup%/.control}
	for tree in /sys/fs/cgroup/unified /sys/fs/cgroup; do
		[ -n "$cgroup" ] && [ -r "$tree$cgroup/cpu.stat" ] || continue
		while read -r key value; do
			[ "$key" != usage_usec ] || cpu=$value
		done <"$tree$cgroup/cpu.stat"
		[ ! -r "$tree$cgroup/memory.peak" ] || read -r peak <"$tree$cgroup/memory.peak"
		[ ! -r "$tree$cgroup/memory.events" ] || while read -r key value; do
			[ "$key" != oom_kill ] || oom=$value
		done <"$tree$cgroup/memory.events"
		break
	done
	# With OOMPolicy=continue systemd does not say that the kernel killed the main process for want of memory. The count is of
	# all processes of the unit, so whoever sends SIGKILL after the kernel has killed another one is not told apart from it.
	case $EXIT_CODE:$EXIT_STATUS:$result:${oom:-0} in
	*:0) ;;
	killed:KILL:signal:*) [ -e "$run/stop" ] || result=oom-kill ;;
	esac

	record="chore-exit 1 attempt=$attempt how=$EXIT_CODE status=$EXIT_STATUS certain=yes result=$result asked=$asked up=$up boot=$boot cpu=$cpu peak=$peak pid=$pid ."
	if [ -f "$run/attempts" ]; then
		umask 077
		# Keeps the last thousand attempts at least and two thousand at most.
		case $attempt in *000) mv -f "$run/attempts" "$run/attempts.old" ;; esac
		echo "$record" >>"$run/attempts"
	fi
	tries=30
	while [ -f "$run/exit" ]; do
		# 1<> does not truncate: the file keeps its length, so that this needs no space on most file systems.
		echo "$record" 1<>"$run/exit"
		written=
		read -r written <"$run/exit"
		[ "$written" != "$record" ] || break
		tries=$((tries - 1))
		# Not in SuccessExitStatus=: the unit fails and stays loaded, and chore reads the end from it.
		[ "$tries" -gt 0 ] || exit 209
		sleep 1
	done
	[ ! -s "$run/restarts" ] || exit 0
	# In a unit of its own: what is left in this one is killed when this shell ends, and this one has the name of the next run.
	start_listener() { systemd-run ${MANAGERPID:+--user} --no-block --collect --quiet /bin/sh "$1" leader; }
	tell_end "$run"
	pass_on "$run"

	# After the last attempt: a firing of the job's schedule that waits for this end (fire.sh of the core) goes on in a unit of its
	# own. The paths are variables there, since systemd would read a `$` in its arguments.
	job=${run%/runs/*} fire=
	if [ -e "$job/schedule/queued" ] && read -r fire <"$job/schedule/queued"; then
		systemd-run ${MANAGERPID:+--user} --no-block --quiet --collect \
			-E "CHORE_FIRE=$fire" -E "CHORE_JOB=$job" -E "CHORE_RUN=${run##*/}" \
			/bin/sh -c 'exec /bin/sh "$CHORE_FIRE" "$CHORE_JOB" "" "$CHORE_RUN"'
	fi
	exit 0
}
