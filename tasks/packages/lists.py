"""Package lists: when they are read again, whichever the package manager. Pure text."""

from __future__ import annotations

STAMP = "/var/lib/gpuwright/lists-read"
"""Touched whenever all package lists were read."""


def _stamp() -> str:
    """`STAMP` as the shell reads it: a job that takes from a bundle has lists of its own."""
    return f"${{GPUWRIGHT_LISTS:-{STAMP}}}"


def if_stale(refresh: str, sources: str) -> str:
    """Shell that reads the lists unless they are younger than half a day and than every source.

    Of two jobs that start together, one reads them and the other waits for it.

    Args:
        refresh: Shell that reads them.
        sources: Files and folders, as the shell reads them, that say where packages come from.
    """
    return "\n".join(
        [
            "(flock 9",
            f'stamp={_stamp()}; if [ -e "$stamp" ] && '
            f'[ -z "$(find {sources} -newer "$stamp" 2>/dev/null)" ] && '
            '[ -z "$(find "$stamp" -mmin +720)" ]; then :; else',
            refresh,
            f'touch "$stamp"; fi) 9>{_stamp()}.lock',
        ]
    )


def tried_again(command: str, unless: str = ":") -> str:
    """Shell that reads the lists, four times at most, five seconds apart; then ends with 100.

    ``unless`` is shell that runs after each failure and may end it at once.
    """
    return (
        f"n=0; until {command}; do {unless}; n=$((n+1)); [ $n -lt 4 ] || exit 100; "
        'echo "package lists could not be read; try $((n+1)) of 4 in 5 s"; sleep 5; done'
    )


def stale_after(command: str) -> str:
    """Shell: a command that installs, and if it fails, lists that count as old from then on.

    A package may have gone or changed since they were read; the next run reads them again.
    """
    return f"{command} || {{ code=$?; rm -f {_stamp()}; exit $code; }}"
