"""What a package repository offers, as the host sees it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from facts.model.shown import Shown
from facts.parse.sections import ProbeError, Section, fields, split


@dataclass(frozen=True)
class RepositoryAnswer(Shown):
    """One repository's answer. ``why`` is set where something of it could not be read."""

    address: str
    key: str | None
    """The key file, as base64."""
    label: str | None
    """``Label:`` of its Release file (apt only)."""
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Package to versions, for the packages asked about; of rpm packages without their epoch."""
    why: str | None = None
    """What could not be fetched, and what the host's own program said of it."""


def answers(output: Iterable[str], addresses: Iterable[str]) -> tuple[RepositoryAnswer, ...]:
    """The answers of all repositories asked, in their order.

    Raises `ProbeError` where the output is cut off.
    """
    text = split(output)
    return tuple(
        _answer(text[f"repository {at}"], address, text.unread.get(f"repository{at}"))
        for at, address in enumerate(addresses)
    )


def _answer(section: Section, address: str, why: str | None) -> RepositoryAnswer:
    versions: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for line in section.part("offer"):
        name, version = fields(line, 2)
        versions[name][version] = None
    key = "".join(line.strip() for line in section.part("key"))
    if not key and why is None:
        raise ProbeError(f"{address} gave no key and no reason")
    return RepositoryAnswer(
        address=address,
        key=key or None,
        label=section.first("label"),
        versions={name: tuple(found) for name, found in versions.items()},
        why=why,
    )
