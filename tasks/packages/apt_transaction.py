"""Shell that tries an apt transaction, judges it by a `Transaction`, and says what is in its way.

Pure text, for jobs. The planned versions have the highest priority of all, so they win over every
pin of the host, old ones of ours too: apt takes the version with the highest priority, and the
newest of equals (apt_preferences(5)).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from tasks.packages.transaction import Transaction

PINS = "preferences"
"""File in the job's folder: the planned versions, then what the host has."""
PRIORITY = 32767
"""The highest that apt knows."""

JUDGE = r"""
    /^Remv / {
        sub(/:.*/, "", $2)
        if (index(goes, " " $2 " ") || (removable != "" && $2 ~ removable)) next
        print "  " $2 " would be removed"; bad = 1
    }
    /^Inst / {
        sub(/:.*/, "", $2)
        old = $3 ~ /^\[/
        if ($2 ~ /^linux-image-/ && $2 != "linux-image-" kernel && !index(named, " " $2 " ")) {
            print "  " $2 " would change the kernel"; bad = 1
        } else if (old && $2 !~ ours && !index(named, " " $2 " ")) {
            if (index(held, " " $2 " ")) { print "  " $2 " is held: apt-mark unhold " $2; bad = 1 }
            else if (index(needed, " " $2 " ")) print "  with them comes up to date: " $2 " " $3
            else { print "  " $2 " " $3 " would be moved, and is no part of this"; bad = 1 }
        }
    }
    END { exit bad }"""
"""awk over the simulation's ``Inst`` and ``Remv`` lines. mawk reads it too (Debian's default).

``removable`` is an expression: what it matches may go as well (`tasks.packages.apt_repair`)."""
REFUSED = """\
  echo 'Nothing was changed: the lines above say what this would do to packages that'
  echo 'are no part of it. Do that yourself if it is right (apt-get install, or'
  echo 'apt-get remove, of these names), and run this again.'
  exit 1"""
"""Shell that ends a job whose simulation `JUDGE` has refused."""

FUNCTIONS = r"""
in_one_line() { printf ' '; tr '\n' ' '; }
upgraded() { awk '/^Inst / && $3 ~ /^\[/ { sub(/:.*/, "", $2); print $2 }' "$@"; }
simulated() {
    apt-get install -s "$@" >simulation 2>complaint && return 0
    code=$?
    if [ -z "$read_again" ] && grep -q "was not found$\|Unable to locate package" complaint; then
        # The lists may be half a day old; what was planned against is newer.
        read_again=1
        read_lists
        simulated "$@"
        return
    fi
    cat simulation complaint
    in_the_way
    return $code
}
in_the_way() {
    blamed=$(sed -n -e 'h; s/^ \([a-z0-9][a-z0-9+.:-]*\) : .*/\1/p; g' \
        -e 's/.*Depends: \([a-z0-9][a-z0-9+.:-]*\).*/\1/p; g' \
        -e "s/.*Version '.*' for '\([^']*\)' was not found.*/\1/p" simulation complaint | sort -u)
    for name in $blamed; do
        apt-cache policy "$name" | sed -n -e '1p' -e '/Installed:/p' -e '/Candidate:/p' \
            -e '/Version table/,$p' | head -n 9
        # Holds and pins of the set are left aside in this transaction.
        ! of_the_set "$name" || continue
        ! apt-mark showhold | grep -qx "$name" ||
            echo "$name is held. If nobody needs that any more: apt-mark unhold $name"
        for file in /etc/apt/preferences /etc/apt/preferences.d/*; do
            [ -f "$file" ] && grep -q "^Package:.*[ ]$name\( \|$\)" "$file" || continue
            echo "$name is pinned in $file"
        done
    done
    for name in $(dpkg-query -W -f '${Package}\n' | grep -E "$ours"); do bound "$name"; done
}
of_the_set() { printf '%s\n' "$1" | grep -qE "$ours"; }
bound() {
    [ -n "$(planned "$1")" ] || return 0
    # Packages of others that no more go with the version that is to come.
    for other in $(apt-cache rdepends --installed "$1" | sed '1,2d; s/^[ |]*//' | sort -u); do
        ! of_the_set "$other" || continue
        dpkg-query -W -f '${Pre-Depends}, ${Depends}\n' "$other" | tr ',' '\n' |
            sed -n "s/^ *$1\(:[a-z0-9]*\)\{0,1\} (\([<=>]*\) \([^)]*\)).*/\2 \3/p" |
            while read -r relation version; do
                ! dpkg --compare-versions "$(planned "$1")" "$relation" "$version" || continue
                echo "$other is in the way: it needs $1 ($relation $version)."
                ! apt-mark showhold | grep -qx "$other" ||
                    echo "$other is held. If nobody needs that any more: apt-mark unhold $other"
                echo "Take it to a version that goes with $(planned "$1"), or out:" \
                    "apt-get remove $other"
            done
    done
}"""
"""Shell functions. ``in_the_way`` names what is behind apt's "held broken packages": holds and
pins of others, and installed packages that need another version of the set."""


