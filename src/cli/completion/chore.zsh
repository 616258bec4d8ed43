#compdef chore
# Completion of chore for zsh. It knows nothing itself: chore tells what may stand at the cursor.

_chore() {
	local -a reply shown
	local how line
	integer at
	reply=("${(@f)$(command chore __complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
	how=$reply[1]
	shift reply

	if [[ $how == *program* ]]; then
		# What follows are the words of that program.
		at=${how##* }
		shift at words
		((CURRENT -= at))
		_normal
		return
	fi

	for line in $reply; do
		shown+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
	done
	local -a unspaced=()
	[[ $how == *nospace* ]] && unspaced=(-S '')
	integer found=1
	(($#shown)) && _describe -V 'chore' shown $unspaced && found=0
	if [[ $how == *(files|directories)* ]]; then
		[[ $PREFIX == --*=* ]] && compset -P '--*='
		if [[ $how == *directories* ]]; then _files -/; else _files; fi && found=0
	fi
	return found
}

# As a file in $fpath this is the body of the function _chore; read by eval or source it only defines it.
if [[ $funcstack[1] == _chore ]]; then
	_chore "$@"
elif (($+functions[compdef])); then
	compdef _chore chore
fi
