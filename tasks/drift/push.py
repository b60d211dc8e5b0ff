"""A program that lets a host write its own facts, for fleets that nobody visits by ssh.

It is one shell script for root. It lays the scripts of the same looks that a controller asks for, a
service that runs them and a timer. What they print goes to a folder or to an address as one file,
which ``--data from=FOLDER`` reads (`tasks.drift.pushed`).
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from facts.evidence import login_program
from facts.host import probe_script
from facts.past import script as past_script
from facts.script import text
from stacks.model import address
from tasks.drift.pushed import MARK
from tasks.layout import REPORT_UNIT

HERE = "/opt/gpuwright/lib/report"
UNIT = REPORT_UNIT
_UNITS = "/etc/systemd/system"
_TO = re.compile(r"https?://[!-~]{1,500}|/[^\x00-\x1f\x7f]{0,500}")
_GROUP = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_SERVICE = f"""\
[Unit]
Description=gpuwright: this host writes its facts for the fleet's report
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=/bin/sh {HERE}/send
TimeoutStartSec=600
Nice=10
"""


@dataclass(frozen=True)
class Push:
    """What a host is told."""

    to: str
    """A folder of the host, which is root's, or an address that takes ``PUT``."""
    group: str = "pushed"
    """Whom the host is compared with."""
    hours: int = 6
    """Between two times."""

    def __post_init__(self) -> None:
        if not _TO.fullmatch(self.to):
            raise ValueError(f"--to {self.to[:60]!a}: a folder, /srv/…, or an address, https://…")
        if self.to.startswith("http") and address.masked(self.to) != self.to:
            raise ValueError("--to: an address without a login: it is in a list of processes")
        if not _GROUP.fullmatch(self.group):
            raise ValueError(f"--group {self.group[:60]!a}: a line of text")
        if not 1 <= self.hours <= 24:
            raise ValueError("--every: hours, from 1 to 24: a host counts as silent after 48")


def installer(push: Push) -> str:
    """The script: it lays all files and starts the timer; ``remove`` after it undoes that."""
    files = {
        f"{HERE}/probe": probe_script(),
        f"{HERE}/evidence": login_program(False)
        + text("frame", "theirs", "engines", "login", "evidence"),
        f"{HERE}/health": text("frame", "device_health"),
        f"{HERE}/past": past_script(),
        f"{HERE}/send": _send(push),
        f"{_UNITS}/{UNIT}.service": _SERVICE,
        f"{_UNITS}/{UNIT}.timer": _timer(push),
    }
    lines = [
        "#!/bin/sh",
        "# Lets this host write its facts for the fleet's report. To be run as root.",
        "set -eu",
        "umask 022",
        '[ "$(id -u)" = 0 ] || { echo "NO-ROOT: run this as root" >&2; exit 1; }',
        'if [ "${1:-}" = remove ]; then',
        f"    systemctl disable --now {UNIT}.timer || true",
        f"    rm -rf {HERE} {_UNITS}/{UNIT}.service {_UNITS}/{UNIT}.timer",
        "    systemctl daemon-reload",
        "    exit 0",
        "fi",
        f"mkdir -p {HERE}",
    ]
    for path, body in files.items():
        end = "GPUWRIGHT_FILE_ENDS"
        assert end not in body
        lines += [f"cat >{path}.part <<'{end}'", body.rstrip("\n"), end]
        lines += [f"chmod 0644 {path}.part", f"mv -f {path}.part {path}"]
    lines += [
        "systemctl daemon-reload",
        f"systemctl enable --now {UNIT}.timer",
        f"systemctl start --no-block {UNIT}.service",
        f'echo "started: systemctl list-timers {UNIT}.timer; journalctl -u {UNIT}"',
    ]
    return "\n".join(lines) + "\n"


def _timer(push: Push) -> str:
    return f"""\
[Unit]
Description=gpuwright: when this host writes its facts

[Timer]
OnBootSec=5min
OnUnitActiveSec={push.hours}h
RandomizedDelaySec=10min

[Install]
WantedBy=timers.target
"""


def _send(push: Push) -> str:
    to, group = shlex.quote(push.to.rstrip("/") or "/"), shlex.quote(push.group)
    return f"""\
# Asks this host what a controller would ask, and writes the answers to one place.
umask 077
to={to} group={group}
name=$(hostname -f 2>/dev/null || cat /proc/sys/kernel/hostname)
name=$(printf %s "$name" | tr -c 'A-Za-z0-9._-' - | cut -c 1-200)
case $name in '' | .* | -*) name=host$name ;; esac
out=$(mktemp /run/{UNIT}.XXXXXXXX) || exit 1
trap 'rm -f "$out"' EXIT
{{
    printf '{MARK} %s %s\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$group"
    sh {HERE}/probe root 0 ''
    sh {HERE}/evidence "$(uname -r)"
    sh {HERE}/health 0
    sh {HERE}/past
}} >"$out"
case $to in
/*)
    # Root follows no name that somebody else can change.
    [ -n "$(find "$to" -maxdepth 0 -type d -user root ! -perm /022 2>/dev/null)" ] || {{
        echo "$to is no folder of root's alone: chown root, chmod go-w" >&2
        exit 1
    }}
    chmod 0644 "$out" && cp "$out" "$to/.$name.part" && mv -f "$to/.$name.part" "$to/$name.facts"
    ;;
*)
    if command -v curl >/dev/null; then
        curl -fsS --connect-timeout 20 --max-time 120 --retry 3 -T "$out" "$to/$name.facts"
    elif command -v wget >/dev/null; then
        wget -q -O /dev/null --timeout=60 --tries=4 --method=PUT --body-file="$out" \\
            "$to/$name.facts"
    else
        echo "neither curl nor wget is on this host" >&2
        exit 1
    fi
    ;;
esac
"""
