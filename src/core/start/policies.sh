# What the fire program (fire.sh) reads where its schedule has a condition, or does not skip: with its variables and functions.

# Whether the condition of the schedule holds. What it says gets into `message`.
holds() {
	new=$session/trash/when-$id.$$
	cp -R "$schedule/when" "$new" && check "$new"
	code=$?
	cat "$new/output"
	rm -rf "$new"
	return $code
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
