"""Shell that makes apt's dependencies whole again and takes nothing of others away.

Pure text, for jobs. ``apt-get --fix-broken install`` removes a package whose dependency no source
has, without a word. So it is tried first, and `apt_transaction.JUDGE` decides.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from tasks.packages import apt_transaction

UNPACKED_AGAIN = r"""
unpacked_again() {
    dpkg-query -W -f '${db:Status-Abbrev}|${binary:Package}|${Version}\n' |
        sed -n 's/^..R|//p' >again
    while IFS='|' read -r name version; do
        echo "$name $version was cut off while it was unpacked: it is unpacked again"
        rm -rf fetched && mkdir fetched
        offered=$(apt-cache madison "$name" | awk -F' *[|] *' '/ Packages$/ { print $2 }')
        if ! printf '%s\n' "$offered" | grep -qxF "$version"; then
            newest=$(printf '%s\n' "$offered" | head -n 1)
            if [ -z "$newest" ] || ! printf '%s\n' "${name%%:*}" | grep -qE "$ours"; then
                echo "No source of this host has $name $version any more. Nothing was changed."
                echo "Unpack another one: apt-get download $name=${newest:-VERSION} &&" \
                    "dpkg --unpack FILE; or, if nobody needs it:"
                echo "dpkg --remove --force-remove-reinstreq $name"
                exit 1
            fi
            version=$newest
        fi
        (cd fetched && apt-get download $1 "$name=$version" </dev/null)
        patiently dpkg --unpack --force-confdef --force-confold fetched/*.deb </dev/null
    done <again
}"""
"""dpkg's flag ``reinstreq``: neither ``dpkg --configure -a`` nor ``--fix-broken install`` take it
away (dpkg(1); seen with apt 3.0). What is of ours may come in another version: the plan's follows.
"""


def script(ours: Sequence[str], flags: str) -> str:
    """Shell that repairs, or ends the job where that would remove or move what others installed.

    Args:
        ours: Shell patterns of names that may go.
        flags: Options of apt-get; they may hold what the shell replaces.
    """
    expression = apt_transaction.expression(ours)
    broken = (
        "dpkg-query -W -f '${db:Status-Abbrev}|${Package}\\n' | "
        "sed -n '/^.[nci] |/d; s/^.*|//p' | tr '\\n' ' '"
    )
    missing = "apt-get check -q 2>&1 | sed -n 's/^ \\([a-z0-9][^ :]*\\).* : .*/\\1/p'"
    return "\n".join(
        [
            UNPACKED_AGAIN,
            f"ours={shlex.quote(expression)}",
            f'unpacked_again "{flags}"',
            f"if apt-get -s {flags} --no-install-recommends --fix-broken install "
            ">simulation 2>complaint; then",
            # What is broken itself may come in another version: that is its repair.
            apt_transaction.judged(ours='"$ours"', named=f'" $({broken}) "', removable='"$ours"'),
            f"apt-get {flags} --no-install-recommends --fix-broken install",
            # Where only our own set misses a part, with its versions held, our transaction has it.
            f'elif [ -n "$({missing})" ] && ! {missing} | grep -qvE "$ours"; then',
            "  echo 'apt finds no way by itself: the part that is missing comes with its set'",
            "else",
            "  cat complaint",
            "  echo 'apt finds no way to make these packages whole. Nothing was changed.'",
            "  exit 1",
            "fi",
        ]
    )
