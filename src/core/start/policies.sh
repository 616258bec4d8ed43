# What the fire program (fire.sh) reads where its schedule has a condition, or does not skip, and where a run could not be
# started: with its variables and functions.

# Ends the firing unless the condition of the schedule holds.
require() {
	holds && return
	put_off skipped condition
	exit 0
}

# Whether the condition of the schedule holds. What it says gets into `message`.
holds() {
	new=$session/trash/when-$id.$$
	cp -R "$schedule/when" "$new" && check "$new"
	code=$?
	cat "$new/output"
	rm -rf "$new"
	return $code
}

# Has the firing wait for the end of the run before this one, or ends it if another one waits. The mark is a link: of many firings one
# makes it, and it needs no space. Returns if that run has ended before the mark was there: then nobody else fires.
wait_for_end() {
	event=skipped
	if ln "$schedule/fire" "$schedule/queued"; then event=queued due=''; fi
	put_off "$event" "run $latest is still active"
	[ "$overlap" != replace ] || end_before
	! is_active "$before" || exit 0
}

# Asks the run before this one to end, as `chore stop` does, with the mark that says so (stop-mark.ts).
end_before() {
	mark=$before/stop.fire$$
	mv "$before/stop.blank" "$mark" || : >"$mark"
	echo "{\"at\":\"$at\",\"uptimeSeconds\":$up,\"by\":\"its schedule\",\"graceMs\":$grace}" 1<>"$mark"
	if ln "$mark" "$before/stop"; then tell stopped "$latest" ',"by":"its schedule"'; fi
	rm -f "$mark"
	halt "$before"
}

# After `launch` has failed. Of a run that was refused the end is recorded. Otherwise nobody starts it any more, and whether it runs
# its platform knows: see `abandonStart` in under-way.ts.
abandon() {
	if [ "$refused" -eq 1 ]; then
		echo "chore-exit 1 attempt=1 how=exited status=125 certain=yes result=start-failed up=$up boot=$boot pid= ." 1<>"$run/exit"
		release
	else
		echo '{' >"$session/active/$id"
		echo '{' >"$run/starting"
	fi
}
