#!/bin/bash
# Programs that use the whole screen, on the terminal without a window, with TERM=foreland (its
# description compiled here) and TERM=xterm-256color: they are driven by keys and show what they
# should. A program that is not installed is named and left out.
#   programs.sh HEADLESS [PROGRAM...]     less, vim, tmux, htop, mc; emacs and nethack when named
# Exit status 77 where none is installed.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
headless=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- less vim tmux htop mc
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8 HOME=$work TMUX_TMPDIR=$work TERMINFO=$work/terminfo
unset TMUX LESS XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME
cd "$work" || exit 1
PATH=$PATH:/usr/games
ran=
bad=0

command -v tic >/dev/null || {
    echo "no tic: skipped"
    exit 77
}
mkdir terminfo
tic -x -o terminfo "$here/../../term/foreland.terminfo" || exit 1
# The other description is the system's.
mkdir terminfo/x
cp "$(find /usr/share/terminfo/x /lib/terminfo/x -name xterm-256color 2>/dev/null | head -1)" \
    terminfo/x/ || exit 1

# try COMMAND...: the script is on the standard input.
try()
{
    cat >script
    ran=yes
    "$headless" --script script env TERM="$TERM" "$@" >out 2>&1 || {
        echo "FAIL $1 with TERM=$TERM:"
        cat out
        bad=1
    }
}

# What the terminal types for keys is what the description says: less, vim, htop and mc are given
# keys by name.
try_less()
{
    seq -f 'line %g' 500 >lines
    try less lines <<'END'
wait line 23
type G
wait line 500
key home
type g
wait line 1
key down
wait line 24
type /line 250\r
wait line 250
type q
END
}

try_vim()
{
    rm -f note.c .note.c.swp
    try vim -u NONE -i NONE -N note.c <<'END'
wait note.c
type ifirst line\rsecond line\e
wait second line
key up
key home
type itop \e
wait top first line
type :set number\r
wait 1 top first line
type :split\r
type :wqa\r
END
    [ "$(cat note.c 2>/dev/null)" = $'top first line\nsecond line' ] || {
        echo "FAIL vim with TERM=$TERM: wrote '$(cat note.c)'"
        bad=1
    }
}

try_tmux()
{
    # Keys that come at once are keys here, not a paste. At the right the status line has the
    # machine's name and a clock, which may look like anything.
    printf 'set -g %s\n' 'assume-paste-time 0' 'status-right ""' >tmux.conf
    try tmux -L test -f tmux.conf new-session 'PS1=ready: exec sh' <<'END'
wait ready:
type echo inside-$((40 + 2))\r
wait inside-42
type \x02%
wait │
type \x02c
wait 1:
type exit\r
gone 1:
type exit\r
gone │
type exit\r
END
}

try_htop()
{
    # Meters that leave room on the screen however many processors there are.
    mkdir -p .config/htop
    printf '%s\n' 'left_meters=Memory' 'left_meter_modes=1' 'right_meters=Tasks LoadAverage' \
        'right_meter_modes=2 2' >.config/htop/htoprc
    try htop <<'END'
wait F10
wait Load average
key f2
wait Setup
type \e\e
key down
type q
END
}

# What is typed before mc has drawn all of its first picture it may lose, on a bare pty too.
try_mc()
{
    mkdir -p folder/inside
    touch folder/some-file
    try mc --nosubshell --nomouse folder folder <<'END'
wait 10Quit
wait some-file
key down
wait /inside
type \r
wait folder/inside
key f9
wait Command
key down
wait File listing
key f10
gone File listing
key f10
END
}

try_emacs()
{
    rm -f note.txt
    try emacs -nw -Q note.txt <<'END'
wait note.txt
type some words
wait some words
key home
type and \x18\x13
wait Wrote
type \x18\x03
END
    [ "$(cat note.txt 2>/dev/null)" = 'and some words' ] || {
        echo "FAIL emacs with TERM=$TERM: wrote '$(cat note.txt)'"
        bad=1
    }
}

try_nethack()
{
    echo 'OPTIONS=!autopickup,!legacy,!splash_screen,!news,name:Tester,role:Valkyrie,race:human,gender:female,align:neutral,time' >.nethackrc
    # Set-group programs do not look at TERMINFO: a copy is none.
    cp /usr/lib/games/nethack/nethack-console nethack-console || return
    try env HACKDIR=/usr/lib/games/nethack ./nethack-console <<'END'
wait HP:
type s
wait T:2
type #quit\r
wait Really quit
type yqqqqqq
END
}

for program in "$@"; do
    command -v "$program" >/dev/null || {
        echo "no $program: left out"
        continue
    }
    for TERM in foreland xterm-256color; do
        export TERM
        "try_$program"
    done
done
[ "$ran" ] || exit 77
exit $bad
