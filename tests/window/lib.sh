# Sourced by the tests of the window. Each runs the program in an X server of its own and drives it
# twice over: with real keys and mouse (xdotool) and through --control, whose answers say what the
# screen shows. Waiting is always for text on the screen, with a deadline.
#
#   FORELAND_WINDOW   the program; FORELAND_HOST linux or wine
#   FORELAND_GUESTS   the folder of compiled guest programs
#   FORELAND_ROOT     tar of a root file system; else that of packaging/image.sh
#   FORELAND_UNPACKED what was unpacked from the zip for Windows: with it the tests under Wine run
#                     that program with its own image
#   FORELAND_PICTURES a folder for pictures of what was seen
set -u
work=$(mktemp -d) || exit 1
host=${FORELAND_HOST:-linux}
name=$(basename "$0" .sh)
# No configuration of whoever runs the tests.
export XDG_CONFIG_HOME=$work/config

skip()
{
    echo "skipped: $1"
    exit 77
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../wine/lib.sh"
unpacked=
if [ "$host" = wine ] && [ -n "${FORELAND_UNPACKED:-}" ]; then
    unpacked=$FORELAND_UNPACKED
    FORELAND_WINDOW=$unpacked/foreland.exe
fi
FORELAND_ROOT=${FORELAND_ROOT:-$("$here/../../packaging/image.sh" --path 2>/dev/null)}
[ -e "${FORELAND_ROOT:-}" ] || skip "no root file system: packaging/image.sh makes one"
for tool in Xvfb xdotool; do
    command -v $tool >/dev/null || skip "no $tool"
done

clean_up()
{
    if [ -n "${window_pid:-}" ]; then
        kill "$window_pid" 2>/dev/null
        wait "$window_pid" 2>/dev/null
    fi
    end_wine
    [ -z "${display_pid:-}" ] || kill "$display_pid" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT

fail()
{
    echo "FAIL $name: $*"
    [ ! -s "$work/error" ] || tail -20 "$work/error"
    if [ -z "${window_pid:-}" ]; then
        exit 1
    elif ! kill -0 "$window_pid" 2>/dev/null; then
        wait "$window_pid"
        echo "the program has ended with status $?"
    else
        answer text && printf '%s\n' "$reply"
        [ -z "${FORELAND_PICTURES:-}" ] || answer "picture $FORELAND_PICTURES/$name-$host.png"
    fi
    exit 1
}

start_display()
{
    # A key that a busy machine holds down too long must not repeat by itself.
    # -noreset: what is set before the first client comes stays.
    # -fbdir: Xvfb_screen0 there is what the screen shows, as an XWD file.
    Xvfb -noreset -displayfd 5 -ardelay "${key_repeat_delay:-60000}" -screen 0 1280x1024x24 \
        -fbdir "$work" -nolisten tcp 5>"$work/display" 2>/dev/null &
    display_pid=$!
    for _ in $(seq 200); do
        [ -s "$work/display" ] && break
        kill -0 $display_pid 2>/dev/null || fail "Xvfb does not start"
        sleep 0.05
    done
    DISPLAY=:$(cat "$work/display")
    export DISPLAY
    prepare_display
    [ "$host" != wine ] || start_wine "$work" || fail "Wine does not start"
}

# What a test sets up on the X server before anything else uses it.
prepare_display()
{
    :
}

# start [OPTIONS and COMMAND]: the window, with the keyboard.
start()
{
    local program=("$FORELAND_WINDOW")
    [ -n "${display_pid:-}" ] || start_display
    [ "$host" = wine ] && program=(wine "$FORELAND_WINDOW")
    # New pipes each time: Wine's server closes those of a program some time after its end, and what
    # we wrote meanwhile would be lost.
    exec 3>&- 4<&-
    rm -f "$work/in" "$work/out"
    mkfifo "$work/in" "$work/out"
    "${program[@]}" --control "$@" <"$work/in" >"$work/out" 2>"$work/error" &
    window_pid=$!
    exec 3>"$work/in" 4<"$work/out"
    tell deadline 60
    take_keyboard
}

# Waits for the window and gives it the keyboard.
take_keyboard()
{
    xdotool search --sync --onlyvisible --name '^(Foreland|root@.*)$' >"$work/windows" 2>/dev/null
    window_id=$(head -1 "$work/windows")
    xdotool windowfocus --sync "$window_id" 2>/dev/null
}

# The image of the root file system, made once for each program and archive: $image. Not beside the
# program by the name that it looks for.
make_image()
{
    local new fore=("${FORELAND_WINDOW/%foreland/fore}")
    image=$FORELAND_WINDOW.tested
    new=$image.new
    [ "$host" != wine ] || fore=(wine "${FORELAND_WINDOW/%foreland.exe/fore.exe}")
    (
        flock 9
        [ "$image" -nt "$FORELAND_ROOT" ] && [ "$image" -nt "$FORELAND_WINDOW" ] && exit
        rm -f "$image" "$new"
        "${fore[@]}" image create "$new" && "${fore[@]}" image import "$new" "$FORELAND_ROOT" &&
            mv "$new" "$image"
    ) 9>"$image.lock" >"$work/error" 2>&1 || fail "cannot make an image"
}

# What a window is started with that has an image of its own, as users have: ${root[@]}.
own_image()
{
    local image=$unpacked/foreland.img
    [ -n "$unpacked" ] || make_image
    cp "$image" "$work/shell.img" || fail "cannot copy the image"
    root=(--image "$work/shell.img")
}

# A shell in it, at its prompt.
start_shell()
{
    own_image
    start "${root[@]}" "$@"
    tell wait '~#'
}

# answer LINE: sends it and puts what came back into reply. False for an error.
answer()
{
    local line lines
    line=$*
    printf '%s\n' "${line//$'\n'/\\n}" >&3
    IFS= read -r -t 90 line <&4 || {
        reply="no answer"
        return 1
    }
    line=${line%$'\r'}
    reply=$line
    case $line in
    text\ *)
        reply=
        for ((lines = ${line#text }; lines > 0; lines--)); do
            IFS= read -r line <&4
            reply+=${line%$'\r'}$'\n'
        done
        ;;
    error\ not\ shown*) answer_rest ;;
    error*) return 1 ;;
    esac
}

# The screen follows the error.
answer_rest()
{
    local said=$reply line lines
    IFS= read -r line <&4
    for ((lines = ${line#text }; lines > 0; lines--)); do
        IFS= read -r line <&4
        said+=$'\n'${line%$'\r'}
    done
    reply=$said
    return 1
}

tell()
{
    answer "$@" || fail "$*: $reply"
}

# Real keys.
key()
{
    xdotool key --clearmodifiers "$@"
}

type_keys()
{
    xdotool type --clearmodifiers --delay 5 -- "$1"
}

# A line typed with real keys.
enter()
{
    type_keys "$1"
    key Return
}

shows()
{
    tell wait "$1"
}

# state PATTERN: waits until it matches a part of the state, which follows what is drawn.
state()
{
    local until=$((SECONDS + 60))
    while [ $SECONDS -lt $until ]; do
        tell state
        # shellcheck disable=SC2254
        case $reply in
        *$1*) return ;;
        esac
        sleep 0.05
    done
    fail "expected $1 in: $reply"
}

# picture NAME: a picture for a person to look at, where FORELAND_PICTURES says so.
picture()
{
    [ -z "${FORELAND_PICTURES:-}" ] ||
        tell picture "$FORELAND_PICTURES/$name-$1-$host.png"
}

# The program has ended by itself; its status is right.
ended()
{
    local status
    for _ in $(seq 600); do
        kill -0 "$window_pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -0 "$window_pid" 2>/dev/null && fail "the window is still there"
    wait "$window_pid"
    status=$?
    window_pid=
    [ $status -eq "${1:-0}" ] || fail "exit status $status"
}

# The screen shows the text and below it the prompt: now each key goes to bash. Before, a key that
# the terminal itself acts on or that the program which ends still takes would be lost.
prompt_after()
{
    tell wait "$1"$'\nroot@'
}

# A command line for jobs that tell when they have become the foreground: "1 front 1", "2 front 0".
foreground_teller='front() { while read -ra s </proc/self/stat; do n=$((s[4] == s[7])); [ "$n" = "$o" ] || echo "$((++i)) front $n"; o=$n; done; }'

# Clears the screen, so that old text is not taken for an answer.
clear_screen()
{
    key ctrl+l
    tell gone "${1:-MARK}"
}

median()
{
    printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

# in_time TIME LIMIT: whether so many ms are within the limit; where the machine has no time for us,
# whether they are within ten times what Ctrl-C at a prompt takes here and now, with nothing else
# going on in the window. next presses that, as `tell time`.
in_time()
{
    local prompt=()
    awk -v t="$1" -v l="$2" 'BEGIN { exit t > l }' && return
    for _ in 1 2 3 4 5; do
        next
        prompt+=("${reply#ok }")
    done
    echo "$1 ms, where a prompt takes ${prompt[*]} ms"
    awk -v t="$1" -v p="$(median "${prompt[@]}")" 'BEGIN { exit t > 10 * p }'
}
