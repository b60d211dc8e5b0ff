"""Which components of the host's own archives a plan needs, and what of them is missing. Pure."""

from __future__ import annotations

from dataclasses import replace

from facts.model.host import HostState
from facts.model.packages import AptSource, DnfRepository
from facts.parse.apt import INLINE_KEY, OFF
from stacks.model.messages import Conflict
from stacks.model.plan import Plan
from tasks.repositories import archive_identity
from tasks.steps import files

SOURCES = "/etc/apt/sources.list.d/gpuwright-components.sources"
OPTIONS = {
    "arch": "Architectures",
    "architectures": "Architectures",
    "check-valid-until": "Check-Valid-Until",
    "by-hash": "By-Hash",
}
"""Options without which the same archive cannot be read, and their deb822 names (sources.list(5)).
None of them makes apt trust anything."""
UNCHECKED = ("trusted", "allow-insecure", "allow-weak", "allow-downgrade-to-insecure")
"""Options that let apt take what nobody has signed: never copied. apt refuses two sources for one
archive whose ``Trusted`` differ, so a file of ours cannot extend such an archive at all."""


def epel_due(state: HostState, plan: Plan) -> bool:
    """Whether the plan needs EPEL, which has dkms, and no repository of the host is it."""
    return "epel" in wanted(plan) and not any(
        "epel" in r.name or any("epel" in address for address in r.addresses)
        for r in _enabled_repositories(state)
    )


def epel_missing(state: HostState, plan: Plan) -> tuple[Conflict, ...]:
    """EPEL-MISSING: Red Hat's own repositories have no package that brings EPEL."""
    name, _, version = state.system.os.partition("-")
    if name != "rhel" or not epel_due(state, plan):
        return ()
    major = version.split(".")[0]
    return (
        Conflict(
            "EPEL-MISSING",
            "EPEL is not enabled on this host; dkms comes from there",
            "enabled are " + ", ".join(r.name for r in _enabled_repositories(state)),
            (
                "enable it: subscription-manager repos --enable codeready-builder-for-rhel-"
                f"{major}-{state.system.arch}-rpms && dnf install -y "
                f"https://dl.fedoraproject.org/pub/epel/epel-release-latest-{major}.noarch.rpm",
                "or name a mirror of it in a file below /etc/yum.repos.d whose id begins with epel",
            ),
            "docs.fedoraproject.org: EPEL, how to use it",
        ),
    )


def _enabled_repositories(state: HostState) -> list[DnfRepository]:
    return [r for r in state.package_manager.repositories if r.enabled]


def wanted(plan: Plan) -> tuple[str, ...]:
    """Components that the plan's packages live in, sorted."""
    parts = (plan.driver, plan.cuda)
    return tuple(sorted({c for part in parts if part for c in part.components}))


def sources_text(state: HostState, components: tuple[str, ...]) -> str | None:
    """Our deb822 file (sources.list(5)), or ``None`` where nothing is missing.

    Only the distribution's own archives of this release are extended (`archive_identity`).
    """
    stanzas = []
    for source in extended(state, components):
        lines = [
            "Types: deb",
            f"URIs: {' '.join(source.uris)}",
            f"Suites: {' '.join(source.suites)}",
            f"Components: {' '.join(source.components)}",
        ]
        if source.signed_by:
            lines.append(f"Signed-By: {source.signed_by}")
        lines += [
            f"{OPTIONS[name]}: {value.replace(',', ' ')}"
            for name, value in sorted(source.options.items())
            if name in OPTIONS
        ]
        stanzas.append("\n".join(lines) + "\n")
    return files.HEADER + "\n" + "\n".join(stanzas) if stanzas else None


def extended(state: HostState, components: tuple[str, ...]) -> list[AptSource]:
    """The host's archives that lack components, each with these and with this release's suites."""
    theirs = [s for s in state.package_manager.sources if s.file != SOURCES]
    found = []
    for source in theirs:
        own = [
            (uri, suite)
            for suite in source.suites
            for uri in source.uris
            if archive_identity.own(state, source, uri, suite)
        ]
        suites = tuple(dict.fromkeys(suite for _, suite in own))
        uris = tuple(dict.fromkeys(uri for uri, _ in own))
        missing = tuple(
            c
            for c in components
            if not _enabled(theirs, source, suites, c)
            and all(archive_identity.has(state, uri, suite, c) for uri, suite in own)
        )
        if "main" in source.components and suites and missing:
            found.append(replace(source, uris=uris, suites=suites, components=missing))
    return found


def unrepeatable(state: HostState, components: tuple[str, ...]) -> list[Conflict]:
    """Archives that we would have to repeat in a file of ours and cannot."""
    found = []
    for source in extended(state, components):
        secret = any("HIDDEN" in uri for uri in source.uris)
        inline = source.signed_by == INLINE_KEY
        unchecked = [n for n in UNCHECKED if source.options.get(n, "no").lower() not in OFF]
        if secret:
            why = "its address has a password; repeating that elsewhere would spread a secret"
        elif inline:
            why = "its key is in the file itself; apt refuses one archive with two keys"
        elif unchecked:
            why = (
                f"it says {unchecked[0]}={source.options[unchecked[0]]}; gpuwright adds no source "
                "that takes unsigned packages, and apt refuses to trust one archive in two ways"
            )
        else:
            continue
        found.append(
            Conflict(
                "SOURCE-PASSWORD"
                if secret
                else "SOURCE-KEY-INLINE"
                if inline
                else "SOURCE-UNCHECKED",
                f"the archive of {source.place} cannot be extended by a file of ours",
                why,
                (f"add the components there yourself: {' '.join(source.components)}",),
                "sources.list(5)",
            )
        )
    return found


def missing(state: HostState, components: tuple[str, ...]) -> tuple[Conflict, ...]:
    """COMPONENT-NONE: no archive of the distribution that is enabled here has a component."""
    if state.package_manager.kind != "apt" or not components:
        return ()
    sources = [s for s in state.package_manager.sources if s.file != SOURCES]
    coming = {c for s in extended(state, components) for c in s.components}
    enabled = {
        c
        for s in sources
        for c in s.components
        if any(map(archive_identity.in_release(state), s.suites))
    }
    lacking = [c for c in components if c not in coming | enabled]
    if not lacking:
        return ()
    known = [
        f"{source.place} ({archive_identity.described(state, uri, suite)})"
        for source in sources
        for uri in source.uris
        for suite in source.suites
    ]
    return (
        Conflict(
            "COMPONENT-NONE",
            f"no archive of {state.system.pretty or state.system.os} on this host has "
            f"{' and '.join(lacking)}",
            "enabled are "
            + ("; ".join(known[:6]) or "none")
            + (f" and {len(known) - 6} more" if len(known) > 6 else "")
            + "; what an archive is, its Release file says",
            (
                f"enable one that has {' and '.join(lacking)}, or let the mirror carry it",
                "where a mirror has other words in its Release file (Origin, Codename), add the "
                f"components to its source yourself: {' '.join(lacking)}",
            ),
            "sources.list(5); wiki.debian.org/DebianRepository/Format, Release files",
        ),
    )


def _enabled(
    sources: list[AptSource], like: AptSource, suites: tuple[str, ...], component: str
) -> bool:
    return all(
        any(
            suite in s.suites and set(s.uris) & set(like.uris) and component in s.components
            for s in sources
        )
        for suite in suites
    )
