# chore's shim: the parent of one run where nothing else supervises it. It waits, writes down how the run ended, and
# then ends what the run left behind. It runs the job in the foreground, because every shell starts `job &` with
# SIGINT ignored for good, and in its own process group, so that one kill(2) reaches the job and is survived here.
#
#   sh shim RUN START STOP HANGUP GRACE LIMIT LIMIT_WHOLE SIGNALS SHELL...
#
#   RUN, START    the run's folder, and the script to run in it
#   STOP, HANGUP  name of the stop signal, without SIG; "yes" to send SIGHUP after it
#   GRACE         hundredths of a second from the stop signal to SIGKILL
#   LIMIT         seconds that the run may take, or nothing; LIMIT_WHOLE: rounded up, for a sleep(1) without fractions
#   SIGNALS       names, or numbers, of the signals to survive; those that the shell does not know are skipped
#   SHELL...      what START is run by
#
# Descriptors: 1 and 2 are RUN/message, at its beginning; 4 is the write end of the FIFO RUN/alive. As long as it is
# open the run is alive, so whatever is started here must close it at once. Everything needed at the end is opened at
# the beginning: a job may remove or rename the folder. All files are laid out already: a full disk stops nothing.
# Read by every sh: no printf (not a builtin everywhere), no `case` inside $( ) (pdksh), one command (read whole).
{
	run=$1 start=$2 stop=$3 hang_up=$4 grace=$5 limit=$6 limit_whole=$7 signals=$8
	shift 8

	# Caught and not ignored: what is caught here is back to its default in the job.
	for signal in $signals; do command trap : "$signal"; done 2>/dev/null
	exec 3<>"$run/exit" 5<"$run/message" 6>>"$run/message" 9<"$run/started"
	echo $$ 1<>"$run/pid" # not earlier: whoever can read it may signal

	# Finds the other live processes of the run: the group's, the children of this shell (the main process may have
	# left the group) and, when $wide, those that carry the mark. Fills $members with PID:PARENT:in|out, by group.
	find_members() {
		members=
		for member in $(
			exec 4>&- 2>/dev/null
			if [ -r /proc/self/stat ]; then
				sed -n -e "s/^\([0-9]*\) (.*) [A-WYt] \([0-9]*\) $$ [-0-9 ]*\$/\1:\2:in/p" \
					-e "s/^\([0-9]*\) (.*) [A-WYt] $$ [-0-9 ]*\$/\1:$$:out/p" /proc/[0-9]*/stat
				[ -z "$wide" ] || grep -lsF "CHORE_JOB_ID=$CHORE_JOB_ID" /proc/[0-9]*/environ | sed 's/[^0-9]//g; s/$/:0:out/'
			else
				ps -A -o pid= -o ppid= -o pgid= -o stat= |
					sed -n -e "s/^ *\([0-9][0-9]*\)  *\([0-9][0-9]*\)  *$$  *[A-WYt].*/\1:\2:in/p" \
						-e "s/^ *\([0-9][0-9]*\)  *$$  *[0-9][0-9]*  *[A-WYt].*/\1:$$:out/p"
				[ -z "$wide" ] || ps -axeww -o pid= -o command= | sed -n "s/^ *\([0-9][0-9]*\) .*CHORE_JOB_ID=$CHORE_JOB_ID.*/\1:0:out/p"
			fi
		); do
			pid=${member%%:*}
			if [ "$pid" != $$ ] && [ "$pid" != "$self" ] && kill -0 "$pid"; then # the search itself is over by now
				case "$members " in *" $pid:"*) ;; *) members="$members $member" ;; esac
			fi
		done 2>/dev/null
		[ -n "$members" ]
	}

	# Sends a signal to the group at one stroke, and to those outside of it one by one.
	tell() {
		kill "-$1" 0
		for member in $members; do
			case $member in *:out) kill "-$1" "${member%%:*}" ;; esac
		done
	} 2>/dev/null

	kill_members() {
		for member in $members; do kill -KILL "${member%%:*}"; done
	} 2>/dev/null

	# Asks all members to end and waits for it. False when some are left after the grace.
	end_members() {
		tell "$stop"
		[ "$hang_up" = yes ] && tell HUP
		tell CONT
		left=$grace step=2
		while find_members; do
			[ "$left" -gt 0 ] || return 1
			[ "$step" -le "$left" ] || step=$left
			text=0.$step
			[ "$step" -ge 10 ] || text=0.0$step
			[ "$step" -lt 100 ] || text=1
			sleep "$text" 4>&- 2>/dev/null || { sleep 1 4>&-; step=100; }
			left=$((left - step)) step=$((step * 2))
			[ "$step" -le 100 ] || step=100
		done
	}

	# The time limit, in a process of its own since the shim waits for the job. The shim ends it with the job.
	enforce_limit() {
		exec 3>&- 4>&- 5>&- 6>&- 8>&- 9>&- >/dev/null 2>&1
		for signal in $signals; do command trap '' "$signal"; done
		until sleep "$limit"; do
			[ $? -ge 128 ] && continue # killed: not yet
			sleep "$limit_whole" || exit
			break
		done
		self=$(exec "$@" -c 'echo $PPID')
		# A run that was over before its limit did not hit it, even if the shim has not yet come to say so. With the
		# shim killed, whatever is left of the run is still held to the limit.
		wide=yes
		find_members || exit
		case "$members " in
			*":$$:"*) ;;
			*) kill -0 $$ && exit ;;
		esac
		echo timeout >&7
		end_members && exit
		tries=50
		while [ "$tries" -gt 0 ] && find_members; do
			kill_members
			tries=$((tries - 1))
			[ "$tries" -ge 45 ] || sleep 0.1 || sleep 1
		done
	}

	self='' wide='' timer=''
	if [ -n "$limit" ]; then
		exec 7<>"$run/timer" 8<"$run/timer"
		(enforce_limit "$@") &
		timer=$!
		exec 7>&-
	fi

	# A stop that is asked for at this very moment finds no job to signal: hence the look at its file, after the fork.
	(
		exec 3>&- 4>&- 5>&- 8>&- 9>&- >&6 2>&6 6>&-
		[ -e "$run/stop" ] || exec /usr/bin/env -i "CHORE_JOB_ID=$CHORE_JOB_ID" "$@" "$start" "$run"
	)
	code=$?

	# Death by a signal is 384 + n in yash, 256 + n in ksh93, else 128 + n like an exit code; but then the shell says
	# so ("Killed"), except for SIGINT and SIGPIPE.
	case ${YASH_VERSION+yash}${KSH_VERSION-} in yash | *' 93'*) doubt=no ;; *) doubt=yes ;; esac
	said='' begun=''
	read -r said <&5
	read -r begun <&9
	how=exited certain=yes result=exit-code
	if [ "$code" -gt 384 ]; then
		how=killed code=$((code - 384))
	elif [ "$code" -gt 256 ]; then
		how=killed code=$((code - 256))
	elif [ "$code" -gt 128 ] && [ -n "$said" ]; then
		how=killed code=$((code - 128))
	elif [ $doubt = yes ] && { [ "$code" -eq 130 ] || [ "$code" -eq 141 ]; }; then
		how=killed certain=no code=$((code - 128))
	elif [ -z "$begun" ] && [ -e "$run/stop" ]; then
		how=killed code=$stop
	elif [ -z "$begun" ]; then
		result='start-failed'
	elif [ "$code" -eq 0 ]; then
		result=success
	fi
	[ "$how" = exited ] || result=signal
	if [ -n "$timer" ] && read -r word <&8 && [ "$word" = timeout ]; then result=timeout; fi

	# CPU time of what was waited for: the last line of times(1), as MINUTESmSECONDS.FRACTIONs. Seconds and microseconds
	# are kept apart, because mksh reckons with 32 bits.
	cpu='' seconds=0 fraction=0
	times >&6
	while read -r user system rest; do
		case $user:$system:$rest in [0-9]*m*[0-9]s:[0-9]*m*[0-9]s:) cpu="$user $system" ;; esac
	done <&5
	for word in $cpu; do
		word=${word%s}
		rest=${word#*m}
		whole=${rest%%.*} part=${rest#*.}000000
		[ "$whole" != "$rest" ] || part=000000
		whole=${whole#0} part=${part%"${part#??????}"}
		seconds=$((seconds + ${word%%m*} * 60 + ${whole:-0}))
		fraction=$((fraction + 1$part - 1000000))
	done
	if [ -n "$cpu" ]; then
		[ "$fraction" -lt 1000000 ] || seconds=$((seconds + 1)) fraction=$((fraction - 1000000))
		fraction=$((fraction + 1000000))
		cpu=$seconds${fraction#1}
	fi

	up='' boot=''
	[ -r /proc/uptime ] && read -r up rest </proc/uptime
	[ -r /proc/sys/kernel/random/boot_id ] && read -r boot </proc/sys/kernel/random/boot_id
	tries=30
	until echo "chore-exit 1 attempt=1 how=$how status=$code certain=$certain result=$result up=$up boot=$boot cpu=$cpu ." >&3; do
		[ "$tries" -gt 0 ] || break
		tries=$((tries - 1))
		sleep 1 4>&-
	done

	# From here on nothing can be lost. The clock of the limit and its sleep(1) take no part in what follows; it is
	# held first, so that it starts nothing in between.
	if [ -n "$timer" ] && find_members; then
		case "$members " in
			*" $timer:$$:"*)
				kill -STOP "$timer"
				find_members
				for member in $members; do
					case $member in "$timer":* | *":$timer:"*) kill -KILL "${member%%:*}" ;; esac
				done
				;;
		esac
	fi
	[ "$result" != timeout ] || wide=yes
	if find_members; then
		command trap '' "$stop" 2>/dev/null
		end_members || { kill_members; kill -KILL 0; }
	fi
	exit 0
}
