# chore request 1: makes the request of an HTTP job and gives back what came of it.
#
#   sh request RUN CURL MESSAGES EXPECT
#
#   RUN       the run's folder
#   CURL      the program
#   MESSAGES  the name of the file in RUN that stderr is; another name where stderr is thrown away
#   EXPECT    patterns of the statuses that count as success, separated by blanks: "2?? 404"
#
# The job's folder, which this script is in, holds `curl`, the config file with all that is secret, and `data`, the body of
# the request, unless the start script has opened another file as stdin.
#
# curl joins the bodies of several tries on stdout, but keeps only the last one in a file: hence RUN/body, which is the job's
# output in the end. What curl tells of the response comes on its stdout, and goes to RUN/response behind the number of tries.
# curl counts those for nobody before 8.9, but says a line about each that is to be repeated.
#
# Exits with 0 for an expected status, 22 for another one, and else with curl's own code.
job=${0%/*} run=$1 curl=$2 messages=$1/$3 expect=$4
PATH=${PATH:+$PATH:}/usr/bin:/bin
umask 077
set -f
rm -f "$run/body" "$run/response"
: >>"$messages"
before=$(wc -c <"$messages")
[ -e "$job/data" ] && exec <"$job/data"
facts=$("$curl" -q -K "$job/curl" -o "$run/body" 2>>"$messages")
code=$?
# Where a signal ended curl, some shells say 256 or 384 and its number.
[ "$code" -gt 128 ] && code=$((128 + code % 128))
repeated=$(tail -c "+$((before + 1))" "$messages" | grep -c '^Warning: Problem')
if [ -n "$facts" ]; then
	cat >"$run/response" <<END
$((repeated + 1)) $facts
END
fi
if [ -e "$run/body" ] && ! cat "$run/body"; then
	[ "$code" -ne 0 ] || code=23
fi
rm -f "$run/body"
[ "$code" -eq 0 ] || exit "$code"
for status in $expect; do
	case ${facts%% *} in
		$status) exit 0 ;;
	esac
done
exit 22
