# chore's shim: the parent of one run where nothing else supervises it.
#
# It runs the job, waits, writes down how it ended, and then ends what the job left behind. It leads a process group, and the
# job another one: a job that kills its own group, as `trap 'kill -9 0' EXIT` does, does not reach this shell.
#
#   sh shim RUN START STOP HANGUP GRACE LIMIT LIMIT_WHOLE SIGNALS POLICY MAX DELAY DELAY_WHOLE LEADER SHELL...
#
#   RUN, START    the run's folder, and the script to run in it
#   STOP, HANGUP  name of the stop signal, without SIG; "yes" to send SIGHUP after it
#   GRACE         hundredths of a second from the stop signal to SIGKILL
#   LIMIT         seconds that an attempt may take, or nothing; LIMIT_WHOLE: rounded up, for a sleep(1) without fractions
#   SIGNALS       names, or numbers, of the signals to survive; those that the shell does not know are skipped
#   POLICY        when START is run again: no, on-failure or always
#   MAX           how often at most, or nothing for without bound
#   DELAY         seconds from an end to the next attempt, or nothing; DELAY_WHOLE: rounded up
#   LEADER        the words that run a program as the leader of a process group, without a fork; or nothing where the system
#                 has no such program. There, and where kill is no builtin, the job is in this shell's group
#   SHELL...      what START is run by
#
# States. Each attempt goes through them in this order; the main part, at the end of this file, is the walk:
#
#   laid out      all files are there as blanks
#   running       the job runs. In the foreground: every shell starts `job &` with SIGINT ignored for good
#   recorded      RUN/exit has its line: by that the attempt is over, whatever happens to this shell
#   cleared up    no process of the attempt is left
#   waiting       only if another attempt is to come: DELAY is slept, then it is laid out
#   over          this shell kills its own group, itself included: so ends every run that it was not killed in
#
# Files, in the order in which they are written. All are laid out before by the core or the platform, and written in the
# space that they have: a full disk stops nothing. "The job" is START, before it becomes the program.
#
#   RUN/pid             this shell: its pid, once it can be signalled. From the first restart on two numbers follow: the
#                       attempt begun last, and the one to come, which is the same where none is
#   RUN/message         whatever a shell here has to say, such as "Killed"; read back to judge an end
#   RUN/started         the job: the pid of the main process
#   RUN/timer           the clock of the limit: "timeout", before it ends the attempt
#   RUN/stop            the process that asks for a stop, by a rename, before anything is signalled
#   RUN/session-ended   on launchd its waiter, by a rename, when the user's session ends
#   RUN/exit            this shell: the record of the attempt
#   RUN/attempts        this shell, with a policy: the same line once more
#   RUN/told            this shell, once it has told the end in the ledger; see platform/tell.sh
#
# After the last attempt it reads JOB/schedule/queued, which is there while a firing of the job's schedule waits for this end.
#
# Descriptors: 1 and 2 are RUN/message, at its beginning; 3 RUN/exit; 4 the write end of the FIFO RUN/alive; 5 and 6
# RUN/message, to read and to append; 7 and 8 RUN/timer, for the clock and for this shell; 9 RUN/started. They are opened
# before the job begins: it may remove or rename the folder. As long as 4 is open the run is alive, so whatever is started
# here closes it at once.
#
# Every sh reads this: hence no printf (not a builtin everywhere), no `case` inside $( ) (pdksh), and all of it one command,
# so that it is read whole before it begins. members.sh and platform/tell.sh stand in front of it.
{
	run=$1 start=$2 stop=$3 hang_up=$4 grace=$5 limit=$6 limit_whole=$7 signals=$8
	shift 8
	policy=$1 max=$2 delay=$3 delay_whole=$4 leader=$5
	shift 5
	shim=$$ group=$$ everybody=0 begun='' self='' recorded=''
	# A kill that is no builtin is given no negative number: that of procps takes the first digit for all of it, and -1 is
	# every process of the user.
	apart=$leader
	(PATH=/dev/null && kill -0 $$) 2>/dev/null || leader=''

	# Whether the run is to end: chore was asked for it, or the session of the user ends.
	is_asked() { [ -e "$run/stop" ] || [ -e "$run/session-ended" ]; }

	# The signals. They are caught and not ignored: a caught one is back to its default in the job. What the shell does not
	# know is left out from here on: posh may crash when it complains after a trap was run.
	known=''
	for signal in $signals; do command trap : "$signal" && known="$known $signal"; done 2>/dev/null
	signals=$known
	exec 3<>"$run/exit" 5<"$run/message" 6>>"$run/message" 9<"$run/started"
	echo $$ 1<>"$run/pid" # only now: who can read it may signal this shell

	# Sets $now to the seconds of a clock that, where there is one, nobody can set.
	read_clock() {
		if [ -r /proc/uptime ]; then read -r now rest </proc/uptime; else now=$(date +%s); fi
		now=${now%%.*}
	}

	# The clock of the time limit. It runs beside the job in a process of its own, and this shell ends it with the attempt.
	enforce_limit() {
		exec 3>&- 4>&- 5>&- 6>&- 8>&- 9>&- >/dev/null 2>&1
		for signal in $signals; do command trap '' "$signal"; done
		# The limit counts from the begin of the main process, which on a busy machine is much later than that of this clock.
		begun=''
		while read -r begun rest <"$run/started" || :; do
			[ -z "$begun" ] && [ -e "$run/started" ] && kill -0 $$ || break
			sleep 0.02 || [ $? -ge 128 ] || sleep 1
		done
		read_clock
		since=$now
		until /usr/bin/env sleep "$limit"; do # by env, since sleep is a builtin of ksh93, and a builtin cannot be killed alone
			if [ $? -ge 128 ]; then
				# The sleep was killed. If the main process has ended, the shim did so; else sleep for what is left.
				{ [ -n "$begun" ] && kill -0 "$begun"; } || ! kill -0 $$ || exit
				read_clock
				limit_whole=$((limit_whole + since - now)) since=$now limit=$limit_whole
				[ "$limit" -gt 0 ] || break
				continue
			fi
			/usr/bin/env sleep "$limit_whole" || exit
			break
		done
		self=$(exec "$@" -c 'echo $PPID')
		# If the shim lives and has no child but this clock, the attempt has ended before its limit, even if that is not
		# recorded yet. If the shim was killed, the limit still applies to the processes that are left of the run.
		find_members || exit
		case "$members " in
			*":$$:"*) ;;
			*) kill -0 $$ && exit ;;
		esac
		echo timeout >&7
		force_members
	}

	# The begin of the job: what its shell does before it reads START, in an empty environment and in the job's group. A stop
	# makes RUN/stop first and then signals the processes that exist, so this looks for the file as late as possible. It is a
	# program and not a subshell because of ksh93, which confuses a signal that comes when a subshell ends with the exit code
	# of the subshell, and may crash when one comes while it makes a subshell.
	begin='exec 3>&- 4>&- 5>&- 6>&- 8>&- 9>&- >>"$1/message" 2>&1; [ -e "$1/stop" ] || [ -e "$1/session-ended" ] || . "$0"'

	# The judgement, first part: reads RUN/message back. $said is empty where the shell had nothing to say. $seconds and
	# $fraction (in microseconds) are the CPU time of all that was waited for, from the last line of times(1), which is
	# MINUTESmSECONDS.FRACTIONs twice. They are kept apart because mksh reckons with 32 bits.
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

	# The judgement, second part: how the attempt ended, from $code to $how, $certain and $result. Death by a signal is
	# 384 + n in yash and 256 + n in ksh93. Elsewhere it is 128 + n, as an exit code might be, but then the shell has said so
	# ("Killed"), except of SIGINT and SIGPIPE.
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

	# The decision: sets $next to the number of the next attempt, or to this one's if there is none. A run whose folder is gone
	# is not started again, since it could not be stopped any more.
	decide() {
		next=$attempt
		case $policy:$result in no:* | on-failure:success) return ;; esac
		[ -z "$max" ] || [ "$attempt" -le "$max" ] || return 0
		is_asked || [ ! -e "$run/exit" ] || next=$((attempt + 1))
	}

	# The group of an attempt that has ended. If the main process was the last of it, another process may get its number.
	note_group() {
		[ -n "$leader" ] || return
		group=none everybody=''
		case $begun in '' | 0* | 1 | *[!0-9]*) return ;; esac
		# Its leader has ended: a living process of that number is another one.
		if ! kill -0 "$begun" && kill -0 "-$begun"; then group=$begun everybody=-$begun; fi
	} 2>/dev/null

	# How many processes the main process left behind, where it ended by itself: sets $behind.
	count_left() {
		behind=''
		if is_asked || [ "$result" = timeout ]; then return; fi
		behind=0
		find_members || return
		for member in $members; do
			case $member in "$timer":* | *:"$timer":*) continue ;; esac
			pid=${member%%:*}
			# What holds the job's input open is not left behind, nor if it ended since it was found.
			if [ -p "$run/stdin" ] && { holds_input || is_over; }; then continue; fi
			behind=$((behind + 1))
		done
	}

	# Whether the process $pid holds the job's input open: it is a part of START, which itself became the job.
	holds_input() {
		if [ -r /proc/self/stat ]; then
			grep -qsF "$start" "/proc/$pid/cmdline"
		else
			ps -ww -o command= -p "$pid" | grep -qF "$start"
		fi 4>&-
	}

	is_over() {
		if [ -r /proc/self/stat ]; then ! read_stat; else ! kill -0 "$pid" 2>/dev/null; fi
	}

	# The record: RUN/exit, and with a policy RUN/attempts, which is begun anew after a thousand attempts. Tries for half a
	# minute if the file system refuses.
	write_down() {
		# An attempt that a stop prevented does not count: the run ends with the one before.
		if [ "$attempt" -gt 1 ] && [ -z "$begun" ] && is_asked; then return; fi
		asked=no up='' boot=''
		[ ! -e "$run/stop" ] || asked=yes
		[ -r /proc/uptime ] && read -r up rest </proc/uptime
		[ -r /proc/sys/kernel/random/boot_id ] && read -r boot </proc/sys/kernel/random/boot_id
		record="chore-exit 1 attempt=$attempt how=$how status=$code certain=$certain result=$result asked=$asked up=$up boot=$boot cpu=$cpu left=$behind pid=$begun ."
		# RUN/pid first, so that a reader of the record knows that another attempt follows.
		[ "$next" -eq "$attempt" ] || echo "$$ $attempt $next" 1<>"$run/pid"
		tries=30
		until echo "$record" >&3; do
			[ "$tries" -gt 0 ] || break
			tries=$((tries - 1))
			sleep 1 4>&-
		done
		[ "$tries" -eq 0 ] || recorded=yes
		if [ -n "$recorded" ] && [ "$next" -eq "$attempt" ]; then
			tell_end "$run"
			pass_on "$run"
		fi 2>/dev/null
		if [ "$policy" = no ] || [ ! -e "$run/attempts" ]; then return; fi
		echo "$record" >>"$run/attempts"
		[ $((attempt % 1000)) -eq 0 ] || return 0
		mv -f "$run/attempts" "$run/attempts.old" 4>&-
		(umask 077 && : >"$run/attempts")
	}

	# The end of what the attempt left behind, and after the last attempt of this shell itself.
	clear_up() {
		# The programs that look for members must survive the stop signals: ignored signals stay ignored in programs.
		if [ "$hang_up" = yes ]; then asking="$stop HUP"; else asking=$stop; fi
		for signal in $asking; do command trap '' "$signal"; done 2>/dev/null

		# The clock of the limit is ended first, by killing its sleep(1), after which it exits. If the clock itself were killed,
		# it could leave a sleep(1) that it was just starting, which could not be told from processes of the job. Nor can it be
		# paused meanwhile: a stop sends SIGCONT to the group. At the limit, and before the main process begins, the clock does
		# not exit after that; but then it starts nothing that lasts, and is killed.
		rounds=20
		while [ -n "$timer" ] && find_members; do
			case "$members " in *" $timer:$$:"*) ;; *) break ;; esac
			rounds=$((rounds - 1))
			if [ "$result" = timeout ] || [ -z "$begun" ] || [ "$rounds" -eq 0 ]; then kill -KILL "$timer"; fi
			for member in $members; do
				case $member in *":$timer:"*) kill -KILL "${member%%:*}" ;; esac
			done
		done 2>/dev/null
		# A look can miss processes that start another one and exit, in turn: so the group is signalled whatever was found.
		if [ "$behind$timer$everybody" != 0 ]; then
			find_members
			force_members
		fi
		[ "$next" -gt "$attempt" ] || leave
		while find_members; do
			kill_members
			sleep 0.1 4>&- || sleep 1 4>&-
		done
		case $everybody in -*) kill -KILL "$everybody" 2>/dev/null ;; esac
		group=$$ everybody=0
	}

	# Has a firing of the job's schedule that waits for this end (fire.sh of the core) go on in the place of this shell: by another
	# one, which leads a group of its own, ends this group as `leave` does, and becomes the fire program. Without a LEADER the
	# next moment of the schedule fires.
	fire() {
		job=${run%/runs/*} fire=''
		read -r fire <"$job/schedule/queued" || return
		case $everybody in -*) kill -KILL "$everybody" ;; esac
		# Ignored signals would stay ignored in the next run.
		for signal in $asking; do command trap : "$signal"; done
		$apart /usr/bin/env -i "PATH=$PATH" LC_ALL=C /bin/sh -c \
			'(PATH=/dev/null && kill -0 $$) && kill -KILL "-$1" || kill -KILL "$1"; shift; exec /bin/sh "$@"' \
			fire $$ "$fire" "$job" '' "${run##*/}" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
	} 2>/dev/null

	# Ends this shell, and all that is still in its group. Removes the FIFO, at which a program that reads all files of the run
	# would wait for ever. Without a record the FIFO stays: that it has no writer then tells that the run is gone.
	leave() {
		[ -z "$recorded" ] || rm -f "$run/alive" 4>&- 2>/dev/null
		[ -z "$recorded" ] || [ -z "$apart" ] || [ ! -e "${run%/runs/*}/schedule/queued" ] || fire
		[ -z "$everybody" ] || kill -KILL "$everybody" 2>/dev/null
		kill -KILL 0
		exit
	}

	# The next attempt: the files are made blank again, in the space that they have.
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

	# The walk through the states.
	attempt=1 seconds_before=0 fraction_before=0
	while :; do
		timer=''
		if [ -n "$limit" ]; then
			exec 7<>"$run/timer" 8<"$run/timer"
			(enforce_limit "$@") &
			timer=$!
			exec 7>&-
		fi
		$leader /usr/bin/env -i "CHORE_JOB_ID=$CHORE_JOB_ID" "CHORE_RUN_ID=$CHORE_RUN_ID" "$@" -c "$begin" "$start" "$run"
		code=$?
		judge
		note_group
		count_left
		decide
		write_down
		clear_up

		# Only where another attempt is to come: clear_up does not return after the last one.
		for signal in $asking; do command trap : "$signal"; done 2>/dev/null
		[ -z "$timer" ] || wait "$timer" # for what the shell says of its end, and for its CPU time
		left=$delay
		while [ -n "$left" ] && ! is_asked; do
			# A stop that is asked for after is_asked finds this sleep(1) in the group and ends it.
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
