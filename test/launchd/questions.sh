#!/bin/sh
# Tries out on a Mac what is not known for sure about launchd, and keeps every answer as it came: for test/launchd/captures.ts
# and the simulator. Nothing is judged here, and nothing stays.
#
#   test/launchd/questions.sh FOLDER
#
# A file a question in FOLDER: each command with what it wrote and its exit code. All of it is printed at the end.

answers=${1:?usage: questions.sh FOLDER}
mkdir -p "$answers"
answers=$(cd "$answers" && pwd)
[ "$(uname)" = Darwin ] || {
	echo "this is no Mac" >&2
	exit 1
}

uid=$(id -u)
gui=gui/$uid
user=user/$uid
work=$(mktemp -d)
mkdir "$work/plists"
labels=''

clean() {
	for label in $labels; do
		launchctl bootout "$gui/$label"
		launchctl bootout "$user/$label"
		launchctl enable "$gui/$label"
	done >/dev/null 2>&1
	rm -rf "$work" ~/Library/LaunchAgents/dev.chore.question.$$.*
}
trap clean EXIT

# Begins a file of its own.
question() {
	file=$answers/$1.txt
	echo "== $1: $2" | tee "$file"
}

# Runs a command and keeps all of it.
try() {
	{
		echo "\$ $*"
		"$@"
		echo "-> $?"
	} >>"$file" 2>&1
}

# Loads a line of shell as a job: NAME LINE, and further keys as XML.
job() {
	label=dev.chore.question.$$.$1
	labels="$labels $label"
	plist=$work/plists/$label.plist
	cat >"$plist" <<XML
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key><string>$label</string>
	<key>ProgramArguments</key>
	<array><string>${interpreter:-/bin/sh}</string><string>-c</string><string>$2</string></array>
	<key>LimitLoadToSessionType</key><array><string>Aqua</string><string>Background</string></array>
	$3
</dict>
</plist>
XML
	chmod 600 "$plist"
	try launchctl bootstrap "${domain:-$gui}" "$plist"
}

# So long at most: what is waited for may never come.
wait_for() {
	count=0
	until "$@" >/dev/null 2>&1 || [ "$count" -ge 100 ]; do
		count=$((count + 1))
		sleep 0.1
	done
}
has_line() { launchctl print "$1" | grep -Eq "$2"; }
# An end of the last process, and not "(never exited)".
ended='last (exit code = [0-9]|exit reason|terminating signal)'

load='<key>RunAtLoad</key><true/>'

question a 'bootstrap of a loaded and of a disabled label'
job loaded 'exec sleep 600' "$load"
try launchctl bootstrap "$gui" "$plist"
job disabled 'exit 0' ''
try launchctl bootout "$gui/$label"
try launchctl disable "$gui/$label"
try launchctl bootstrap "$gui" "$plist"
try launchctl print-disabled "$gui"
try launchctl enable "$gui/$label"

question b 'kickstart of a running job, and within the throttle'
job running 'exec sleep 600' "$load"
try launchctl kickstart -p "$gui/$label"
job throttled 'exit 1' "$load<key>KeepAlive</key><true/>"
wait_for has_line "$gui/$label" 'runs = 1'
try launchctl print "$gui/$label"
try launchctl kickstart -p "$gui/$label"
try launchctl print "$gui/$label"

question c 'the environment of a job'
job env "env | sort >'$work/env'; echo done >>'$work/env'" "$load"
wait_for grep -q done "$work/env"
try cat "$work/env"

question d 'a missing directory, program and log folder'
job directory 'pwd; exit 3' "$load<key>WorkingDirectory</key><string>/no/such</string><key>StandardOutPath</key><string>$work/pwd</string>"
wait_for has_line "$gui/$label" "$ended"
try launchctl print "$gui/$label"
try cat "$work/pwd"
job program 'exit 3' "$load<key>Program</key><string>/no/such/program</string>"
wait_for has_line "$gui/$label" "$ended"
try launchctl print "$gui/$label"
job log 'exit 3' "$load<key>StandardOutPath</key><string>/dev/null/log</string>"
wait_for has_line "$gui/$label" "$ended"
try launchctl print "$gui/$label"

question e 'what a child hears when the main process has ended, in the group and out of it'
# It ignores TERM: what it does not survive is KILL.
for kind in group abandoned; do
	[ $kind = group ] && key='' || key='<key>AbandonProcessGroup</key><true/>'
	job $kind "(trap 'echo TERM &gt;&gt;$work/$kind' TERM; echo \$PPID &gt;$work/$kind; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1; echo alive &gt;&gt;$work/$kind; done) &amp; sleep 1; exit 0" "$load$key"
done
sleep 8
try cat "$work/group"
try cat "$work/abandoned"

question f 'bootout --wait'
try launchctl help bootout
job waited "trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done" "$load"
wait_for has_line "$gui/$label" 'pid = '
try launchctl bootout --wait "$gui/$label"
try launchctl print "$gui/$label"

question g 'the domain of the user: jobs, and the calendar'
try launchctl print "$user"
domain=$user
job user 'exec sleep 600' "$load"
try launchctl print "$user/$label"
job calendar "date >>'$work/calendar'" '<key>StartCalendarInterval</key><dict/>'
domain=''
sleep 65
try cat "$work/calendar"

question h 'what is said of what is not there'
try launchctl print "$user/dev.chore.none"
try launchctl print "$gui/dev.chore.none"
try launchctl print gui/99
try launchctl print user/99
try launchctl bootout "$user/dev.chore.none"
try launchctl bootout "$gui/dev.chore.none"
try launchctl kill TERM "$gui/dev.chore.none"

