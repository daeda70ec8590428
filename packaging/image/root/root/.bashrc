# Read by interactive bash. /etc/bash.bashrc has the parts common to all users.
case $- in
*i*) ;;
*) return ;;
esac

HISTCONTROL=ignoreboth
HISTSIZE=10000
HISTFILESIZE=20000
shopt -s histappend checkwinsize

alias ll='ls -l'
alias la='ls -A'
