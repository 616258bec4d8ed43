# Completion of chore for bash. It knows nothing itself: chore tells what may stand at the cursor.
# With the package bash-completion, the words behind `chore run` are completed as those of the program they are for.

_chore() {
	COMPREPLY=()
	local words=() places=() reply=() rest=${COMP_LINE:0:COMP_POINT} IFS=$' \t\n' word blanks line how i
	# Readline ends a word at = and : as well. Here those that stand together are one, as chore will get them.
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		blanks=${rest%%[![:space:]]*}
		rest=${rest#"$blanks"}
		((i == COMP_CWORD)) && word=$rest
		rest=${rest#"$word"}
		if ((i > 1)) && [[ -z $blanks ]]; then
			words[${#words[@]} - 1]+=$word
		else
			words+=("$word")
			places+=("$i")
		fi
	done
	while IFS= read -r line; do reply+=("$line"); done < <(command chore __complete -- "${words[@]:1}" 2>/dev/null)
	((${#reply[@]} > 0)) || return 0

	how=${reply[0]}
	if [[ $how == *program* ]]; then
		i=${how##* }
		if declare -F _comp_command_offset >/dev/null; then
			_comp_command_offset "${places[i]}"
		elif declare -F _command_offset >/dev/null; then
			_command_offset "${places[i]}"
		elif ((i == ${#words[@]} - 1)); then
			while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "${words[i]}")
		else
			compopt -o default 2>/dev/null
		fi
		return 0
	fi

	# Of a word with = or : in it, readline replaces only what comes behind the last of them.
	local current=${words[${#words[@]} - 1]} breaks=${COMP_WORDBREAKS//[!=:]/} kept=
	[[ -n $breaks ]] && kept=${current%"${current##*["$breaks"]}"}
	for line in "${reply[@]:1}"; do
		line=${line%%$'\t'*}
		COMPREPLY+=("${line#"$kept"}")
	done
	case $how in
	*nospace*) compopt -o nospace 2>/dev/null ;;
	*directories*) compopt -o dirnames 2>/dev/null ;;
	*files*)
		if ((${#COMPREPLY[@]} == 0)); then
			compopt -o default 2>/dev/null
		else
			compopt -o filenames 2>/dev/null
			while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${current#"$kept"}")
		fi
		;;
	esac
	return 0
}

# Jobs come in the order of what is likely; bash before 4.4 sorts them.
complete -o nosort -F _chore chore 2>/dev/null || complete -F _chore chore
