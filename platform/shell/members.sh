# Who belongs to a run of chore, and how all of it is ended.
#
# These functions stand in front of the shim and, on launchd, of the shell that waits for it. They write no file. Before it
# calls them, the script sets:
#
#   shim       the pid of the shim, and its process group
#   everybody  the same for kill(1); 0 means the own group
#   self       a further process that is no member, or nothing
#   wide       whether those that left the group are looked for, too
#   stop, hang_up, grace   as the shim was told
#
# Every sh reads this: hence no printf (not a builtin everywhere), and no `case` inside $( ) (pdksh).

# The look: finds the live processes of the run, and is true if there is one. They are those of the group, the children of
# the shim (the main process may have left the group) and, when $wide, those that carry the mark. Fills $members with
# PID:PARENT:in|out, where "in" means in the group. The programs of the search must not count: they have no mark, and those in
# the group have ended, and are not even zombies, when kill -0 checks each process that was found. The output of sed(1) begins
# with a 1 because ksh93 may lose all of it when a stop's signals come meanwhile: if the 1 is missing, it looks again.
find_members() {
	members='' looks=20
	until found=$(
		exec 4>&- 2>/dev/null
		if [ -r /proc/self/stat ]; then
			sed -n -e 1= -e "s/^\([0-9]*\) (.*) [A-WYt] \([0-9]*\) $shim [-0-9 ]*\$/\1:\2:in/p" \
				-e "s/^\([0-9]*\) (.*) [A-WYt] $shim [-0-9 ]*\$/\1:$shim:out/p" /proc/[0-9]*/stat
			# GNU sed gives up at a process that ends while it reads of it: what stands behind that one was not looked at.
			[ $? -ne 4 ] || exit 1
			[ -z "$wide" ] || CHORE_RUN_ID='' grep -lsF "CHORE_RUN_ID=$CHORE_RUN_ID" /proc/[0-9]*/environ | sed 's/[^0-9]//g; s/$/:0:out/'
		else
			ps -A -o pid= -o ppid= -o pgid= -o stat= |
				sed -n -e 1= -e "s/^ *\([0-9][0-9]*\)  *\([0-9][0-9]*\)  *$shim  *[A-WYt].*/\1:\2:in/p" \
					-e "s/^ *\([0-9][0-9]*\)  *$shim  *[0-9][0-9]*  *[A-WYt].*/\1:$shim:out/p"
			# On macOS the environment is shown by -E, which other systems refuse.
			[ -z "$wide" ] || { CHORE_RUN_ID='' ps -axEww -o pid= -o command= || CHORE_RUN_ID='' ps -axeww -o pid= -o command=; } | sed -n "s/^ *\([0-9][0-9]*\) .*CHORE_RUN_ID=$CHORE_RUN_ID.*/\1:0:out/p"
		fi
		:
	) && case $found in 1 | 1[!0-9:]*) ;; *) false ;; esac; do
		looks=$((looks - 1))
		[ "$looks" -gt 0 ] || break
	done
	for member in $found; do
		pid=${member%%:*}
		case " 1 $shim $self $members " in *" $pid "* | *" $pid:"*) continue ;; esac
		kill -0 "$pid" && members="$members $member" # the search itself is over by now
	done 2>/dev/null
	[ -n "$members" ]
}

# One signal to all: to the group at one stroke, and to those outside of it one by one.
tell() {
	kill "-$1" "$everybody"
	for member in $members; do
		case $member in *:out) kill "-$1" "${member%%:*}" ;; esac
	done
} 2>/dev/null

# SIGKILL to each member that was found, and not to the group, which this shell is in.
kill_members() {
	for member in $members; do kill -KILL "${member%%:*}"; done
} 2>/dev/null

# The request: asks all members to end and waits until they have. False if some are left after the grace. It waits in steps of
# hundredths of a second that double up to one second; a sleep(1) without fractions makes them whole seconds.
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
		sleep "$text" 4>&- 2>/dev/null || if [ $? -ge 128 ]; then
			step=2 # the sleep was killed, maybe at once
		else
			sleep 1 4>&-
			step=100
		fi
		left=$((left - step)) step=$((step * 2))
		[ "$step" -le 100 ] || step=100
	done
}

# The force: asks all members to end, and kills those that are left after the grace, for some 5 s.
force_members() {
	end_members && return
	tries=50
	while [ "$tries" -gt 0 ] && find_members; do
		kill_members
		tries=$((tries - 1))
		[ "$tries" -ge 45 ] || sleep 0.1 || sleep 1
	done
}
