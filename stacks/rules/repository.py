"""NVIDIA's package repository for a host: address, key, and what may be taken from it."""

from __future__ import annotations

import fnmatch
import functools

from stacks.catalog.distributions import CudaOffer, Distribution, DriverOffer
from stacks.catalog.releases import family_of, version_of
from stacks.model.change import Change, Way
from stacks.model.plan import CudnnPlan, Repository
from stacks.rules import elsewhere
from stacks.rules.case import Case


def folder(case: Case, default: str | None) -> str | None:
    """The repository's folder (``ubuntu2204``): that of a mirror's address, else ``default``."""
    parts = case.profile.indexes.get("nvidia", "").strip("/").split("/")
    known = case.catalog.repositories.repositories
    return next((part for part in parts if part in known), default)


def repository(
    case: Case, kind: str, name: str, arch: str, packages: tuple[str, ...]
) -> Repository:
    """NVIDIA's repository ``name`` (``ubuntu2204``), of which ``packages`` may be taken.

    Host data can name a mirror in NVIDIA's layout, by its base or by its whole address, and the
    fingerprints that are trusted there instead of the catalogue's.

    Args:
        case: The host's case.
        kind: ``apt`` or ``dnf``.
        name: Folder below the base.
        arch: Folder of the architecture: ``x86_64``, ``sbsa``, ``arm64``.
        packages: Shell patterns.
    """
    table = case.catalog.repositories
    mirror = case.profile.indexes.get("nvidia", "")
    base = (mirror or table.base).rstrip("/") + "/"
    whole = folder(case, None) is not None
    key = table.repositories[name]
    return Repository(
        name="nvidia-cuda",
        kind="dnf" if kind == "dnf" else "apt",
        address=base if whole else f"{base}{name}/{arch}/",
        key=f"{key}.pub",
        fingerprints=case.profile.fingerprints.get("nvidia")
        or tuple(filter(None, (table.keys[key].fingerprint,))),
        packages=packages,
    )


def taken(
    offer: DriverOffer | None, cuda: CudaOffer | None, cudnn: CudnnPlan | None
) -> tuple[str, ...]:
    """Patterns of all packages that the plan's parts may take from NVIDIA's repository."""
    found: list[str] = []
    if offer and offer.origin == "nvidia":
        found += [*offer.packages, *offer.held, *offer.pinning]
    if cuda and cuda.origin == "nvidia":
        found += [*cuda.packages, *cuda.held, *cuda.along]
    if cudnn and cudnn.origin == "nvidia":
        found += [*cudnn.packages, *cudnn.held]
    return _uncovered(tuple(found))


@functools.lru_cache(maxsize=256)
def _uncovered(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns that no other one covers. A fleet has few different lists."""
    return tuple(
        sorted(
            name
            for name in {*patterns}
            if not any(p != name and fnmatch.fnmatchcase(name, p) for p in patterns)
        )
    )


def planned(case: Case, dist: Distribution, packages: tuple[str, ...]) -> tuple[Repository, ...]:
    """The repositories of a plan that takes ``packages`` from NVIDIA; none where it takes none."""
    name = folder(case, dist.nvidia_repository)
    if not packages or name is None:
        return ()
    table = case.catalog.repositories
    made = repository(case, dist.family, name, table.arches[case.profile.arch], packages)
    case.reason(
        "repository",
        made.address,
        f"NVIDIA's repository for {dist.name}, trusted by the key {', '.join(made.fingerprints)} "
        "only, and only for the packages of this plan",
        table.cite,
    )
    return (made,)


def check_key(case: Case, dist: Distribution) -> None:
    """The NVIDIA repository in use must be one whose key this host may trust.

    REPO-KEY-SHA1: apt on this host refuses the key. REPO-KEY-UNKNOWN: the catalogue does not know
    its fingerprint. A mirror whose own key the host data trust carries another signature.
    """
    if case.profile.fingerprints.get("nvidia"):
        return
    table = case.catalog.repositories
    name = folder(case, dist.nvidia_repository)
    key = table.repositories.get(name or "")
    if key and table.keys[key].fingerprint is None:
        near = elsewhere.closest(
            case.catalog, family_of(case.profile.os), version_of(case.profile.os)
        )
        case.conflict(
            "REPO-KEY-UNKNOWN",
            f"NVIDIA's {name} repository cannot be trusted: the fingerprint of its key is not "
            "known.",
            f"It is signed by the key in {key}.pub. Nobody of us has seen the whole fingerprint "
            "of that key in a source beside the repository itself, and a key is trusted by its "
            "whole fingerprint alone.",
            *(
                [
                    Way(
                        f"Use {elsewhere.called(near)}: `{case.command(os=near)}`.",
                        Change.to(os=near),
                    )
                ]
                if near
                else []
            ),
            "If you have the fingerprint from a source that you trust, name it in the host data: "
            "`fingerprints: {nvidia: ['40 HEX DIGITS']}`. "
            f"`gpg --show-keys {key}.pub` prints that of the file.",
        )
    if key and table.keys[key].sha1 and dist.sha1_keys_refused:
        case.conflict(
            "REPO-KEY-SHA1",
            f"{dist.name} refuses NVIDIA's {name} repository as not signed.",
            f"Its key {key} carries a SHA-1 self-signature, which apt with sqv rejects since "
            f"{dist.sha1_keys_refused}. NVIDIA does not change keys of existing repositories.",
            f"Use the {dist.nvidia_repository} repository "
            f"(key {table.repositories.get(dist.nvidia_repository or '', '?')}): leave the folder "
            "out of host data `mirrors: {nvidia: …}`.",
            Way("Take the driver from the distribution: {how}.", Change.of(driver_origin="debian")),
        )
