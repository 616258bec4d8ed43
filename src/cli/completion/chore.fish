# Completion of chore for fish. It knows nothing itself: chore tells what may stand at the cursor.

function __chore_complete
	set -l before (commandline -opc)
	set -l current (commandline -ct)
	set -l given $before
	set -e given[1]
	set -l reply (command chore __complete -- $given "$current" 2>/dev/null)
	set -q reply[1]
	or return
	set -l how $reply[1]
	set -e reply[1]

	if string match -q '*program*' -- $how
		# What follows are the words of that program.
		set -l words $before "$current"
		set -l at (string replace -r '.* ' '' -- $how)
		__fish_complete_subcommand --commandline $words[(math $at + 1)..-1]
		return
	end

	set -q reply[1]
	and printf '%s\n' $reply
	if string match -qr 'files|directories' -- $how
		set -l option (string match -r -- '^--[^=]*=' "$current")
		set -l path (string replace -r -- '^--[^=]*=' '' "$current")
		if string match -q '*directories*' -- $how
			string replace -r -- '^' "$option" (__fish_complete_directories "$path" '')
		else
			string replace -r -- '^' "$option" (complete -C "'' $path")
		end
	end
end

complete -c chore -f
complete -c chore -k -a '(__chore_complete)'
