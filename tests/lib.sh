# Sourced by what runs tests under Wine: the environment, and Wine's files in $FORELAND_CACHE.
set -u

# Wine takes the encoding of file names from here.
export LC_ALL=C.UTF-8
export WINEDEBUG=${WINEDEBUG:--all} WINEDLLOVERRIDES="mscoree,mshtml="

# Sets WINEPREFIX and makes it, once for each version of Wine.
wine_prefix()
{
    export WINEPREFIX=$FORELAND_CACHE/wine-$(wine --version 2>/dev/null | tr -c 'A-Za-z0-9.\n' _)
    mkdir -p "$FORELAND_CACHE"
    (
        flock 9
        [ -e "$WINEPREFIX/complete" ] && exit 0
        rm -rf "$WINEPREFIX"
        # The first program makes the files. One program alone: another that started while the
        # server of the first shut down could not be found.
        DISPLAY='' wine winecfg -v win10 && wineserver -w && touch "$WINEPREFIX/complete"
    ) 9>"$FORELAND_CACHE/wine.lock"
}

# One server for all the programs that follow, until the calling shell ends. Wine's services start
# here, or they would keep the output of the first test open; cmd, which reads from us, keeps them
# when the tests that have a Wine of their own run for long.
wine_start()
{
    wineserver -p60 >/dev/null 2>"$WINEPREFIX/server-errors"
    DISPLAY='' wine cmd /c exit >/dev/null 2>&1
    exec 8> >(DISPLAY='' exec wine cmd >/dev/null 2>&1)
    # So does the explorer that stands for the desktop, which the first program with a window starts
    # where there is none (fore has one, unseen), and which then keeps that program's output open
    # long after its end. winecfg starts it too.
    DISPLAY='' wine winecfg -v win10 >/dev/null 2>&1
}

# Says what the server said, and fails if it crashed: whatever waited for it never went on, and a test
# that had nothing to do with the cause has failed.
wine_server_lives()
{
    cat "$WINEPREFIX/server-errors"
    ! grep -q crashed "$WINEPREFIX/server-errors"
}
