#!/bin/sh
# Starts a job by the API of chore, with curl(1), shows its output, and ends with its exit code:
#
#   sh jobs.sh https://localhost:8443 server.pem alice.pem alice.key
#
# On the machine of the server no certificate is needed: curl --unix-socket "$XDG_RUNTIME_DIR/chore/api.sock" http://localhost/v1/…
set -eu
server=$1 cacert=$2 cert=$3 key=$4

ask() {
	path=$1
	shift
	curl -sS --fail-with-body --cacert "$cacert" --cert "$cert" --key "$key" "$@" "$server/v1/$path"
}

# Tells a field of a job. jq(1) does it better, where it is.
field() {
	sed -n "s/^{.*\"$1\":\"\{0,1\}\([^,\"]*\).*/\1/p"
}

# Asked again with the same key, as --retry does when the answer was lost, it starts no second job.
job=$(ask jobs --retry 3 -H "Idempotency-Key: $(date +%s)-$$" -H 'Content-Type: application/json' \
	-d '{"command": ["sh", "-c", "echo one; sleep 0.1; echo two; exit 3"], "name": "numbers"}')
id=$(printf '%s\n' "$job" | field id)

# What it writes, until it has ended. Into a file, `curl -C - -o FILE` goes on where a cut connection left it.
ask "jobs/$id/output?follow"

# The end. It answers after a minute at the latest, also while the job goes on.
until code=$(ask "jobs/$id/end" | field exitCode) && [ "$code" != null ]; do :; done

ask "events?since=now" # &follow: all that happens from here on
ask "jobs/$id" -X DELETE -o /dev/null
exit "$code"
