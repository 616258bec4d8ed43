# What launchd starts: a shell that waits for the end of one run, and passes on what launchd has to say to it.
#
#   bash waiter LAUNCHCTL TARGET JOB MARK RUN STOP HANGUP GRACE COMMAND...
#
#   LAUNCHCTL, TARGET   the program, and the service as it is called there: DOMAIN/LABEL
#   JOB, MARK           the values of CHORE_JOB_ID and CHORE_RUN_ID
#   RUN, STOP, HANGUP, GRACE   as the shim has them
#   COMMAND...          what runs the shim (shim.sh)
#
# Why there are two shells. launchd signals only the process that it started: SIGTERM when the service is booted out and when
# the user logs out, SIGKILL once ExitTimeOut is over. The shim waits in the foreground for its job and would run its trap
# only when the job has ended. This shell runs the shim in the background, where a trap interrupts the wait.
#
# Why this one is bash, whatever /bin/sh is: it needs job control. Without it a background process has SIGINT and SIGQUIT
# ignored for good and is in the group of its shell, and a job that signals its own group, as `trap "kill 0" EXIT` does,
# would seem to be the end of the session. With it the process leads a group of its own, and ignores no signal. dash has job
# control at a terminal only; bash 3.2 is on every macOS.
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

	# SIGTERM: the session ends, or the service is booted out. One that comes before the shim is started is handled right after
	# the start.
	hear() {
		is_heard=yes
		[ -z "$shim" ] || [ -n "$is_ending" ] || end_session
	}

	# Asks all members to end, and kills them after the grace.
	end_session() {
		is_ending=yes
		mv -f "$run/session-ended.blank" "$run/session-ended"
		find_members # those outside of the group are told one by one
		force_members
	}

	# Starts the shim and waits for its end. The shim's descriptor 4 is the write end of the FIFO. To open a FIFO for writing
	# waits for a reader, so it is first opened for reading and writing.
	keep() {
		echo $$ 1<>"$run/waiter"
		exec 6<>"$run/alive"
		exec 4>"$run/alive" 6>&-
		set -m
		CHORE_JOB_ID=$job CHORE_RUN_ID=$mark "$@" 1<>"$run/message" 2>&1 &
		shim=$! group=$! everybody=-$! begun='' self='' leader=yes CHORE_RUN_ID=$mark
		set +m
		exec 4>&-
		[ -z "$is_heard" ] || [ -n "$is_ending" ] || end_session
		# A trap ends the wait early, so it is repeated while the shim lives; and some versions of bash return the status of a
		# process again and again, so kill -0 says whether it does.
		until wait "$shim"; code=$?; [ "$code" -le 128 ] || ! kill -0 "$shim"; do :; done 2>/dev/null
	}

	trap hear TERM
	trap : HUP INT QUIT USR1 USR2 ALRM PIPE
	# launchd starts this shell once. If somebody has it started again (launchctl kickstart), there is a pid already, and the
	# run is not started a second time.
	read -r earlier <"$run/waiter"
	[ -n "$earlier" ] || keep "$@"
	is_ending=yes

	# The last act: without it the service stays in launchd's lists until the logout. If the shim was killed, its job goes on
	# and can be stopped: nothing of it is ended here.
	for tries in 1 2 3 4 5; do
		"$launchctl" bootout "$target"
		case $? in 0 | 3 | 36 | 11[23] | 12[45]) break ;; esac # done; not there; being ended; no service, no domain any more
		sleep 1
	done
	# A chore that finds this file has launchd forget the service once more.
	rm -f "$run/launchd.plist"
	exit 0
}
