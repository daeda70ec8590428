# The session's environment comes from Foreland; what it does not set gets a default here.
export LANG="${LANG:-C.UTF-8}"
export PAGER="${PAGER:-less}"
export LESS="${LESS:--R}"
export EDITOR="${EDITOR:-vim}"
