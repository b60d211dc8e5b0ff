"""Maintainer scripts of packages with units, which do what debhelper's do."""

from collections.abc import Sequence

_RUNNING = "[ -d /run/systemd/system ]"


def scripts(units: Sequence[str], configure: str = ":", purge: str = ":") -> dict[str, str]:
    """``postinst``, ``prerm`` and ``postrm``: start, stop and forget the units.

    Args:
        units: Units of the package.
        configure: Shell that comes before them.
        purge: Shell for the package's end.

    """
    removed, words = ":", " ".join(units)
    if units:
        configure += (
            f"\nfor unit in {words}; do\n"
            "if deb-systemd-helper --quiet was-enabled $unit; then\n"
            "deb-systemd-helper enable $unit >/dev/null; fi; done\n"
            f"if {_RUNNING}; then systemctl daemon-reload; "
            f"deb-systemd-invoke start {words} >/dev/null || true; fi"
        )
        removed = f"if {_RUNNING}; then deb-systemd-invoke stop {words} >/dev/null || true; fi"
        purge += f"\nfor unit in {words}; do deb-systemd-helper purge $unit >/dev/null; done"
    texts = {
        "postinst": ("configure", configure),
        "prerm": ("remove", removed),
        "postrm": ("purge", purge),
    }
    return {
        script: f"#!/bin/sh\nset -e\ncase $1 in {when})\n{text}\n;;\nesac\n"
        for script, (when, text) in texts.items()
        if text != ":"
    }
