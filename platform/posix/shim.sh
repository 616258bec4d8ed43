# chore's shim: the parent of one run where nothing else supervises it. It waits, writes down how the run ended, and
# then ends what the run left behind. It runs the job in the foreground, because every shell starts `job &` with
# SIGINT ignored for good, and in its own process group, so that one kill(2) reaches the job and is survived here.
#
#   sh shim RUN START STOP HANGUP GRACE LIMIT LIMIT_WHOLE SIGNALS POLICY MAX DELAY DELAY_WHOLE SHELL...
#
#   RUN, START    the run's folder, and the script to run in it
#   STOP, HANGUP  name of the stop signal, without SIG; "yes" to send SIGHUP after it
#   GRACE         hundredths of a second from the stop signal to SIGKILL
#   LIMIT         seconds that an attempt may take, or nothing; LIMIT_WHOLE: rounded up, for a sleep(1) without fractions
#   SIGNALS       names, or numbers, of the signals to survive; those that the shell does not know are skipped
#   POLICY        when START is run again: no, on-failure or always
#   MAX           how often at most, or nothing for without bound
#   DELAY         seconds from an end to the next attempt, or nothing; DELAY_WHOLE: rounded up
#   SHELL...      what START is run by
#
# Descriptors: 1 and 2 are RUN/message, at its beginning; 4 is the write end of the FIFO RUN/alive. As long as it is
# open the run is alive, so whatever is started here must close it at once. Everything needed at the end of an attempt
# is opened at its beginning: a job may remove or rename the folder. All files are laid out already: a full disk stops
# nothing. RUN/pid holds the pid of the shim, and behind it, from the first restart on, which attempt was begun last and
# which is to come: the same one where none is.
# Read by every sh: no printf (not a builtin everywhere), no `case` inside $( ) (pdksh), one command (read whole).
{
	run=$1 start=$2 stop=$3 hang_up=$4 grace=$5 limit=$6 limit_whole=$7 signals=$8
	shift 8
	policy=$1 max=$2 delay=$3 delay_whole=$4
	shift 4

	# Caught and not ignored: what is caught here is back to its default in the job. What the shell does not know is not
	# tried again: posh may crash when it complains after a trap was run.
	known=''
	for signal in $signals; do command trap : "$signal" && known="$known $signal"; done 2>/dev/null
	signals=$known
	exec 3<>"$run/exit" 5<"$run/message" 6>>"$run/message" 9<"$run/started"
	echo $$ 1<>"$run/pid" # not earlier: whoever can read it may signal

	# Finds the other live processes of the run: the group's, the children of this shell (the main process may have
	# left the group) and, when $wide, those that carry the mark. Fills $members with PID:PARENT:in|out, by group. What
	# searches shall not find itself: it has no mark, and nothing of it outlives its shell, not even as a zombie.
	find_members() {
		members=
		for member in $(
			exec 4>&- 2>/dev/null
			if [ -r /proc/self/stat ]; then
				sed -n -e "s/^\([0-9]*\) (.*) [A-WYt] \([0-9]*\) $$ [-0-9 ]*\$/\1:\2:in/p" \
					-e "s/^\([0-9]*\) (.*) [A-WYt] $$ [-0-9 ]*\$/\1:$$:out/p" /proc/[0-9]*/stat
				[ -z "$wide" ] || CHORE_JOB_ID='' grep -lsF "CHORE_JOB_ID=$CHORE_JOB_ID" /proc/[0-9]*/environ | sed 's/[^0-9]//g; s/$/:0:out/'
			else
				ps -A -o pid= -o ppid= -o pgid= -o stat= |
					sed -n -e "s/^ *\([0-9][0-9]*\)  *\([0-9][0-9]*\)  *$$  *[A-WYt].*/\1:\2:in/p" \
						-e "s/^ *\([0-9][0-9]*\)  *$$  *[0-9][0-9]*  *[A-WYt].*/\1:$$:out/p"
				[ -z "$wide" ] || CHORE_JOB_ID='' ps -axeww -o pid= -o command= | sed -n "s/^ *\([0-9][0-9]*\) .*CHORE_JOB_ID=$CHORE_JOB_ID.*/\1:0:out/p"
			fi
			:
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

	# Becomes a program in a subshell. Whoever asks for a stop makes the file first, and then signals what is there: hence
	# the look at it after the fork. ksh93 forks no earlier than it must; this trap makes it.
	unless_stopped() {
		trap : CONT
		[ -e "$run/stop" ] || exec "$@"
	}

	# What the shell had to say ($said is then not empty), and the CPU time of all that was waited for: the last line of
	# times(1), as MINUTESmSECONDS.FRACTIONs. Seconds and microseconds are kept apart, because mksh reckons with 32 bits.
	read_message() {
		said=yes cpu='' seconds=0 fraction=0
		{
			echo :
			times
			echo .
		} >&2
		read -r user system rest <&5
		[ "$user" != : ] || said=''
		while [ "$user" != . ]; do
			case $user:$system:$rest in [0-9]*m*[0-9]s:[0-9]*m*[0-9]s:) cpu="$user $system" ;; esac
			read -r user system rest <&5 || break
		done
		for word in $cpu; do
			word=${word%s}
			rest=${word#*m}
			whole=${rest%%.*} part=${rest#*.}000000
			[ "$whole" != "$rest" ] || part=000000
			whole=${whole#0} part=${part%"${part#??????}"}
			seconds=$((seconds + ${word%%m*} * 60 + ${whole:-0}))
			fraction=$((fraction + 1$part - 1000000))
		done
		[ "$fraction" -lt 1000000 ] || seconds=$((seconds + 1)) fraction=$((fraction - 1000000))
	}

	# Finds out how it ended. Death by a signal is 384 + n in yash, 256 + n in ksh93, else 128 + n like an exit code; but
	# then the shell says so ("Killed"), except for SIGINT and SIGPIPE.
	judge() {
		case ${YASH_VERSION+yash}${KSH_VERSION-} in yash | *' 93'*) doubt=no ;; *) doubt=yes ;; esac
		begun=''
		read_message
		read -r begun rest <&9
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

		if [ -n "$cpu" ]; then
			seconds=$((seconds - seconds_before)) fraction=$((fraction - fraction_before))
			[ "$fraction" -ge 0 ] || seconds=$((seconds - 1)) fraction=$((fraction + 1000000))
			fraction=$((fraction + 1000000))
			cpu=$seconds${fraction#1}
		fi
	}

	# Sets $next to the attempt that is to come, if any. A run whose folder is gone is not started again: nobody could stop
	# it any more.
	decide() {
		next=$attempt
		case $policy:$result in no:* | on-failure:success) return ;; esac
		[ -z "$max" ] || [ "$attempt" -le "$max" ] || return 0
		[ -e "$run/stop" ] || [ ! -e "$run/exit" ] || next=$((attempt + 1))
	}

	write_down() {
		# An attempt that a stop kept from beginning is none: the run ends with the one before.
		if [ "$attempt" -gt 1 ] && [ -z "$begun" ] && [ -e "$run/stop" ]; then return; fi
		up='' boot=''
		[ -r /proc/uptime ] && read -r up rest </proc/uptime
		[ -r /proc/sys/kernel/random/boot_id ] && read -r boot </proc/sys/kernel/random/boot_id
		record="chore-exit 1 attempt=$attempt how=$how status=$code certain=$certain result=$result up=$up boot=$boot cpu=$cpu pid=$begun ."
		# What is to come is said first: nobody shall take a run for over that goes on.
		[ "$next" -eq "$attempt" ] || echo "$$ $attempt $next" 1<>"$run/pid"
		tries=30
		until echo "$record" >&3; do
			[ "$tries" -gt 0 ] || break
			tries=$((tries - 1))
			sleep 1 4>&-
		done
		if [ "$policy" = no ] || [ ! -e "$run/attempts" ]; then return; fi
		echo "$record" >>"$run/attempts"
		[ $((attempt % 1000)) -eq 0 ] || return 0
		mv -f "$run/attempts" "$run/attempts.old" 4>&-
		(umask 077 && : >"$run/attempts")
	}

	# Ends what the attempt left behind: before the last it may be what left the group, too, for the next shall meet
	# nothing of it.
	clear_up() {
		# What looks for the members must survive the stop signals: they are ignored, no longer caught.
		if [ "$hang_up" = yes ]; then asking="$stop HUP"; else asking=$stop; fi
		for signal in $asking; do command trap '' "$signal"; done 2>/dev/null

		# The clock of the limit and its sleep(1) take no part in what follows; it is held first, so that it starts nothing
		# in between.
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
		if [ "$result" = timeout ] || [ "$next" -gt "$attempt" ]; then wide=yes; fi
		if find_members && ! end_members; then
			if [ "$next" -eq "$attempt" ]; then
				kill_members
				kill -KILL 0
			fi
			while find_members; do
				# Held first: a process that starts another for each that dies would win the race.
				for member in $members; do kill -STOP "${member%%:*}"; done 2>/dev/null
				kill_members
				sleep 0.1 4>&- || sleep 1 4>&-
			done
		fi
		wide=''
	}

	# Makes the files what they were, in the space that they have.
	lay_out() {
		read_message
		seconds_before=$seconds fraction_before=$fraction attempt=$next
		blank='                                                               '
		echo "$blank" 1<>"$run/started"
		[ -z "$limit" ] || echo "$blank" 1<>"$run/timer"
		exec 1<>"$run/message" 2>&1 3<>"$run/exit" 5<"$run/message" 6<>"$run/message" 9<"$run/started"
		{
			echo "$blank"
			echo "$blank"
		} >&6
		echo "$$ $attempt $attempt" 1<>"$run/pid"
	}

	attempt=1 self='' wide='' seconds_before=0 fraction_before=0
	while :; do
		timer=''
		if [ -n "$limit" ]; then
			exec 7<>"$run/timer" 8<"$run/timer"
			(enforce_limit "$@") &
			timer=$!
			exec 7>&-
		fi
		(
			exec 3>&- 4>&- 5>&- 8>&- 9>&- >&6 2>&6 6>&-
			unless_stopped /usr/bin/env -i "CHORE_JOB_ID=$CHORE_JOB_ID" "$@" "$start" "$run"
		)
		code=$?
		judge
		decide
		write_down
		clear_up
		[ "$next" -gt "$attempt" ] || exit 0

		for signal in $asking; do command trap : "$signal"; done 2>/dev/null
		[ -z "$timer" ] || wait "$timer" # for what the shell says of its end, and for its CPU time
		left=$delay
		while [ -n "$left" ] && [ ! -e "$run/stop" ]; do
			(
				exec 3>&- 4>&- 5>&- 6>&- 8>&- 9>&-
				unless_stopped /usr/bin/env sleep "$left"
			)
			case $? in
				0) left='' ;;
				[1-9] | [1-9][0-9] | 1[01][0-9] | 12[0-7]) # this sleep(1) takes no fractions, or there is none
					[ "$left" != "$delay_whole" ] || exit 0
					left=$delay_whole
					;;
			esac
		done
		if [ -e "$run/stop" ] || [ ! -e "$run/exit" ]; then exit 0; fi
		lay_out
	done
}