def pins(transaction: Transaction) -> str:
    """Shell that writes the preferences of this transaction."""
    text = "".join(
        f"Package: {names}\nPin: version {version}\nPin-Priority: {PRIORITY}\n\n"
        for names, version in transaction.pins
    )
    return (
        f"cat >{PINS} <<'END'\n{text}END\n[ ! -e /etc/apt/preferences ] || "
        f"cat /etc/apt/preferences >>{PINS}"
    )


def options(transaction: Transaction) -> str:
    """Options of simulation and installation.

    apt's solver gives up before a held package ("you have held broken packages") even where it may
    be changed. So holds are left aside here, and `JUDGE` refuses what would move a hold of others.
    """
    back = " --allow-downgrades" if transaction.back else ""
    return f'--ignore-hold -o "Dir::Etc::Preferences=$PWD/{PINS}"{back}'


def simulation(
    transaction: Transaction, packages: Sequence[str], flags: str, more: str, refresh: str = ":"
) -> str:
    """Shell that leaves the names of the real transaction in ``$names``, or ends the job.

    Args:
        transaction: What is allowed.
        packages: As apt-get takes them (``name=version``). No file of the job's folder has such a
            name, so a pattern in it stays what it is.
        flags: Options of apt-get, `options` among them.
        more: Shell that gives further names, unquoted.
        refresh: Shell that reads the package lists again, where a version is not in them.
    """
    names = " ".join([*packages, more]).strip()
    needed = " ".join([*transaction.prerequisites, more]).strip()
    return "\n".join(
        [
            FUNCTIONS,
            f"read_again=\nread_lists() {{\n{refresh}\n}}",
            f"ours={shlex.quote(expression(transaction.ours))}",
            _planned(transaction),
            f'names="{names}"',
            f"simulated {flags} $names",
            # What gives way by itself, or comes again under its old name, needs not be told to go.
            f"goes={shlex.quote(' '.join(transaction.goes))}",
            "for name in $goes; do",
            '    grep -q "^\\(Inst\\|Remv\\) $name[ :]" simulation || names="$names $name-"',
            "done",
            f'case "$names" in *-) simulated {flags} $names ;; esac' if transaction.goes else ":",
            'needed=""',
            f'if [ -n "$(upgraded simulation)" ] && [ -n "{needed}" ]; then',
            f"    apt-get install -s {flags} {needed} >needs && needed=$(upgraded needs | "
            "in_one_line)",
            "fi",
            "named=$(printf '%s ' $names | sed 's/=[^ ]* / /g')",
            'awk -v ours="$ours" -v goes=" $goes " '
            '-v named=" $named" -v needed="$needed" '
            f"-v kernel={shlex.quote(transaction.kernel)} "
            '-v held="$(apt-mark showhold | in_one_line)" \'' + JUDGE + "' simulation || {",
            f"{REFUSED}; }}",
        ]
    )


def judged(ours: str, named: str, removable: str = '""') -> str:
    """Shell that ends the job unless the file ``simulation`` does only what is allowed.

    Args:
        ours: Expression of names that may be upgraded, as the shell reads it.
        named: Names between blanks that may come, be upgraded, or be a kernel; likewise.
        removable: Expression of names that may go; likewise.
    """
    return (
        f"awk -v ours={ours} -v named={named} -v removable={removable} -v goes= -v needed= "
        f"-v held= '{JUDGE}' simulation || {{\n{REFUSED}; }}"
    )


def _planned(transaction: Transaction) -> str:
    """Shell function: the version in which a package of the set is to come, if one is planned."""
    further = [
        f"{'|'.join(names.split())}) echo {shlex.quote(version.replace('*', '1'))} ;;"
        for names, version in (*transaction.pins[1:], *transaction.pins[:1])
    ]
    return f"planned() {{\n    case $1 in\n    {' '.join(further)}\n    *) ;;\n    esac\n}}"


def expression(patterns: Sequence[str]) -> str:
    """Shell patterns as one extended regular expression for awk; none matches nothing."""
    translated = []
    for pattern in patterns:
        found = ""
        for char in pattern:
            found += {"*": ".*", "?": "."}.get(char, f"[{char}]" if char in ".+" else char)
        translated.append(found)
    return f"^({'|'.join(translated)})$" if translated else "^$"
