#!/bin/bash
# The Windows programs need Windows' own DLLs and nothing else; they carry icon, version and
# manifest.
#   imports.sh PROGRAM.exe...
set -u
own='advapi32|bcrypt|comctl32|comdlg32|dinput8|dwmapi|gdi32|imm32|kernel32|msvcrt|ntdll|ole32'
own="$own|iphlpapi|oleaut32|setupapi|shell32|shlwapi|user32|uxtheme|version|winhttp|winmm|ws2_32"
own="$own|api-ms-win-core-synch-l1-2-0"
bad=0

for program in "$@"; do
    imports=$(x86_64-w64-mingw32-objdump -p "$program" | sed -n 's/^\tDLL Name: //p')
    [ -n "$imports" ] || {
        echo "$program: no import table"
        bad=1
    }
    foreign=$(tr 'A-Z' 'a-z' <<<"$imports" | grep -vE "^($own)\.dll$")
    if [ -n "$foreign" ]; then
        echo "$program: not Windows' own:" $foreign
        bad=1
    fi
    for setting in '>UTF-8</activeCodePage>' '>PerMonitorV2</dpiAwareness>' \
        '>true</longPathAware>' 'level="asInvoker"'; do
        grep -qaF "$setting" "$program" || {
            echo "$program: the manifest lacks $setting"
            bad=1
        }
    done
    # Explorer's details show it.
    copyright=$(grep -m1 '^Copyright ' "$(dirname "$0")/../../LICENSE")
    for text in LegalCopyright "$copyright"; do
        LC_ALL=C grep -qaP "$(sed 's/./\\Q&\\E\\x00/g' <<<"$text")" "$program" || {
            echo "$program: the version resource lacks: $text"
            bad=1
        }
    done
    # Types of resources: 3 and 14 icon, 16 version, 24 manifest.
    for type in 3 14 16 24; do
        x86_64-w64-mingw32-objdump -p "$program" |
            grep -qE "^[0-9a-f]+ {3}Entry: ID: $(printf '0x%06x' $type)," || {
            echo "$program: no resource of type $type"
            bad=1
        }
    done
done
exit $bad
