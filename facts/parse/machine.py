"""Disks, units and jobs, Jetson."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from facts.model.packages import Package
from facts.model.system import Jetson, Job, Mount, Unit
from facts.parse.sections import Section, fields, integer

# The name ends with no blank: a line of blanks alone would else take time by their square.
_DF = re.compile(r"^(.*?\S)\s+(\d+|-)\s+(\d+|-)\s+(-?\d+|-)\s+(\d+%|-)\s+(/.*)$")
_POWER = re.compile(r"NV Power Mode:\s*(\S.*)")
_PMODE = re.compile(r"pmode:\s*(\d{1,9})")
_POWER_NAME = re.compile(r"POWER_MODEL\s+ID=(\d{1,9})\s+NAME=(\S+)")
_TEGRA = re.compile(r"#\s*R(\d+)\s*\(release\),\s*REVISION:\s*([\d.]+)")


def mounts(section: Section, unread: dict[str, str]) -> dict[str, Mount]:
    """Free space by path asked; ``df -P`` answers in the order of the paths."""
    paths = section.part("paths")
    blocks = [m for line in section.part("blocks") if (m := _DF.match(line))]
    inodes = [m for line in section.part("inodes") if (m := _DF.match(line))]
    if len(blocks) != len(paths):
        unread.setdefault("mounts", f"df answered for {len(blocks)} of {len(paths)} paths")
        return {}
    if len(inodes) != len(paths):
        unread.setdefault("mounts.free_inodes", "df -i did not answer for every path")
    found = {}
    for at, (path, row) in enumerate(zip(paths, blocks, strict=True)):
        size, free = integer(row[2]), integer(row[4].lstrip("-"))
        if size is None or free is None:
            unread.setdefault(f"mounts.{path}", "df knows no size")
            continue
        nodes = integer(inodes[at][4]) if len(inodes) == len(paths) else None
        # Some filesystems (btrfs) count no inodes and say 0 of 0.
        if nodes == 0 and inodes[at][2] in ("0", "-"):
            nodes = None
        left = 0 if row[4].startswith("-") else free
        found[path] = Mount(path, row[1], left // 1024, size // 1024, nodes)
    return found


def shared(section: Section) -> dict[str, str]:
    """Path to why others than root could put files there, of the folders that lead to root's own.

    The rule is that of ``tasks/templates/place.sh.j2``: a sticky bit keeps others from moving what
    is root's.
    """
    found = {}
    for line in section.part("owners"):
        uid, gid, mode, name, path = [*line.split("|", 4), "", "", "", "", ""][:5]
        if not (uid.isdigit() and gid.isdigit() and re.fullmatch("[0-7]{1,6}", mode)):
            continue
        rights = int(mode, 8)
        open_to_group = bool(rights & 0o020) and gid != "0"
        if uid != "0":
            found[path] = f"it belongs to {name} (uid {uid})"
        elif not rights & 0o1000 and (rights & 0o002 or open_to_group):
            found[path] = f"its permissions are {mode}, its group is {gid}"
    return found


def modes(section: Section) -> dict[str, int]:
    """Permissions by path, from ``mode|path`` with the mode in octal digits."""
    pairs = (line.partition("|") for line in section.part("modes"))
    return {p: int(mode, 8) for mode, _, p in pairs if p and re.fullmatch("[0-7]{1,5}", mode)}


def _blocks(lines: list[str]) -> Iterator[dict[str, str]]:
    block: dict[str, str] = {}
    for line in [*lines, ""]:
        key, mark, value = line.partition("=")
        if mark:
            block[key] = value
        elif block:
            yield block
            block = {}


def units(section: Section) -> dict[str, Unit]:
    """Units of interest and our own lasting ones, from ``systemctl show``."""
    found = {}
    for block in _blocks(section.lines):
        name = block.get("Id", "")
        if not name or block.get("UnitFileState") == "transient":
            continue
        missing = block.get("LoadState") == "not-found"
        if missing and name.startswith("gpuwright-"):
            continue
        enabled = "not-found" if missing else block.get("UnitFileState") or "static"
        found[name] = Unit(name, block.get("ActiveState", "unknown"), enabled)
    return found


def jobs(section: Section, exits: Section) -> dict[str, Job]:
    """Long steps by name: transient units ``gpuwright-NAME.service`` and the exit files they leave.

    The exit file wins: systemd forgets a transient unit when it is done.
    """
    found: dict[str, Job] = {}
    for block in _blocks(section.lines):
        unit = block.get("Id", "")
        if block.get("UnitFileState") != "transient" or not unit.startswith("gpuwright-"):
            continue
        name = unit.removeprefix("gpuwright-").removesuffix(".service")
        active = block.get("ActiveState", "unknown")
        ended = active in ("inactive", "failed")
        found[name] = Job(name, active, integer(block.get("ExecMainStatus")) if ended else None)
    for line in exits.lines:
        folder, text = fields(line, 2)
        name = folder.removeprefix("gpuwright-")
        running = found[name].active if name in found else "inactive"
        if running not in ("active", "activating", "deactivating"):
            found[name] = Job(name, running, integer(text))
    return found


def jetson(
    section: Section, packages: Mapping[str, Package], unread: dict[str, str]
) -> Jetson | None:
    """A Jetson's identity; None where nothing says that this is one.

    Sources: ``/etc/nv_tegra_release`` ("# R36 (release), REVISION: 4.7"; its BOARD is not to be
    relied on), the package nvidia-l4t-core, the device tree, nvpmodel.
    """
    compatible = [c.strip("?\0 ") for c in section.part("compatible")]
    soc = next((c.split(",", 1)[1] for c in compatible if c.startswith("nvidia,tegra")), None)
    release = _TEGRA.search("\n".join(section.part("/etc/nv_tegra_release")))
    core = packages.get("nvidia-l4t-core")
    if soc is None and release is None and core is None:
        return None
    l4t = f"{release[1]}.{release[2]}" if release else None
    if l4t is None and core is not None:
        l4t = core.version.split("-")[0]
    if l4t is None:
        unread["jetson.l4t"] = "neither /etc/nv_tegra_release nor a package nvidia-l4t-core is here"
    elif l4t.count(".") == 1:
        l4t += ".0"  # the file says "REVISION: 4", the package "36.4.0"
    model = section.first("model")
    if soc is None:
        unread["jetson.soc"] = "no device tree names an NVIDIA chip"
    jetpack = packages.get("nvidia-jetpack")
    return Jetson(
        l4t=l4t,
        model=model.strip("?\0 ") if model else None,
        soc=soc,
        jetpack=jetpack.version if jetpack and jetpack.installed else None,
        power_mode=_power_mode(section, unread),
    )


def _power_mode(section: Section, unread: dict[str, str]) -> str | None:
    """What ``nvpmodel -q`` says; else the number in its status file, by its configuration's names.

    "NV Power Mode: MAXN", "pmode:0000", "< POWER_MODEL ID=0 NAME=MAXN >".
    """
    for line in section.part("power"):
        if match := _POWER.search(line):
            return match[1].strip()
    status = _PMODE.search("\n".join(section.part("/var/lib/nvpmodel/status")))
    names = {
        int(m[1]): m[2]
        for line in section.part("power_names")
        if (m := _POWER_NAME.search(line)) is not None
    }
    if status and int(status[1]) in names:
        return names[int(status[1])]
    unread.setdefault("jetson.power_mode", "nvpmodel told none, and its status file names none")
    return None
