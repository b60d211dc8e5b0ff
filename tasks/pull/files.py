"""What is laid on a host that provisions itself: its settings, its unit, its program. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.pull import onhost
from tasks.pull.onhost.files import HERE
from tasks.templates import render

UNIT = "gpuwright-pull.service"
TRIES, PAUSE_S, MOST_PAUSE_S = 8, 30, 900
"""Eight tries are three quarters of an hour of waiting between them."""
REBOOTS = 2
NETWORK_WAIT_S = 900
_UNIT = f"""\
[Unit]
Description=gpuwright: this machine provisions itself as a GPU host
Documentation=file:{HERE}/settings.json
Wants=network-online.target
After=network-online.target
ConditionPathExists={HERE}/settings.json

[Service]
# Not oneshot: targets would wait for its end, and cloud-init, for which it waits, for them.
Type=simple
RemainAfterExit=yes
NotifyAccess=main
SuccessExitStatus=1
WorkingDirectory={HERE}
RuntimeDirectory=gpuwright-pull
RuntimeDirectoryMode=0700
UMask=0022
Environment=HOME=/root
EnvironmentFile=-/etc/environment
ExecStart=/bin/sh {HERE}/start

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Laid:
    """One file on the host."""

    path: str
    body: bytes
    mode: int = 0o644


@dataclass(frozen=True, kw_only=True)
class Pull:
    """What a host is told."""

    place: str
    """Where the archive comes from: an address, or a path of the host."""
    sha256: str
    size: int
    """In bytes."""
    data: Mapping[str, Any]
    deploys: tuple[str, ...]
    webhook: str = ""
    verdict_file: str = ""
    carried: bytes | None = None
    """The archive itself, to be laid at `place`."""

    @property
    def settings(self) -> dict[str, Any]:
        """What the program on the host reads."""
        return {
            "archive": {"from": self.place, "sha256": self.sha256, "size": self.size},
            "data": dict(self.data),
            "deploys": list(self.deploys),
            "tries": TRIES,
            "pause_s": PAUSE_S,
            "most_pause_s": MOST_PAUSE_S,
            "reboots": REBOOTS,
            "network_wait_s": NETWORK_WAIT_S,
            "webhook": self.webhook,
            "verdict_file": self.verdict_file,
        }


def laid(pull: Pull) -> list[Laid]:
    """All files, each below a folder of root's."""
    # ASCII alone, and sorted: the same text whoever renders it.
    settings = json.dumps(pull.settings, indent=1, sort_keys=True) + "\n"
    found = [
        Laid(f"{HERE}/onhost/{path.name}", path.read_bytes())
        # A folder is a package without its first file too, and user data are short of room.
        for path in sorted(Path(onhost.__file__).parent.glob("*.py"))
        if path.name != "__init__.py"
    ]
    found += [
        Laid(f"{HERE}/settings.json", settings.encode("ascii"), 0o600),
        Laid(f"{HERE}/start", render("pull_start.sh.j2", here=HERE).encode(), 0o755),
        Laid(f"/etc/systemd/system/{UNIT}", _UNIT.encode()),
    ]
    if pull.carried is not None:
        found.append(Laid(pull.place, pull.carried))
    return found
