# Who belongs to a run of chore, and how all of it is ended.
#
# These functions stand in front of the shim and, on launchd, of the shell that waits for it. They write no file. Before it
# calls them, the script sets:
#
#   shim       the pid of the shim, and its process group
#   group      the process group of the job: the shim's, unless find_members sees that the main process leads one of its
#              own, or "none", where no process is left in it
#   everybody  the same for kill(1): 0 means the own group; nothing where there is none
#   begun      the pid of the main process, or nothing
#   self       a further process that is no member, or nothing
#   leader     nothing if the job is in the shim's group
#   stop, hang_up, grace   as the shim was told
#
# Every sh reads this: hence no printf (not a builtin everywhere), and no `case` inside $( ) (pdksh).

# Prints what may be members: the paths of their files in /proc, or where there is no /proc PID:PARENT:GROUP of each. They are
# those of the job's group and the shim's, the children of the shim, and what carries the mark, wherever it went. The first
# word is /proc/version, or 1 from sed(1): ksh93 may lose the whole output when a stop's signals come meanwhile.
look() {
	exec 4>&- 2>/dev/null
	if [ -r /proc/self/stat ]; then
		CHORE_RUN_ID='' grep -lsE \
			"^Linux version|\) [A-Zt] ($shim [0-9]+|[0-9]+ ($shim|$group)) [-0-9 ]+\$|CHORE_RUN_ID=$CHORE_RUN_ID" \
			/proc/version /proc/[0-9]*/stat /proc/[0-9]*/environ
		[ $? -le 2 ] # 2: one of them ended meanwhile
	else
		ps -A -o pid= -o ppid= -o pgid= -o stat= |
			sed -n -e 1= -e "s/^ *\([0-9][0-9]*\)  *\([0-9][0-9]*\)  *\($shim\)  *[A-WYt].*/\1:\2:\3/p" \
				-e "s/^ *\([0-9][0-9]*\)  *\([0-9][0-9]*\)  *\($group\)  *[A-WYt].*/\1:\2:\3/p" \
				-e "s/^ *\([0-9][0-9]*\)  *\($shim\)  *\([0-9][0-9]*\)  *[A-WYt].*/\1:\2:\3/p"
		# ps shows the words of a process and its environment as one text. Who has the mark among its words is no member:
		# it may be somebody's grep(1).
		marked="s/^ *\([0-9][0-9]*\) .*CHORE_RUN_ID=$CHORE_RUN_ID.*/\1/p"
		said=$(CHORE_RUN_ID='' ps -axww -o pid= -o command= | sed -n "$marked")
		# On macOS the environment is shown by -E, which other systems refuse.
		for pid in $({ CHORE_RUN_ID='' ps -axEww -o pid= -o command= || CHORE_RUN_ID='' ps -axeww -o pid= -o command=; } 2>/dev/null | sed -n "$marked"); do
			is_among "$pid" $said || echo "$pid:0:0"
		done
	fi
}

is_among() {
	word=$1
	shift
	for other; do [ "$other" != "$word" ] || return 0; done
	return 1
}

# Reads /proc/$pid/stat into $parent and $leads. False if the process is over: a zombie is, unless a thread of it works
# on. The name in the file may itself hold a newline.
read_stat() {
	[ -e "/proc/$pid/stat" ] || return # as those of the search
	text=$(exec 4>&-; exec cat "/proc/$pid/stat") # posh crashes if it has to complain that the file is gone
	set -- ${text##*\) }
	[ $# -gt 2 ] || return
	parent=$2 leads=$3
	case $1 in X) return 1 ;; Z) grep -qsE '\) [A-WYt] [-0-9 ]+$' "/proc/$pid/task"/[0-9]*/stat ;; esac
}

# Finds the live processes of the run, and is true if there is one. Fills $members with PID:PARENT:in|out, where "in" means in
# the job's group. The programs of the search do not count: they have no mark, or have ended when each process is looked at.
find_members() {
	known=''
	until [ "$known" = "$group" ]; do
		known=$group members='' looks=20
		until found=$(look) && case $found in /proc/version* | 1 | 1[!0-9:]*) ;; *) false ;; esac; do
			looks=$((looks - 1))
			[ "$looks" -gt 0 ] || break
		done
		for found in $found; do
			case $found in
				/proc/version | 1) continue ;;
				/*)
					pid=${found#/proc/} pid=${pid%%/*}
					read_stat || continue
					# A name with a newline can make a line of that file look like another process's.
					case $found:$parent:$leads in */environ:* | *:"$shim":* | *:"$shim" | *:"$group") ;; *) continue ;; esac
					;;
				*)
					pid=${found%%:*} parent=${found#*:} leads=${found##*:} parent=${parent%:*}
					# A zombie is over. It may be of the search itself, and its new parent slow to wait for it.
					case $(exec 4>&-; ps -o stat= -p "$pid") in '' | *Z*) continue ;; esac
					;;
			esac
			case " 1 $shim $self $members " in *" $pid "* | *" $pid:"*) continue ;; esac
			kill -0 "$pid" || continue # the search itself is over by now
			if [ -n "$leader" ] && [ "$leads" = "$pid" ]; then
				case $shim:$begun in "$parent":* | *:"$pid") group=$pid everybody=-$pid ;; esac
			fi
			place=out
			[ "$leads" != "$group" ] || place=in
			members="$members $pid:$parent:$place"
		done 2>/dev/null
	done
	[ -n "$members" ]
}

# One signal to all: to the group at one stroke, and to those outside of it one by one.
tell() {
	[ -z "$everybody" ] || kill "-$1" "$everybody"
	for member in $members; do
		case $member in *:out) kill "-$1" "${member%%:*}" ;; esac
	done
} 2>/dev/null

# SIGKILL to each member that was found, and not to the group, which this shell may be in. They are held first: a process that
# starts another for each that dies would win the race.
kill_members() {
	for member in $members; do kill -STOP "${member%%:*}"; done
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
		[ "$tries" -ge 45 ] || sleep 0.1 4>&- || sleep 1 4>&-
	done
}
