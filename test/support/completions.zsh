# completions.zsh FOLDER LINE…: what an interactive zsh offers behind each line, with the completion in FOLDER/_chore.
# Each is printed on a line of its own, and a line with === after each LINE; before that, what the line has become.
zmodload zsh/zpty zsh/zselect
folder=$1
shift
zpty -b shell "env TERM=dumb zsh -f -i"
tell() { zpty -w shell "$1" }
tell "unsetopt prompt_sp; PS1=; fpath=(${(q)folder} \$fpath); autoload -U compinit; compinit -u -D; LISTMAX=0"
tell 'typeset -aU offered; compadd() { local -a some; builtin compadd -O some "$@"; offered+=($some); builtin compadd "$@" }'
tell "ask() { BUFFER=\$line; CURSOR=\$#BUFFER; offered=(); zle complete-word; { print -r -- \$BUFFER; print -rl -- \$offered } >${(q)folder}/new
	mv ${(q)folder}/new ${(q)folder}/answer; BUFFER=; zle accept-line }; zle -N ask; bindkey '^X' ask"
for line; do
	tell "line=${(q)line}"
	zpty -w -n shell $'\x18'
	# It is killed when this takes too long.
	until [[ -e $folder/answer ]]; do
		zpty -r shell seen 2>/dev/null
		zselect -t 1
	done
	cat $folder/answer
	rm $folder/answer
	print '==='
done
zpty -d shell
