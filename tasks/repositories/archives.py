"""Which components of the host's own archives a plan needs, and what of them is missing. Pure."""

from __future__ import annotations

from dataclasses import replace

from facts.model.host import HostState
from facts.model.packages import AptSource, DnfRepository
from stacks.model.messages import Conflict
from stacks.model.plan import Plan
from tasks.steps import files

SOURCES = "/etc/apt/sources.list.d/gpuwright-components.sources"
OPTIONS = {
    "arch": "Architectures",
    "architectures": "Architectures",
    "trusted": "Trusted",
    "check-valid-until": "Check-Valid-Until",
    "allow-insecure": "Allow-Insecure",
    "allow-weak": "Allow-Weak",
    "by-hash": "By-Hash",
}
"""Options without which the same archive cannot be read, and their deb822 names (sources.list(5)).
apt also refuses two sources for one archive whose ``Trusted`` differ."""


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

    Only archives that give ``main`` for this release are extended: a third-party list has no
    ``non-free``, and another release's has the wrong one.
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
        suites = tuple(s for s in source.suites if _of_release(s, state.system.codename))
        missing = tuple(c for c in components if not _enabled(theirs, source, suites, c))
        if "main" in source.components and suites and missing:
            found.append(replace(source, suites=suites, components=missing))
    return found


def _of_release(suite: str, codename: str | None) -> bool:
    bare = suite.split("/")[0]
    return codename is None or bare == codename or bare.startswith(f"{codename}-")


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
