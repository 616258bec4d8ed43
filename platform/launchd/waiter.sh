# What launchd starts: a shell that waits for the end of one run, and passes on what launchd has to say to it.
#
#   bash waiter LAUNCHCTL TARGET JOB MARK RUN STOP HANGUP GRACE COMMAND...
#
#   LAUNCHCTL, TARGET   the program, and the service as it is called there: DOMAIN/LABEL
#   JOB, MARK           the values of CHORE_JOB_ID and CHORE_RUN_ID
#   RUN, STOP, HANGUP, GRACE   as the shim has them
#   COMMAND...          what runs the shim (shim.sh)
#
# Why there are two shells. launchd signals nobody but the process that it started: SIGTERM when the service is booted out,
# by whomever, and when the user logs out; SIGKILL once ExitTimeOut is over. The shim, which waits in the foreground for its
# job, would hear of that when all is over. This one runs the shim in the background, where a trap interrupts the wait.
#
# Why this one is bash, whatever /bin/sh is. What a shell starts in the background has SIGINT and SIGQUIT ignored for good,
# and shares its process group: a job that ends its own group, as `trap "kill 0" EXIT` does, would be taken for the end of
# the session. With job control it leads a group of its own, and has every signal as it should be. dash has job control at a
# terminal only; bash 3.2 is on every macOS.
#
# States: the shim is awaited; the session ends (only if SIGTERM comes); launchd is told to forget the service; the end.
#
# Files, in the order in which they are written:
#
#   RUN/waiter          this shell: its pid
#   RUN/session-ended   this shell, by a rename, when SIGTERM has come; the shim reads it and writes the record as always
#   RUN/launchd.plist   removed when launchd has forgotten the service
#
# Descriptors: 4 is the write end of the FIFO RUN/alive, open until the shim has it. members.sh stands in front of it.
{
	launchctl=$1 target=$2 job=$3 mark=$4 run=$5 stop=$6 hang_up=$7 grace=$8
	shift 8
	shim='' is_heard='' is_ending=''

	# SIGTERM: the session ends, or somebody wants the service out. One that comes before there is a shim is looked after as
	# soon as there is.
	hear() {
		is_heard=yes
		[ -z "$shim" ] || [ -n "$is_ending" ] || end_session
	}

	# All members are asked to end, and killed after the grace.
	end_session() {
		is_ending=yes
		mv -f "$run/session-ended.blank" "$run/session-ended"
		find_members # those outside of the group are told one by one
		force_members
	}

	trap hear TERM
	trap : HUP INT QUIT USR1 USR2 ALRM PIPE
	echo $$ 1<>"$run/waiter"

	# The start of the shim, with the write end of the FIFO as its descriptor 4. To open a FIFO for writing waits for a reader,
	# so it is opened both ways first.
	exec 6<>"$run/alive"
	exec 4>"$run/alive" 6>&-
	set -m
	CHORE_JOB_ID=$job CHORE_RUN_ID=$mark "$@" 1<>"$run/message" 2>&1 &
	shim=$! group=$! everybody=-$! self='' wide=yes CHORE_RUN_ID=$mark
	set +m
	exec 4>&-
	[ -z "$is_heard" ] || [ -n "$is_ending" ] || end_session
	# The wait. A trap ends it early; and some versions of bash go on telling the status of what they have waited for, so the
	# shim itself is asked for, too.
	until wait "$shim"; code=$?; [ "$code" -le 128 ] || ! kill -0 "$shim"; do :; done 2>/dev/null
	is_ending=yes

	# The last act: a service that does not leave by itself stays in launchd's lists until the logout. Of a shim that was
	# killed the job goes on, and can be stopped; nothing of it is ended here.
	for tries in 1 2 3 4 5; do
		"$launchctl" bootout "$target" && break
		sleep 1
	done
	# A chore that finds this file has launchd forget the service once more.
	rm -f "$run/launchd.plist"
	exit 0
}
