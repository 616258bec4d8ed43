# Fires a schedule if a moment of its calendar is due: for what wakes jobs at other moments as well, as at the start of the machine.
#
#   sh due FIRE JOB [SECONDS]      FIRE is the fire program (fire.sh), JOB the folder of the job, SECONDS a delay before it is fired
#
#   JOB/schedule/calendar    "once" or "skip", "local" or "utc", and a line for each rule: see calendar-file.ts in settle
#               /looked      the minute up to which it was looked at: 2026-12-24 18:00, by that clock; written in place
#
# A moment is due that is later than the last look; where missed moments are skipped, it must be one of the last two minutes. All
# times are read off the machine's clock on the wall: what that leaves out in spring is made up for, what it repeats in autumn is
# not. After the clock was put back, the present minute counts alone. Several may look in the same minute: they mean the same
# moment, which fires once. Every sh and awk reads this, all of it as one command (see fire.sh).
{
	fire=$1 job=$2 delay=$3 schedule=$2/schedule
	[ -e "$schedule/calendar" ] || exit 0 # the job was removed
	exec </dev/null
	unset TZ
	policy='' clock='' utc='' looked=''
	read -r policy clock <"$schedule/calendar"
	[ "$clock" != utc ] || utc=-u
	now=$(date $utc '+%Y-%m-%d %H:%M %u %s')
	seconds=${now##* } now=${now% *}
	weekday=${now##* } minute=${now% *}
	read -r looked <"$schedule/looked"
	echo "$minute" 1<>"$schedule/looked"
	LC_ALL=C awk -v looked="$looked" -v now="$minute" -v weekday="$weekday" '
		function length_of(year, month) {
			if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
			return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
		}
		function holds(field, number) { return field == "*" || index(field, "," (number + 0) ",") > 0 }
		function holds_today(rule) {
			return holds(years[rule], year) && holds(months[rule], month) && holds(days[rule], day) &&
				holds(ends[rule], length_of(year, month) - day + 1) && holds(weekdays[rule], weekday)
		}
		function holds_within(rule, first, last, at) {
			for (at = first; at <= last; at++) if (holds(hours[rule], int(at / 60)) && holds(minutes[rule], at % 60)) return 1
			return 0
		}
		NR == 1 { policy = $1; next }
		{
			rules++
			years[rules] = $1; months[rules] = $2; days[rules] = $3; ends[rules] = $4
			weekdays[rules] = $5; hours[rules] = $6; minutes[rules] = $7
		}
		END {
			split(now, part, /[- :]/)
			year = part[1] + 0; month = part[2] + 0; day = part[3] + 0
			# In minutes from the midnight before now: what counts is later than `after`, for four years at most.
			last = part[4] * 60 + part[5]
			after = policy == "skip" ? last - 2 : -1461 * 1440
			if (looked == "" || looked > now) after = last - 1
			else split(looked, past, /[- :]/)
			for (midnight = 0; ; midnight -= 1440) {
				seen = midnight + past[4] * 60 + past[5]
				if (year == past[1] + 0 && month == past[2] + 0 && day == past[3] + 0 && seen > after) after = seen
				first = after - midnight + 1 > 0 ? after - midnight + 1 : 0
				for (rule = 1; rule <= rules; rule++)
					if (holds_today(rule) && holds_within(rule, first, last < midnight + 1439 ? last - midnight : 1439)) exit 0
				if (midnight <= after + 1) exit 1
				if (--weekday == 0) weekday = 7
				if (--day == 0) {
					if (--month == 0) { month = 12; year-- }
					day = length_of(year, month)
				}
			}
		}' "$schedule/calendar" || exit 0
	[ -z "$delay" ] || sleep "$delay"
	exec /bin/sh "$fire" "$job" $((seconds - seconds % 60 + ${delay:-0}))
}
