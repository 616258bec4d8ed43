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
# members.sh stands in front of it.
{
	run=$1 start=$2 stop=$3 hang_up=$4 grace=$5 limit=$6 limit_whole=$7 signals=$8
	shift 8
	policy=$1 max=$2 delay=$3 delay_whole=$4
	shift 4
	shim=$$ everybody=0 self='' wide=''

	# Whether the run is to end: chore was asked for it, or the session of the user ends.
	is_asked() { [ -e "$run/stop" ] || [ -e "$run/session-ended" ]; }

	# Caught and not ignored: what is caught here is back to its default in the job. What the shell does not know is not
	# tried again: posh may crash when it complains after a trap was run.
	known=''
	for signal in $signals; do command trap : "$signal" && known="$known $signal"; done 2>/dev/null
	signals=$known
	exec 3<>"$run/exit" 5<"$run/message" 6>>"$run/message" 9<"$run/started"
	echo $$ 1<>"$run/pid" # not earlier: whoever can read it may signal

	# The time limit, in a process of its own since the shim waits for the job. The shim ends it with the job.
	enforce_limit() {
		exec 3>&- 4>&- 5>&- 6>&- 8>&- 9>&- >/dev/null 2>&1
		for signal in $signals; do command trap '' "$signal"; done
		# It is that of the main process, which on a busy machine begins much later than this.
		begun=''
		while read -r begun rest <"$run/started" || :; do
			[ -z "$begun" ] && [ -e "$run/started" ] && kill -0 $$ || break
			sleep 0.02 || [ $? -ge 128 ] || sleep 1
		done
		until /usr/bin/env sleep "$limit"; do # a program also in ksh93: it is to be killed without this shell
			if [ $? -ge 128 ]; then
				# Killed: by the shim once the main process is over, or by anybody before it is time.
				{ [ -n "$begun" ] && kill -0 "$begun"; } || ! kill -0 $$ || exit
				continue
			fi
			/usr/bin/env sleep "$limit_whole" || exit
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
		force_members
	}

	# How a shell of its own becomes the job. Whoever asks for a stop makes the file first, and then signals what is there:
	# hence the look at it so late. It is a program and no subshell, because ksh93 takes a signal that it hears as a subshell
	# ends for the code of that; and it may crash when a signal comes while it makes one.
	begin='exec 3>&- 4>&- 5>&- 6>&- 8>&- 9>&- >>"$0/message" 2>&1; [ -e "$0/stop" ] || [ -e "$0/session-ended" ] || exec "$@"'

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
		elif [ -z "$begun" ] && is_asked; then
			how=killed code=$stop
		elif [ -z "$begun" ]; then
			result='start-failed'
		elif [ "$code" -eq 0 ]; then
			result=success
		fi
		[ "$how" = exited ] || result=signal
		if [ -n "$timer" ] && read -r word <&8 && [ "$word" = timeout ]; then result=timeout; fi
		[ "$result" = success ] || [ ! -e "$run/session-ended" ] || result=session-ended

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
		is_asked || [ ! -e "$run/exit" ] || next=$((attempt + 1))
	}

	write_down() {
		# An attempt that a stop kept from beginning is none: the run ends with the one before.
		if [ "$attempt" -gt 1 ] && [ -z "$begun" ] && is_asked; then return; fi
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

	# Ends what the attempt left behind, and after the last one this shell itself. Before another it may be what left the
	# group, too, for that shall meet nothing of it.
	clear_up() {
		# What looks for the members must survive the stop signals: they are ignored, no longer caught.
		if [ "$hang_up" = yes ]; then asking="$stop HUP"; else asking=$stop; fi
		for signal in $asking; do command trap '' "$signal"; done 2>/dev/null

		# The clock of the limit takes no part in what follows. Its sleep(1) is killed, and then it ends by itself: killed first,
		# it could leave one that it is just about to start, and nobody could tell whose that is. Nor can it be held meanwhile:
		# whoever asks for a stop sends SIGCONT to the group. At the limit, and before the main process begins, it does not end
		# by itself, but starts nothing that lasts.
		rounds=20
		while [ -n "$timer" ] && find_members; do
			case "$members " in *" $timer:$$:"*) ;; *) break ;; esac
			rounds=$((rounds - 1))
			if [ "$result" = timeout ] || [ -z "$begun" ] || [ "$rounds" -eq 0 ]; then kill -KILL "$timer"; fi
			for member in $members; do
				case $member in *":$timer:"*) kill -KILL "${member%%:*}" ;; esac
			done
		done 2>/dev/null
		if [ "$result" = timeout ] || [ "$next" -gt "$attempt" ]; then wide=yes; fi
		# Processes that start each other in turn, and end, are seen by no look: hence what is done to the group unseen.
		if [ "$next" -eq "$attempt" ]; then
			find_members && ! end_members && kill_members
			leave
		fi
		find_members
		end_members || while find_members; do
			# Held first: a process that starts another for each that dies would win the race.
			for member in $members; do kill -STOP "${member%%:*}"; done 2>/dev/null
			kill_members
			sleep 0.1 4>&- || sleep 1 4>&-
		done
		wide=''
	}

	# The end of this shell, and of all that is still in its group.
	leave() {
		kill -KILL 0
		exit
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

	attempt=1 seconds_before=0 fraction_before=0
	while :; do
		timer=''
		if [ -n "$limit" ]; then
			exec 7<>"$run/timer" 8<"$run/timer"
			(enforce_limit "$@") &
			timer=$!
			exec 7>&-
		fi
		"$@" -c "$begin" "$run" /usr/bin/env -i "CHORE_JOB_ID=$CHORE_JOB_ID" "CHORE_RUN_ID=$CHORE_RUN_ID" "$@" "$start" "$run"
		code=$?
		judge
		decide
		write_down
		clear_up

		for signal in $asking; do command trap : "$signal"; done 2>/dev/null
		[ -z "$timer" ] || wait "$timer" # for what the shell says of its end, and for its CPU time
		left=$delay
		while [ -n "$left" ] && ! is_asked; do
			# A stop that comes between the look and this ends it when it sees it.
			/usr/bin/env sleep "$left" 3>&- 4>&- 5>&- 6>&- 8>&- 9>&-
			case $? in
				0) left='' ;;
				[1-9] | [1-9][0-9] | 1[01][0-9] | 12[0-7]) # this sleep(1) takes no fractions, or there is none
					[ "$left" != "$delay_whole" ] || leave
					left=$delay_whole
					;;
			esac
		done
		if is_asked || [ ! -e "$run/exit" ]; then leave; fi
		lay_out
	done
}