question i 'the mode of a log file'
job mode 'echo hello' "$load<key>StandardOutPath</key><string>$work/mode</string>"
wait_for test -s "$work/mode"
try ls -l "$work/mode"

question j 'from SIGTERM to SIGKILL where nothing is set, and what is printed meanwhile'
job stubborn "trap '' TERM; while :; do sleep 0.1; done" "$load"
wait_for has_line "$gui/$label" 'pid = '
target=$gui/$label
try launchctl bootout "$target"
try launchctl print "$target"
try launchctl bootstrap "$gui" "$plist"
begun=$(date +%s)
wait_for sh -c "! launchctl print '$target'"
echo "gone after $(($(date +%s) - begun)) s" >>"$file"

question k 'a slot that had passed when the job was loaded'
# Today's slot of the hour and minute that were a minute ago.
then=$(date -v-1M '+<key>Hour</key><integer>%H</integer><key>Minute</key><integer>%M</integer>')
job passed "date >>'$work/passed'" "<key>StartCalendarInterval</key><dict>$then</dict>"
sleep 10
try cat "$work/passed"
try launchctl print "$gui/$label"

question l 'who this is'
try launchctl managername
try launchctl manageruid
try launchctl version
try sw_vers
try ls -l /bin/sh /private/var/select/sh
try /bin/sh --version

# What the platform itself rests on besides.
question m 'whether ps shows the environment of programs of the system, and of others'
env -i CHORE_RUN_ID=question /bin/sleep 30 &
apple=$!
env -i CHORE_RUN_ID=question "$(command -v node)" -e 'setTimeout(() => {}, 30000)' &
other=$!
sleep 1
try ps -Eww -o pid= -o command= -p "$apple"
try ps -Eww -o pid= -o command= -p "$other"
kill "$apple" "$other"

question n 'a FIFO that is opened both ways, and its end'
mkfifo "$work/fifo"
try sh -c "exec 6<>'$work/fifo'; exec 4>'$work/fifo' 5<'$work/fifo' 6>&-; exec 4>&-; read -r word <&5; echo read: \$?"

question o 'a shell that waits, as waiter.sh does: TERM to it alone, the group of what it started, and bootout of itself'
waits="set -m; sh -c 'trap : TERM; echo child \$\$ >&amp;2; ps -o pgid= -p \$\$ >&amp;2; sleep 3; exit 5' &amp;
child=\$!; set +m; trap 'echo heard >&amp;2' TERM; echo waiter \$\$ >&amp;2
until wait \$child; code=\$?; [ \$code -le 128 ] || ! kill -0 \$child; do echo again \$code >&amp;2; done
echo end \$code >&amp;2; launchctl bootout $gui/dev.chore.question.$$.waits; echo bootout \$? >&amp;2; echo last >&amp;2"
keys='<key>AbandonProcessGroup</key><true/><key>ExitTimeOut</key><integer>20</integer>'
interpreter=/bin/bash
job waits "$waits" "$load$keys<key>StandardErrorPath</key><string>$work/waits</string>"
wait_for grep -q child "$work/waits"
wait_for grep -q waiter "$work/waits"
try launchctl kill TERM "$gui/$label"
wait_for grep -q last "$work/waits"
try cat "$work/waits"
try launchctl print "$gui/$label"
interpreter=''

question p 'what is said where there is no such domain'
try launchctl bootout gui/99/dev.chore.none
try launchctl bootout user/99/dev.chore.none
try launchctl bootstrap gui/99 "$plist"
try launchctl kill TERM gui/99/dev.chore.none

question q 'traps of a shell that waits for a command, in each that may be /bin/sh'
for shell in /bin/sh /bin/bash /bin/dash '/bin/bash --posix'; do
	try $shell -c 'sh -c "kill -9 \$\$"; echo "killed: $?"'
	try $shell -c 'trap "echo heard" TERM; (sleep 1; kill -TERM $$) & sleep 2; echo "in the foreground: $?"; wait'
	try $shell -c 'trap "echo heard" TERM; (sleep 1; kill -TERM $$) & sleep 2 & wait $!; echo "in the background: $?"'
	try $shell -c 'times'
done

question r 'a slot at which the job still runs'
# Each minute; it runs over the next slot. In more than three minutes it begins at the first, and at the second or the third.
job slow "date >>'$work/slow'; sleep 70" '<key>StartCalendarInterval</key><dict/>'
sleep 200
try cat "$work/slow"
try launchctl print "$gui/$label"

question s 'an agent whose program is a script, and the name under which it is a background item'
agents=~/Library/LaunchAgents
label=dev.chore.question.$$.item
labels="$labels $label"
try ls -ld "$agents"
mkdir -p "$agents"
echo '#!/bin/sh
ps -o pid,ppid,pgid,command -p $$' >"$work/chore"
chmod 500 "$work/chore"
cat >"$agents/$label.plist" <<XML
<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0">
<dict>
	<key>Label</key><string>$label</string>
	<key>ProgramArguments</key><array><string>$work/chore</string><string>two words</string></array>
	<key>RunAtLoad</key><true/>
	<key>LimitLoadToSessionType</key><string>Aqua</string>
	<key>StandardOutPath</key><string>$work/item</string>
</dict>
</plist>
XML
chmod 600 "$agents/$label.plist"
try launchctl bootstrap "$gui" "$agents/$label.plist"
wait_for test -s "$work/item"
try cat "$work/item"
try launchctl print "$gui/$label"
sudo -n sfltool dumpbtm 2>&1 | grep -B 8 -A 12 "$label" >>"$file"
try launchctl bootout "$gui/$label"
rm -f "$agents/$label.plist"

for file in "$answers"/*.txt; do
	echo
	cat "$file"
done
echo "the answers are in $answers"
