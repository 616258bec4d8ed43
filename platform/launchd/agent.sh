#!/bin/sh
# What launchd starts to wake a job. macOS lists it under its name, `chore`, among the user's background items.
#
#   chore DUE FIRE JOB [SECONDS]      DUE looks whether a moment of the schedule is due, waits then, and becomes FIRE
exec /bin/sh "$@"
