# Asks a run to end, as its platform's `stop` does: the stop signal, the grace, then SIGKILL. It knows no more than the run's files.
#
#   sh halt RUN MARK STOP HANGUP GRACE
#
#   MARK                  the value of CHORE_RUN_ID
#   RUN, STOP, HANGUP, GRACE   as the shim has them
#
# The stop mark RUN/stop is there already. The shim is left alive: it writes the end down. If it was killed, its number may be
# another's, and only what has the mark belongs to the run. members.sh stands in front of this.
{
	run=$1 CHORE_RUN_ID=$2 stop=$3 hang_up=$4 grace=$5
	shim='' group=none everybody='' begun='' self=$$ leader=yes
	read -r shim rest <"$run/pid"

	# Whether the process of that number is the shim of this run.
	is_shim() {
		case $shim in '' | 0* | 1 | *[!0-9]*) return 1 ;; esac
		if [ -r /proc/self/environ ]; then
			grep -qsF "CHORE_RUN_ID=$CHORE_RUN_ID" "/proc/$shim/environ"
		else
			ps -ww -o command= -p "$shim" | grep -qF " $run ${run%/runs/*}/start "
		fi
	}

	# As in the shim: a kill that is no builtin is given no negative number.
	(PATH=/dev/null && kill -0 $$) 2>/dev/null || tell() {
		for member in $members; do kill "-$1" "${member%%:*}"; done 2>/dev/null
	}

	if is_shim; then group=$shim everybody=-$shim; else shim=none; fi
	find_members && force_members
	exit 0
}
