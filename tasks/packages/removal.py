"""Shell that takes packages out: these and no others. Pure text, for jobs.

What would go or come beside them ends the job before anything is done; nothing is cleaned up that
nobody seems to need.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from facts.removal_model import Installed
from tasks.packages import apt


def purged(goes: Sequence[Installed], paths: str) -> str:
    """Purge packages with apt, after a simulation that must do just that.

    Args:
        goes: The packages, or what is left of their settings.
        paths: File that takes the paths which they had.
    """
    names = shlex.join(one.name for one in goes)
    plain = shlex.join(sorted({one.plain for one in goes}))
    flags = f"{apt.options()} --allow-change-held-packages"
    return "\n".join(
        [
            apt.finished(),
            # What a power cut has left half unpacked, apt would want to fetch again first.
            "cut=$(dpkg-query -W -f '${db:Status-Eflag} ${binary:Package}\\n' "
            f"{names} 2>/dev/null | sed -n 's/^reinstreq //p')",
            '[ -z "$cut" ] || dpkg --purge --force-remove-reinstreq $cut || :',
            f"dpkg -L {names} 2>/dev/null | sort -u >>{paths} || :",
            f"apt-get purge -s {flags} {names} >simulation",
            f"printf '%s\\n' {plain} | sort >ours",
            "sed -n 's/^\\(Purg\\|Remv\\) \\([^ :]*\\).*/\\2/p' simulation | sort -u >goes",
            "if comm -13 ours goes | grep . || grep '^Inst ' simulation; then",
            "    echo 'Nothing was changed: these would go or come too, and are not ours.'",
            "    echo 'Look at what needs them (apt-get purge -s), and run this again.'",
            "    exit 1",
            "fi",
            f"apt-get purge {flags} -o APT::Status-Fd=3 {names} 3>{apt.STATUS}",
        ]
    )


def erased(goes: Sequence[Installed], paths: str) -> str:
    """Erase packages with rpm itself: dnf takes along what it thinks that nobody needs.

    rpm refuses where a package that stays needs one of them, before anything is done.
    """
    names = shlex.join(sorted(_label(one) for one in goes))
    # rpm lists a folder only where it is the package's own.
    above = """awk '{ print; while (sub("/[^/]*$", "") && gsub("/", "/") > 1) print }'"""
    return f"rpm -ql {names} 2>/dev/null | {above} | sort -u >>{paths} || :\nrpm -e {names}"


def _label(one: Installed) -> str:
    """``name-version-release.arch``, as rpm takes it; a key has no architecture."""
    name, _, arch = one.name.split(" ")[0].rpartition(".")
    return f"{name}-{one.version}" + ("" if name == "gpg-pubkey" else f".{arch}")
