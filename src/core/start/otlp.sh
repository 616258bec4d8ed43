# Sends events to a server of OpenTelemetry as logs: OTLP/HTTP with JSON, by curl(1). The command of a listener.
#
#   sh otlp URL      URL is the whole address, as https://otel.example/v1/logs
#
# Reads the lines that drain.sh gives. Exits with 0 once the server has taken all of them, so what a server refuses or is too busy for
# comes again. Values are copied as they are in JSON: nothing is unquoted. Every sh and awk reads this.
{
	url=$1
	LC_ALL=C awk '
		# The value of a field, as JSON; "" where it is absent or null. In a string every quote stands behind a backslash.
		function value(name, at, rest) {
			at = index($0, "\"" name "\":")
			if (at == 0) return ""
			rest = substr($0, at + length(name) + 3)
			if (match(rest, /^"([^"\\]|\\.)*"/) || match(rest, /^-?[0-9]+/)) return substr(rest, 1, RLENGTH)
			return ""
		}
		function attribute(name, text) {
			text = value(name)
			if (text == "") return ""
			text = text ~ /^"/ ? "{\"stringValue\":" text "}" : "{\"intValue\":\"" text "\"}"
			return ",{\"key\":\"chore." name "\",\"value\":" text "}"
		}
		# Nanoseconds since 1970, as text, of "2026-12-24T18:00:00.000Z" with its quotes.
		function nanoseconds(time, year, month, days) {
			year = substr(time, 2, 4) + 0
			month = substr(time, 7, 2) + 0
			if (month < 3) { year--; month += 12 }
			days = 365 * year + int(year / 4) - int(year / 100) + int(year / 400) + int((153 * (month - 3) + 2) / 5) + substr(time, 10, 2) - 719469
			return sprintf("%.0f%s000000", days * 86400 + substr(time, 13, 2) * 3600 + substr(time, 16, 2) * 60 + substr(time, 19, 2), substr(time, 22, 3))
		}
		BEGIN {
			printf "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"chore\"}}]},"
			printf "\"scopeLogs\":[{\"scope\":{\"name\":\"chore\"},\"logRecords\":["
		}
		{
			bad = value("state") ~ /failed|lost/ || value("event") ~ /lost|missed|gap/
			printf "%s{\"timeUnixNano\":\"%s\",", (NR == 1 ? "" : ","), nanoseconds(value("at"))
			printf "\"severityNumber\":%d,\"severityText\":\"%s\",\"body\":{\"stringValue\":%s},", (bad ? 17 : 9), (bad ? "ERROR" : "INFO"), value("event")
			fields = attribute("id") attribute("run") attribute("name") attribute("attempt") attribute("state") attribute("result")
			fields = fields attribute("exitCode") attribute("signal") attribute("startedAt") attribute("endedAt") attribute("cpuTimeMs")
			printf "\"attributes\":[%s]}", substr(fields attribute("memoryPeakBytes") attribute("reason"), 2)
		}
		END { printf "]}]}]}\n" }
	' | curl -q -sSf --max-time 60 --proto =http,https -H 'Content-Type: application/json' --data-binary @- -o /dev/null -- "$url"
	exit
}
