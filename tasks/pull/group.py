"""Host data of an inventory's host or group, as pyinfra itself reads them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

READ_S = 120


def of_inventory(inventory: Path, name: str, checkout: Path) -> dict[str, Any]:
    """The data of the host, or what all hosts of the group have in common, group data included.

    Args:
        inventory: A file, as pyinfra is given it.
        name: A host of it, or a group.
        checkout: Where pyinfra is started.

    Raises:
        ValueError: It has no such host or group, its hosts differ, or pyinfra cannot read it.
    """
    words = [sys.executable, "-m", "pyinfra", "--json", str(inventory.resolve()), "debug-inventory"]
    done = subprocess.run(
        words,
        cwd=checkout,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=READ_S,
        check=False,
    )
    try:
        hosts = json.loads(done.stdout)
    except ValueError:
        said = " ".join(done.stderr.split())[-300:]
        raise ValueError(f"pyinfra cannot read {inventory}: {said}") from None
    return chosen(hosts, name)


def chosen(hosts: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The data of a host, or those of a group, among what ``debug-inventory`` says.

    Raises:
        ValueError: There is no such host or group, or the hosts of the group differ.
    """
    known = {host["name"]: host for host in hosts}
    if name in known:
        return dict(known[name]["data"])
    members = [host["data"] for host in hosts if name in host["groups"]]
    if not members:
        groups = sorted({group for host in hosts for group in host["groups"]})
        raise ValueError(
            f"{name[:60]!a} is neither a host nor a group of the inventory: "
            f"{', '.join([*known, *groups])[:400]}"
        )
    for data in members[1:]:
        if differing := sorted(
            key
            for key in {*data, *members[0]}
            if not key.startswith(("ssh_", "_")) and data.get(key) != members[0].get(key)
        ):
            raise ValueError(
                f"the hosts of {name} differ in {', '.join(differing)}: name one of them instead"
            )
    return dict(members[0])
