"""What a person says about one host, checked before it is used. Pure.

Every function takes the host's data (anything with ``get``) and raises `ValueError` with the key,
the value and what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from stacks.catalog.decode import nearest
from stacks.catalog.read import Catalog
from stacks.model.host import Gpu
from tasks.hostdata.reading import Data, _count, _wrong

MIRRORS = ("pypi", "pytorch", "redist", "nvidia", "jetson", "toolkit", "docker")
Reboot = Literal["never", "if-needed", "now"]
REBOOTS: tuple[Reboot, ...] = ("never", "if-needed", "now")
TRUSTED = ("nvidia", "toolkit", "docker")
"""Kinds of repository whose key host data may name."""
KERNEL_POLICIES = ("hold", "follow", "free")
"""What `tasks.guard.policy` says of each."""


def expected_gpus(data: Data, catalog: Catalog) -> tuple[Gpu, ...]:
    """``expected_gpus``: a count, a model (``h100``), ``h100:8``, or a list of these."""
    wish = data.get("expected_gpus")
    if wish is None or wish == "":
        return ()
    gpus: list[Gpu] = []
    for item in wish if isinstance(wish, list | tuple) else [wish]:
        text = str(item).lower()
        if text.isdigit():
            gpus += [Gpu(None)] * int(text)
            continue
        model, colon, count = text.partition(":")
        if colon and not count.isdigit():
            raise _wrong("expected_gpus", item, "a count, a model, or model:count such as h100:8")
        known = catalog.gpus.models.rows
        if model not in known:
            close = nearest(model, known)
            meant = f"Did you mean {' or '.join(close)}? " if close else ""
            raise ValueError(
                f"«expected_gpus» names {model!r}. {meant}Known models: {', '.join(sorted(known))}."
            )
        gpus += [Gpu(model)] * int(count or 1)
    return tuple(gpus)


def mirrors(data: Data) -> dict[str, str]:
    """``mirrors``: addresses by kind (``pypi``, ``nvidia``, ``toolkit`` … as in `MIRRORS`)."""
    wish = data.get("mirrors") or {}
    if not isinstance(wish, Mapping):
        raise _wrong("mirrors", wish, f"a mapping of {', '.join(MIRRORS)} to addresses")
    found = {}
    for kind, address in wish.items():
        if kind not in MIRRORS:
            raise _wrong(f"mirrors.{kind}", address, f"one of the kinds {', '.join(MIRRORS)}")
        if not isinstance(address, str) or "://" not in address:
            raise _wrong(f"mirrors.{kind}", address, "an address such as https://mirror/simple")
        found[str(kind)] = address
    return found


def fingerprints(data: Data) -> dict[str, tuple[str, ...]]:
    """``fingerprints``: keys trusted for a repository instead of the catalogue's, by kind.

    Each is a whole fingerprint, 40 hexadecimal digits in upper case; blanks between them go.
    """
    wish = data.get("fingerprints") or {}
    if not isinstance(wish, Mapping):
        raise _wrong("fingerprints", wish, "a mapping such as {'nvidia': ['40 hex digits']}")
    found = {}
    for kind, said in wish.items():
        if kind not in TRUSTED:
            raise _wrong(f"fingerprints.{kind}", said, f"one of the kinds {', '.join(TRUSTED)}")
        listed = said if isinstance(said, list | tuple) else [said]
        keys = tuple("".join(str(key).split()).upper() for key in listed)
        for key in keys:
            if not re.fullmatch(r"[0-9A-F]{40}", key):
                raise _wrong(
                    f"fingerprints.{kind}",
                    key,
                    "whole fingerprints of 40 hexadecimal digits (gpg --show-keys FILE prints "
                    "them); a short key id can be forged",
                )
        if not keys:
            raise _wrong(f"fingerprints.{kind}", said, "at least one fingerprint")
        found[str(kind)] = keys
    return found


def rollback(data: Data) -> int:
    """``rollback``: how many environments to go back; 0 where nothing is said."""
    return _count(data, "rollback", 0)


def lock_wait(data: Data, default: int) -> int:
    """``lock_wait``: seconds to wait for whoever holds the package manager."""
    return _count(data, "lock_wait", default)


def kernel_policy(data: Data) -> str | None:
    """``kernel_policy``: ``hold``, ``follow`` or ``free``; None where nothing is said."""
    wish = data.get("kernel_policy")
    if wish is None or wish == "":
        return None
    if wish not in KERNEL_POLICIES:
        raise _wrong("kernel_policy", wish, f"one of {', '.join(KERNEL_POLICIES)}")
    return str(wish)


def textfile_folder(data: Data) -> str:
    """``textfile_folder``: where node_exporter's textfile collector reads; empty: not said."""
    wish = data.get("textfile_folder")
    if wish is None or wish == "":
        return ""
    if not isinstance(wish, str) or not wish.startswith("/") or wish != wish.strip():
        raise _wrong("textfile_folder", wish, "a path such as /var/lib/node_exporter")
    return wish.rstrip("/")


def bundle(data: Data) -> Path | None:
    """``bundle``: a folder of this machine that `tasks.bundle` fills and others read."""
    wish = data.get("bundle")
    if wish is None or wish == "":
        return None
    if not isinstance(wish, str) or "\n" in wish:
        raise _wrong("bundle", wish, "a folder of this machine")
    return Path(wish).expanduser()


def reboot(data: Data) -> Reboot:
    """``reboot``: never (the default), if-needed (and nobody uses the GPU), now (in use or not)."""
    wish = data.get("reboot") or "never"
    for known in REBOOTS:
        if wish == known:
            return known
    raise _wrong("reboot", wish, f"one of {', '.join(REBOOTS)}")


def reboot_wait(data: Data) -> int:
    """``reboot_wait``: seconds for a host to come back: large servers test themselves."""
    return _count(data, "reboot_wait", 1200)


def canary(data: Data) -> bool:
    """``canary``: whether a fleet's repair begins with this host."""
    wish = data.get("canary")
    if wish in (None, ""):
        return False
    if not isinstance(wish, bool):
        raise _wrong("canary", wish, "True or False")
    return wish


def batch(data: Data) -> int:
    """``batch``: how many hosts of a fleet are repaired at once, after the canary."""
    size = _count(data, "batch", 5)
    if size < 1:
        raise _wrong("batch", size, "a whole number, 1 or more")
    return size


def fail_share(data: Data) -> float:
    """``fail_share``: a fleet's repair stops when more than this share of it has failed."""
    wish = data.get("fail_share")
    if wish is None or wish == "":
        return 0.2
    try:
        share = float(str(wish))
    except ValueError:
        share = -1.0
    if isinstance(wish, bool) or not 0 <= share <= 1:
        raise _wrong("fail_share", wish, "a number from 0 to 1")
    return share


LOCK_WAIT_S = 600
"""Seconds to wait for dpkg's locks; jobs carry the host's own wish as ``$LOCK_WAIT``."""
