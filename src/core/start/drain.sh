# Gives a listener what it has not had of the ledger: the events that its filter lets through, on the standard input of its command.
#
#   sh drain LISTENER PAUSES COMMAND...
#
# It is the program of a job, whose runs fire.sh starts, one at a time. After each portion that the command takes, by exit code 0, the
# cursor moves. After any other code the portion is given again, after each of PAUSES, in seconds, and then not before the next event
# starts a run. So each event arrives at least once.
#
#   LISTENER/filter    what to let through: an expression for the beginning of a line, one for its state, a text to leave out
#           /wanted    made by whoever has told an event, before it starts this; removed before the ledger is read
#           /batch     the portion, a JSON line an event, and /next how far it reaches
#   SESSION/cursors/NAME    where the listener stands: see look/cursor.ts, which reads the ledger by the same rules
#
# Every sh and awk reads this, all of it as one command (see fire.sh).
{
	listener=$1 name=${1##*/} session=${1%/listeners/*} pauses=$2
	export listener
	shift 2
	IFS=' '
	umask 077
	[ -e "$listener/filter" ] || exit 0

	# The files of the ledger: sets $first and $current to the numbers of the first one and of ledger.jsonl; see LedgerView.
	look() {
		first='' top=0
		for path in "$session"/ledger.*.jsonl; do
			number=${path%.jsonl}
			number=${number##*.}
			case $number in '' | *[!0-9]*) continue ;; esac
			[ "$number" -le "$top" ] || top=$number
			[ -s "$path" ] || continue
			if [ -z "$first" ] || [ "$number" -lt "$first" ]; then first=$number; fi
		done
		current=$top
		if [ "$top" -eq 0 ] || [ -s "$session/ledger.$top.jsonl" ]; then current=$((top + 1)); fi
		[ -n "$first" ] || first=$current
	}

	# The last line stands behind a newline of ours: so it is given once its own is there.
	portion() {
		{
			tail -c "+$((byte + 1))" "$path"
			echo
		} | LC_ALL=C awk '
			function give(text, at, key) {
				while ((at = index(substr(text, 2), "{\"at\":")) > 0) text = substr(text, at + 1)
				if (text !~ head || substr(text, length(text)) != "}" || index(text, own) > 0) return
				if (state != "" && index(text, ",\"state\":\"") > 0 && text !~ state) return
				key = text
				if (text !~ /^[{]"at":"[^"]*","event":"(paused|resumed|changed|skipped|queued|missed)"/) sub(/^[{]"at":"[^"]*"/, "", key)
				if (key in seen) return
				seen[key] = 1
				given++
				print text
			}
			BEGIN {
				filter = ENVIRON["listener"] "/filter"
				getline head <filter
				getline state <filter
				getline own <filter
			}
			NR > 1 {
				consumed += length(line) + 1
				give(line)
				if (given >= 500) exit
			}
			{ line = $0 }
			END { print consumed + 0, given + 0, "." >(ENVIRON["listener"] "/next") }'
	}

	rm -f "$listener/wanted"
	while :; do
		place='' gap=''
		[ ! -e "$session/cursors/$name" ] || read -r place <"$session/cursors/$name"
		look
		before=$current
		case $place in
		[1-9]*:[0-9]*) file=${place%%:*} byte=${place#*:} ;;
		*) file=$first byte=0 ;;
		esac
		if [ "$file" -lt "$first" ] || [ "$file" -gt "$current" ]; then
			gap='{"at":"'$(date -u +%Y-%m-%dT%H:%M:%S.000Z)'","event":"gap","from":"'$place'","to":"'$first':0"}'
			file=$first byte=0
		fi
		path=$session/ledger.$file.jsonl
		[ "$file" -lt "$current" ] || path=$session/ledger.jsonl

		rm -f "$listener/next"
		{
			[ -z "$gap" ] || echo "$gap"
			[ ! -e "$path" ] || portion
		} >"$listener/batch"
		consumed=0 given=0 dot=.
		[ ! -e "$path" ] || read -r consumed given dot <"$listener/next" || exit 1
		look
		[ "$current" -eq "$before" ] || continue # another file may have had that name
		[ -z "$gap" ] || given=$((given + 1))
		# A disk that is full takes only a part of it.
		[ "$(($(wc -l <"$listener/batch")))$dot" = "$given." ] || exit 1
		if [ "$given" -gt 0 ]; then
			for pause in $pauses ''; do
				"$@" <"$listener/batch"
				code=$?
				[ "$code" -ne 0 ] && [ -n "$pause" ] || break
				sleep "$pause"
			done
			[ "$code" -eq 0 ] || exit "$code"
		fi

		next=$file:$((byte + consumed))
		if [ "$consumed" -eq 0 ] && [ "$file" -lt "$current" ]; then next=$((file + 1)):0; fi
		if [ "$next" != "$place" ]; then
			echo "$next" >"$session/cursors/.$name" && mv -f "$session/cursors/.$name" "$session/cursors/$name" || exit 1
			continue
		fi
		[ -e "$listener/wanted" ] || break
		rm -f "$listener/wanted"
	done
	rm -f "$listener/batch" "$listener/next"
	exit 0
}
