tempress completion bash > bash.sh && bash -n bash.sh && bash -c '
. ./bash.sh
reply() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _tempress; echo "${COMPREPLY[@]}"; }
reply tempress co
reply tempress compress --abs
reply tempress compress w --effort m
reply tempress list m
reply tempress help zst
'
tempress completion zsh | head -1
tempress completion fish | grep -c '^complete -c tempress'
try tempress completion tcsh
try tempress completion
