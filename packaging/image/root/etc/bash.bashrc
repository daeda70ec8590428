# System-wide file for interactive bash. It starts no program: the first prompt waits for it.
case $- in
*i*) ;;
*) return ;;
esac

shopt -s checkwinsize

if [ "$EUID" = 0 ]; then
    PS1='\[\e[1;31m\]\u@\h\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '
else
    PS1='\[\e[1;32m\]\u@\h\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '
fi
case $TERM in
xterm*)
    # The window's title names the place.
    PS1="\[\e]0;\u@\h: \w\a\]$PS1"
    ;;
esac

# What `dircolors -b` prints, stored when the image was made.
if [ -r /etc/ls-colors.sh ]; then
    . /etc/ls-colors.sh
fi
alias ls='ls --color=auto'
alias grep='grep --color=auto'
alias diff='diff --color=auto'
