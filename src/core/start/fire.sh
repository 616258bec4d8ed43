# Fires a schedule of chore: decides whether a run of the job is due, lays it out, and starts it.
#
#   sh fire JOB [MOMENT [K]]      JOB is the folder of the job
#
#   MOMENT    what it is fired for, in seconds: it does not fire a second time for that
#   K         the number of the job's run whose end is written down just now
#
# Whatever wakes the job runs it: a timer, cron, a person. A wake-up is only a hint, so this looks for itself, and does no harm
# when nothing is due. One firing at most waits for the end of a run: what writes that down, the hook or the shim, runs this with K.
# If that was killed, any wake-up finds the mark. It needs no Node. What a start by chore would do, `startAfter` in rerun.ts, it does
# in the same order, with files that chore has made (template.ts):
#
#   JOB/schedule/plan       numbers and words, and the placeholders p_...
#               /template   the folder of a run, with placeholders
#               /launch     how the platform starts it; see Platform.launcher
#               /policies   the part of this program that few firings need (policies.sh)
#               /when       with a condition: the folder that it is run in
#               /last       when it fired last, in seconds, and the process that did; laid out, so that it needs no space
#               /paused     is there while nothing is to fire
#               /fire       the path of this program
#               /queued     the same file once more, while a firing waits for the end of a run
#               /message    what the shell and its programs had to say
#   JOB/settings/NUMBER     where the settings of the job were changed: plan, template and launch of the highest number count
#
# Every sh reads this: no printf, no `case` inside $( ), and all of it one command, so that it is read whole before it begins.
# platform/tell.sh stands in front of it.
{
	job=$1 moment=${2-} ended=${3-} id=${1##*/} session=${1%/jobs/*} schedule=$1/schedule
	IFS=' '
	umask 077
	if [ ! -e "$session/schedules/$id" ] || [ -e "$schedule/paused" ]; then exit 0; fi
	: >"$schedule/message"
	exec </dev/null >>"$schedule/message" 2>&1
	. "$schedule/plan"

	# The highest number among the names in a folder, or 0. Among those of the runs is a link while the job is being removed.
	highest_in() {
		highest=0
		for folder in "$1/"*; do
			number=${folder##*/}
			case $number in *[!0-9]*) continue ;; esac
			[ ! -h "$folder" ] || exit 0
			[ "$number" -le "$highest" ] || highest=$number
		done
	}
	made=$schedule
	highest_in "$job/settings"
	if [ "$highest" -gt 1 ]; then made=$job/settings/$highest && . "$made/plan"; fi
	now=$(date -u '+%s %Y-%m-%dT%H:%M:%S.000Z')
	seconds=${now%% *} at=${now#* }

	if [ -n "$begin" ] && [ "$seconds" -lt "$begin" ]; then exit 0; fi
	if [ -n "$end" ] && [ "$seconds" -ge "$end" ]; then exit 0; fi
	highest_in "$job/runs"
	latest=$highest before=$job/runs/$highest k=$((highest + 1)) run=$job/runs/$((highest + 1))

	# Whether it is to fire at all, by when it fired last. A last firing in the future was before the clock was set back.
	is_due() {
		last='' rest=''
		read -r last rest <"$schedule/last"
		[ -n "$last" ] || return 0
		if [ -n "$moment" ] && [ "$last" -ge "$moment" ] && [ $((last - seconds)) -lt 60 ]; then code=1 && return 1; fi
		if [ -n "$once" ] && [ "$last" -ge "$begin" ]; then return 1; fi
		if [ -n "$least" ] && [ "$last" -le "$seconds" ] && [ $((seconds - last)) -lt "$least" ]; then return 1; fi
	}
	code=0 due=''
	if [ -z "$ended" ] && is_due; then due=yes; fi
	[ -n "$due" ] || [ -e "$schedule/queued" ] || exit "$code"

	up=0 boot='' space='' host=''
	[ ! -r /proc/uptime ] || read -r up rest </proc/uptime
	[ ! -r /proc/sys/kernel/random/boot_id ] || read -r boot </proc/sys/kernel/random/boot_id
	[ ! -h /proc/self/ns/pid ] || space=$(readlink /proc/self/ns/pid)
	if [ -r /proc/sys/kernel/hostname ]; then read -r host </proc/sys/kernel/hostname; else host=$(uname -n); fi

	# Puts what is known here in the place of the placeholders. To sed the text is bytes.
	fill() {
		LC_ALL=C sed -e "s/$p_run/$k/g" -e "s/$p_ms/${seconds}000/g" -e "s/$p_up/$up/g" -e "s/$p_pid/$$/g" \
			-e "s/$p_boot/$boot/g" -e "s/$p_space/$space/g" -e "s/$p_host/$host/g" "$made/$1"
	}

	# Appends an event to the ledger, as one line in one write: EVENT RUN MORE.
	tell() { echo "{\"at\":\"$at\",\"event\":\"$1\",\"id\":\"$id\",\"run\":$2,\"name\":\"$name\"$3}" >>"$session/ledger.jsonl"; }

	# Tells why there is no run for this firing: EVENT REASON.
	put_off() {
		echo "$seconds $$" 1<>"$schedule/last"
		tell "$1" "$latest" ",\"reason\":\"$2\""
		wake_listeners "$session"
	}

	# The marks of a start that is over: see under-way.ts.
	release() {
		[ ! -e "$session/active/$id" ] || : >"$session/active/$id"
		rm -f "$run/starting"
	}

	# For `launch`: the run lives, or its platform has accepted it.
	begun() {
		tell started "$k" ",\"platform\":\"$platform\""
		release
	}

	# Whether the mark in this file names a process that is starting a run: it lives, and the mark is no older than five minutes.
	is_starting() {
		[ -s "$1" ] || return 1
		pid=''
		read -r pid rest <"$1"
		pid=${pid#*:}
		pid=${pid%%,*}
		case $pid in '' | *[!0-9]*) return 1 ;; esac
		kill -0 "$pid" && [ -n "$(find "$1" -mmin -5)" ]
	}

	# Whether the run in this folder may be active, or is being started.
	is_active() {
		[ ! -e "$1/end.json" ] || return 1
		word=''
		read -r word rest <"$1/exit"
		[ "$word$final" != chore-exityes ] || return 1
		is_starting "$1/starting" || is_starting "$session/active/$id" || alive "$1"
	}

	text=$(fill launch) || exit 1
	eval "$text"
	[ "$when$overlap" = skip ] || . "$schedule/policies"
	if [ -n "$due" ] && [ -n "$when" ]; then require; fi
	if [ "$latest" -gt 0 ] && [ "$latest" != "$ended" ] && is_active "$before"; then
		if [ -z "$due" ] || [ -e "$job/listener" ]; then exit 0; fi # a listener looks once more, or has its next run started
		is_due || exit "$code" # of two that fire at once for one moment, the other has started that run
		if [ "$overlap" = skip ]; then
			put_off skipped "run $latest is still active"
			exit 0
		fi
		wait_for_end
	fi
	# Of two that fire at once for one moment, the later one finds this changed, if it has counted the run of the other; else, in the
	# end, that run $k is there.
	if [ -n "$due" ] && ! is_due; then exit "$code"; fi
	# Who takes the mark away fires.
	[ ! -e "$schedule/queued" ] || rm "$schedule/queued" || exit 0

	# The files of the run, whole or not at all. mv moves into a folder that is there: then another process was first.
	new=$session/trash/new-$id.fire$$ mark=$session/trash/mark-$id.fire$$
	if cp -R "$made/template" "$new" && fill template/run.json >"$new/run.json" && fill template/starting >"$new/starting" &&
		cp "$new/starting" "$mark" && mv -f "$mark" "$session/active/$id" && mv "$new" "$run" && [ ! -e "$run/${new##*/}" ]; then
		echo "$seconds $$" 1<>"$schedule/last"
	else
		# Nothing was missed by a job that was removed meanwhile.
		[ -e "$run" ] || [ ! -e "$session/schedules/$id" ] || tell missed "$k" ',"reason":"its files could not be made"'
		rm -rf "$new" "$mark" "$run/${new##*/}"
		[ ! -e "$session/active/$id" ] || : >"$session/active/$id"
		[ -e "$job/listener" ] || wake_listeners "$session"
		exit 1
	fi

	for folder in "$job/runs/"*; do
		number=${folder##*/}
		case $number in *[!0-9]*) continue ;; esac
		[ "$number" -le $((k - keep)) ] || continue
		mv "$folder" "$session/trash/old-$id.$number" && rm -rf "$session/trash/old-$id.$number"
	done

	launch
	refused=$?
	if [ "$refused" -eq 0 ]; then
		# If it has ended already, whoever recorded that has left it to this to tell it.
		tell_end "$run"
		[ ! -e "$run/told" ] || [ -e "$job/listener" ] || wake_listeners "$session"
	else
		. "$schedule/policies"
		abandon
	fi
	exit 0
}
