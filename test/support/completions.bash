# completions.bash SCRIPT LINE…: what the completion of that script offers behind each line, as bash would call it.
# Each is printed on a line of its own, and a line with === after each LINE.

# The words as readline ends them.
split() {
	COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=()
	local word
	while IFS= read -r word; do COMP_WORDS+=("$word"); done < <(grep -oE '[=:]+|[^ =:]+' <<<"$1")
	if [[ $1 == *" " ]]; then COMP_WORDS+=(""); fi
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
}

source "$1"
shift
# Nobody completes at a keyboard here, which compopt would find wrong.
compopt() { :; }
for line; do
	split "$line"
	COMPREPLY=()
	_chore
	for word in "${COMPREPLY[@]}"; do printf '%s\n' "$word"; done
	echo ===
done
