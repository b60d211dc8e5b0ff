"""Draws `stacks/catalog/pci.tsv` from two public lists of NVIDIA's PCI devices.

Usage: ``python make/pci.py PCI_IDS OPEN_MODULES >stacks/catalog/pci.tsv``

``PCI_IDS`` is the PCI ID database (`pci.ids`, of the pciutils/pciids repository): every device,
with its chip. ``OPEN_MODULES`` is a git directory of NVIDIA/open-gpu-kernel-modules, whose README
lists the GPUs that a release drives: product names, and by its tags the first branch of a device.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NVIDIA = "10de"
CHIP = re.compile(r"(?:G[89]\d|(?:G[A-Z]|TU|AD)\d{2,3})[A-Z]*\b")
"""A graphics chip as pci.ids writes it, from the first that knows CUDA (G80) on."""
NO_GPU = re.compile(r"audio|usb|ucsi|nvswitch|bridge|controller|pcie (?:host|endpoint|root)", re.I)
ROW = re.compile(r"^\| (?:NVIDIA )?(.+?) +\| ([0-9A-F]{4})(?: ([0-9A-F]{4}) ([0-9A-F]{4}))? +\|$")
NO_NAME = re.compile(r"PG\d+|DRIVE-|-SKU|Graphics Device|N/A")
"""Board numbers and the like, which are no name that a person knows."""


def devices(text: str) -> Iterator[tuple[str, str, str]]:
    """Device id, chip and product name (empty: pci.ids has none) of NVIDIA's GPUs."""
    ours = re.search(rf"^{NVIDIA} .*\n((?:\t.*\n|#.*\n)*)", text, re.MULTILINE)
    for line in ours[1].splitlines() if ours else ():
        found = re.fullmatch(r"\t([0-9a-f]{4})  (.+)", line)
        if found is None or NO_GPU.search(found[2]):
            continue
        chip = CHIP.match(found[2])
        if chip:
            name = re.search(r"\[(.+)\]", found[2])
            yield found[1], chip[0], name[1].strip() if name else ""


def products(readme: str) -> dict[str, list[str]]:
    """Names by device id, in the order of the table."""
    found: dict[str, list[str]] = {}
    for row in filter(None, map(ROW.match, readme.splitlines())):
        names = found.setdefault(row[2].lower(), [])
        if row[1] not in names and not NO_NAME.search(row[1]):
            names.append(row[1])
    return found


def first_branches(repository: Path) -> dict[str, str]:
    """The branch whose README is the first to list a device.

    What the first branch of all lists may be older than it, and is not told.
    """
    tags = sorted(git(repository, "tag").split(), key=lambda tag: [int(n) for n in tag.split(".")])
    first: dict[str, str] = {}
    for tag in tags:
        for device in products(git(repository, "show", f"{tag}:README.md")):
            first.setdefault(device, tag.split(".")[0])
    oldest = tags[0].split(".")[0]
    return {device: branch for device, branch in first.items() if branch != oldest}


def git(repository: Path, *words: str) -> str:
    """What git prints."""
    command = ["git", f"--git-dir={repository}", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Print the table."""
    pci_ids, repository = Path(sys.argv[1]).read_text(), Path(sys.argv[2])
    version = re.search(r"^#\s+Version: (\S+)", pci_ids, re.MULTILINE)
    newest = git(repository, "log", "-1", "--format=%s (%as)").strip()
    named, first = products(git(repository, "show", "HEAD:README.md")), first_branches(repository)
    print(
        "# Drawn by make/pci.py; not to be edited. Device, chip, names, first branch that lists it."
    )
    print(
        f"# source: PCI ID database {version[1] if version else '?'}; README of "
        f"NVIDIA/open-gpu-kernel-modules {newest}"
    )
    for device, chip, name in devices(pci_ids):
        names = dict.fromkeys([*named.get(device, ()), *filter(None, name.split(" / "))])
        print(device, chip, " / ".join(names), first.get(device, ""), sep="\t")


if __name__ == "__main__":
    main()
