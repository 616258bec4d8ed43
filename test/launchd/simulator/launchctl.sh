#!/bin/sh
# The simulator's launchctl: hands its words to the process that resident.ts is, and gives back what that answers. One line
# of the FIFO is a call: at most PIPE_BUF bytes, so that they do not mix.
home=${0%/*}
pid=
[ -r "$home/pid" ] && read -r pid <"$home/pid"
if [ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null; then
	echo "Could not connect to launchd" >&2
	exit 1
fi
answer=$home/calls/$$
mkfifo "$answer" || exit 1
printf '%s\0' $$ "$PWD" "$@" '
' >"$home/requests"
{
	read -r code stream
	case $stream in
		out) cat ;;
		err) cat >&2 ;;
	esac
} <"$answer"
exit "$code"
