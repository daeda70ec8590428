# Sourced by what shows windows under Wine: a Wine of its own for an X server.
set -u

# start_wine FOLDER: in a folder of the caller's, with the files of the present Wine, on the display
# that is set. All programs of one Wine share a desktop, which belongs to the X server of the one that
# came first, and ends with that server or a second after its last user; so cmd uses it until
# end_wine.
start_wine()
{
    local files=${WINEPREFIX:-$HOME/.wine}
    [ -e "$files/system.reg" ] || DISPLAY='' wineboot -i >/dev/null 2>&1
    mkdir "$1/wine"
    cp -a "$files"/*.reg "$files/.update-timestamp" "$files/dosdevices" "$1/wine/" || return 1
    ln -s "$(realpath "$files/drive_c")" "$1/wine/drive_c"
    export WINEPREFIX=$1/wine
    wine_is_ours=yes
    # Debian's Wine makes the server's folder at the first start, and two at once would disturb each
    # other there.
    wineserver -p || return 1
    mkfifo "$1/cmd"
    wine cmd <"$1/cmd" >/dev/null 2>&1 &
    exec 7>"$1/cmd"
}

# Ends the one that start_wine has made, if there is one.
end_wine()
{
    local folder
    [ -n "${wine_is_ours:-}" ] || return 0
    wineserver -k 2>/dev/null
    folder=$(cat "$WINEPREFIX/wineserver" 2>/dev/null)
    [ -z "$folder" ] || rm -rf "/tmp/$folder"
    wine_is_ours=
}
