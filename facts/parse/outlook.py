"""What ``facts/outlook.sh`` prints."""

from __future__ import annotations

from collections import defaultdict

from facts.model.outlook import Outlook, Unfetchable
from facts.parse.debversion import version_key
from facts.parse.sections import marked


def outlook(output: list[str]) -> Outlook:
    """The package manager's answers. Raises `ProbeError` where they were cut off."""
    parts = marked(output)
    simulation = parts.get("simulation", [])
    unfetchable = (line.partition("|") for line in parts.get("unfetchable", []))
    return Outlook(
        unread=" ".join(parts.get("unread", [])) or ("" if "unread" not in parts else "no reason"),
        unfetchable=tuple(Unfetchable(name, version) for name, _, version in unfetchable),
        removals=tuple(
            line.split()[1].partition(":")[0]
            for line in simulation
            if line.startswith("Remv ") and len(line.split()) > 1
        ),
        repair_fails=" ".join(line for line in simulation if line.startswith("E: ")),
        complaints=tuple(" ".join(line.split()) for line in parts.get("check", [])),
        headers=_headers(parts["headers"]) if "headers" in parts else None,
        newest=_newest(parts.get("newest", [])),
    )


def _headers(lines: list[str]) -> dict[str, bool]:
    words = (line.split() for line in lines)
    return {found[0]: found[1] == "yes" for found in words if len(found) == 2}


def _newest(lines: list[str]) -> dict[str, str]:
    """By metapackage the newest release of which both headers and image can be had."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for line in lines:
        words = line.split()
        if len(words) == 3:
            found[words[0]][words[1]].add(words[2])
    both = {meta: kinds["headers"] & kinds["image"] for meta, kinds in found.items()}
    return {meta: max(releases, key=version_key) for meta, releases in both.items() if releases}
