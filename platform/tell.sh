# What whoever records the end of a run tells in the ledger. It stands in front of hook.sh, shim.sh and fire.sh.
#
#   tell_end RUN     appends the event `exited` of the run in this folder, once its exit record is written and no attempt follows
#   pass_on RUN      starts the listeners of the session then
#
# It says what the core says of the same record: the line of `recordEnd` in src/core/disk/ledger.ts, with the verdict of
# src/core/settle/verdict.ts. It says nothing, and leaves it to the core, where that has to look further: whether a program could be
# started, or whether it was the time limit that ended the run, where a system has no clock that counts from its start. Nor while
# the run is being started: its start is told first, and who starts it then looks for its end.
#
#   JOB/tell      NAME MAX LIMIT: the name of the job, the greatest number of restarts and the time limit in milliseconds, each
#                 "-" where there is none. Absent if the exit record may come before the end of the output
#   RUN/told      made once the line is there: nobody tells it again. Two that tell it at the same time write the same line
#
# The line is appended in one write(2). $t_signals, which tell.ts puts in front, has the names of all signals by number. Every sh
# reads this, also one that reckons with 32 bits; it starts no program but date(1), where there is no /proc. Its variables begin with
# t_, since those who call it have many of their own.

tell_end() {
	t_run=$1 t_job=${1%/runs/*} t_session=${1%/jobs/*}
	t_id=${t_job##*/}
	if [ ! -r "$t_job/tell" ] || [ -e "$t_run/told" ] || [ -e "$t_run/end.json" ] || [ -s "$t_session/active/$t_id" ]; then return 0; fi
	t_name='' t_max='' t_limit='' t_record='' t_json='' t_pid='' t_begun='' t_second=''
	read -r t_name t_max t_limit <"$t_job/tell"
	read -r t_record <"$t_run/exit"
	read -r t_json <"$t_run/run.json"
	{
		read -r t_pid t_begun
		read -r t_second
	} <"$t_run/started"
	case $t_limit:$t_record in
	?*:'chore-exit 1 '*' .') ;;
	*) return 0 ;;
	esac
	t_attempt='' t_how='' t_status='' t_word='' t_up='' t_boot='' t_cpu='' t_peak='' t_asked=''
	for t_field in $t_record; do
		case $t_field in
		attempt=*) t_attempt=${t_field#*=} ;;
		how=*) t_how=${t_field#*=} ;;
		status=*) t_status=${t_field#*=} ;;
		result=*) t_word=${t_field#*=} ;;
		asked=*) t_asked=${t_field#*=} ;;
		up=*) t_up=${t_field#*=} ;;
		boot=*) t_boot=${t_field#*=} ;;
		cpu=*) t_cpu=${t_field#*=} ;;
		peak=*) t_peak=${t_field#*=} ;;
		esac
	done

	t_code=null t_signal=null
	case $t_how:$t_status in
	exited:126 | exited:127 | exited:2[0-3][0-9] | exited:24[0-3]) return 0 ;;
	exited:[0-9]*)
		[ "$t_second" != 'not executed' ] || return 0
		t_code=$t_status
		;;
	killed:[0-9]* | dumped:[0-9]*)
		t_signal=${t_signals#*" $t_status:"}
		[ "$t_signal" != "$t_signals" ] || return 0
		t_signal=${t_signal%% *}
		;;
	killed:?* | dumped:?*)
		t_signal=SIG$t_status
		case $t_signals in *":$t_signal "*) ;; *) return 0 ;; esac
		;;
	*) return 0 ;;
	esac

	t_made=${t_json#*'"createdAtMs":'} t_from=${t_json#*'"createdUptimeSeconds":'} t_mark='"bootId":"'$t_boot'"'
	t_made=${t_made%%,*} t_from=${t_from%%,*}
	case $t_made:$t_from in *[!0-9:.]* | :* | *:) return 0 ;; esac
	# Without a clock that counts from the start of the system, or by one of another start, the files tell the time.
	case $t_boot:$t_json in ?*:*"$t_mark"*) ;; *) t_up='' t_begun='' ;; esac
	t_moment "$t_up" "$t_run/exit" || return 0
	t_ended=$t_time t_started=null t_ran=''
	if [ -n "$t_up" ] && [ "$t_seconds" -lt 2000000 ]; then t_ran=$((t_seconds * 1000 + t_rest)); fi
	if [ -n "$t_pid" ]; then
		t_moment "$t_begun" "$t_run/started" || return 0
		t_started='"'$t_time'"'
	fi

	t_state=failed t_result=exit-code t_reason=null
	if [ "$t_signal" != null ]; then
		t_result=signal t_signal='"'$t_signal'"'
	elif [ "$t_code" -eq 0 ]; then
		t_result=success
	fi
	case $t_word in
	start-*) return 0 ;;
	oom-kill | session-ended) t_result=$t_word ;;
	timeout | watchdog)
		if [ "$t_limit" != - ]; then
			if [ -z "$t_ran" ] || [ "$t_attempt" -gt 1 ]; then return 0; fi
			[ "$t_ran" -lt $((t_limit - 50)) ] || t_result=timeout
		fi
		;;
	esac
	if [ "$t_max" != - ] && [ "$t_attempt" -gt "$t_max" ]; then
		case $t_code:$t_word in
		0: | 0:success) ;;
		*) t_result=start-limit t_reason="\"it was started again $t_max times, and no more were allowed\"" ;;
		esac
	fi
	[ "$t_asked" != yes ] || t_result=stopped t_state=stopped t_reason=null
	[ "$t_result" != success ] || t_state=succeeded

	while case $t_cpu in 0?*) ;; *) false ;; esac do t_cpu=${t_cpu#0}; done
	t_most=${t_cpu%???}
	case $t_cpu in
	'' | *[!0-9]*) t_cpu=null ;;
	?????????????*) return 0 ;;
	??????????*) t_cpu=$((t_most + (1${t_cpu#"$t_most"} - 500) / 1000)) ;;
	*) t_cpu=$(((t_cpu + 500) / 1000)) ;;
	esac
	case $t_peak in '' | *[!0-9]*) t_peak=null ;; esac

	t_line='{"at":"'$t_ended'","event":"exited","id":"'$t_id'","run":'${t_run##*/}',"name":"'$t_name'","attempt":'$t_attempt
	t_line=$t_line',"state":"'$t_state'","result":"'$t_result'","exitCode":'$t_code',"signal":'$t_signal',"startedAt":'$t_started
	t_line=$t_line',"endedAt":"'$t_ended'","cpuTimeMs":'$t_cpu',"memoryPeakBytes":'$t_peak',"reason":'$t_reason'}'
	umask 077
	# Not by `:`, after which a shell exits when the file cannot be made.
	echo "$t_line" >>"$t_session/ledger.jsonl" && true >"$t_run/told"
}

# Once the end of the last attempt is recorded, and told if it can be: starts whoever listens to it. A run that feeds a listener
# starts nobody but the next one, where an event was told after it had looked for the last time: who told that may have found it
# active, as it was until its record was written.
pass_on() {
	t_job=${1%/runs/*} t_session=${1%/jobs/*}
	if [ ! -e "$t_job/listener" ]; then
		wake_listeners "$t_session"
	elif read -r t_name <"$t_job/listener" && [ -e "$t_session/listeners/$t_name/wanted" ]; then
		start_listener "$t_session/listeners/$t_name/start"
	fi
}

# Starts the listeners of a session, since an event was told: see src/core/start/listener.ts.
wake_listeners() {
	for t_start in "$1"/listeners/*/start; do
		[ -r "$t_start" ] || continue
		true >"${t_start%start}wanted"
		start_listener "$t_start"
	done
}

# Returns once what it starts has left the process group, or has ended: it holds the pipe open until then. It cannot be waited for
# otherwise, as it may become the shell that watches over the run of the listener.
start_listener() { t_said=$(/bin/sh "$1" 4>&- &); }

# The time of a moment, as RFC 3339: sets $t_time. UPTIME counts from the start of the system, in seconds, and $t_seconds and $t_rest
# are what has gone by since the run was made, in whole seconds and the milliseconds beyond. Without it FILE tells, by its last change.
#
#   t_moment UPTIME FILE
t_moment() {
	if [ -z "$1" ]; then
		t_time=$(date -u -r "$2" +%Y-%m-%dT%H:%M:%S.000Z 4>&-)
		return
	fi
	t_hundredths "$t_from"
	t_rest=$t_part
	t_hundredths "$1"
	t_rest=$(((t_part - t_rest) * 10)) t_seconds=$((${1%%.*} - ${t_from%%.*}))
	[ "$t_rest" -ge 0 ] || t_seconds=$((t_seconds - 1)) t_rest=$((t_rest + 1000))
	[ "$t_seconds" -ge 0 ] || t_seconds=0 t_rest=0
	t_second=${t_made%???}
	t_milli=$((1${t_made#"$t_second"} - 1000 + t_rest)) t_second=$((t_second + t_seconds))
	[ "$t_milli" -lt 1000 ] || t_second=$((t_second + 1)) t_milli=$((t_milli - 1000))
	# Years that begin in March, so that a leap day ends one; counted from the year 0, in eras of 400 years.
	t_day=$((t_second / 86400 + 719468)) t_second=$((t_second % 86400))
	t_year=$((t_day / 146097 * 400)) t_day=$((t_day % 146097))
	t_past=$(((t_day - t_day / 1460 + t_day / 36524 - t_day / 146096) / 365))
	t_day=$((t_day - 365 * t_past - t_past / 4 + t_past / 100)) t_year=$((t_year + t_past))
	t_month=$(((5 * t_day + 2) / 153))
	t_day=$((t_day - (153 * t_month + 2) / 5 + 1)) t_month=$((t_month + 3))
	[ "$t_month" -le 12 ] || t_month=$((t_month - 12)) t_year=$((t_year + 1))
	t_time=$t_year
	for t_part in $((t_month + 100)) $((t_day + 100)) $((t_second / 3600 + 100)) $((t_second / 60 % 60 + 100)) $((t_second % 60 + 100)) $((t_milli + 1000)); do
		t_time=$t_time-${t_part#1}
	done
	# 2026-12-24-18-00-00-000
	t_part=${t_time#????-??-??-}
	t_time=${t_time%"-$t_part"}T${t_part%%-*}:${t_part#??-}
	t_part=${t_time#*:??-}
	t_time=${t_time%"-$t_part"}:${t_part%-*}.${t_part#*-}Z
}

# The hundredths of a second in UPTIME: sets $t_part to them.
t_hundredths() {
	case $1 in
	*.??*) t_part=${1#*.} ;;
	*.?) t_part=${1#*.}0 ;;
	*) t_part=00 ;;
	esac
	t_part=$((1${t_part%"${t_part#??}"} - 100))
}
