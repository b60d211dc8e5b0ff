"""What an apt archive is: its Release file says so, and not the line that names it. Pure.

A mirror of Debian under any name has Debian's own Release file; somebody's archive with a component
``main`` and our codename has not. Where apt's lists have no Release file yet, as on a fresh cloud
image, only what is beyond doubt counts: files that the distribution brings, or a key of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from facts.model.host import HostState
from facts.model.packages import AptSource, Release
from facts.parse import releases

ORIGINS = {"debian": "Debian", "ubuntu": "Ubuntu"}
"""``ID`` of os-release to ``Origin`` of Release files."""
FILES = (
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d/debian.sources",
    "/etc/apt/sources.list.d/ubuntu.sources",
)
"""Where installers and cloud images of the distributions name their archives."""
KEYRINGS = (
    "/usr/share/keyrings/debian-archive-",
    "/usr/share/keyrings/ubuntu-archive-",
    "/etc/apt/trusted.gpg.d/debian-archive-",
    "/etc/apt/trusted.gpg.d/ubuntu-keyring-",
)
OURS = "/etc/apt/sources.list.d/gpuwright-"


def release_of(state: HostState, uri: str, suite: str) -> Release | None:
    """What the Release file says of this archive; None: apt has none."""
    arch = state.package_manager.architecture or "$(ARCH)"
    uri, suite = (text.replace("$(ARCH)", arch) for text in (uri, suite))
    return state.package_manager.releases.get(releases.stem(uri, suite))


def own(state: HostState, source: AptSource, uri: str, suite: str) -> bool:
    """Whether this archive is the distribution's own, of this host's release."""
    if not in_release(state)(suite):
        return False
    release = release_of(state, uri, suite)
    if release is not None:
        codename = release.codename or release.suite or ""
        # Backports have an origin of their own, "Debian Backports".
        origin = (release.origin or "").removesuffix(" Backports")
        return origin == _origin(state) and in_release(state)(codename)
    if _known(state):
        return False  # a dead source of somebody else: the distribution's own was read
    return source.file in FILES or (source.signed_by or "").startswith(KEYRINGS)


def has(state: HostState, uri: str, suite: str, component: str) -> bool:
    """Whether the archive has this component, as far as is known."""
    release = release_of(state, uri, suite)
    listed = release.components if release else ()
    # Debian's security archive was called ``updates/main`` in former releases.
    return not listed or any(c.rpartition("/")[2] == component for c in listed)


def in_release(state: HostState) -> Callable[[str], bool]:
    """Whether a suite's name is of this host's release: ``bookworm``, ``bookworm-security``."""
    codename = state.system.codename

    def test(suite: str) -> bool:
        bare = suite.split("/")[0]
        return codename is None or bare == codename or bare.startswith(f"{codename}-")

    return test


def strangers(state: HostState) -> tuple[tuple[AptSource, str, str], ...]:
    """Archives without which the distribution's packages can still be installed.

    Each is a source with an address and a suite of it. What of the distribution was never read is
    none of them, nor is what we have added.
    """
    read = _known(state)
    found = []
    for source in state.package_manager.sources:
        if source.file.startswith(OURS):
            continue
        for uri in source.uris:
            for suite in source.suites:
                release = release_of(state, uri, suite)
                if own(state, source, uri, suite) or _of_the_board(state, source, release):
                    continue
                pocket = in_release(state)(suite) and suite != state.system.codename
                if release is None and (not read or (pocket and "main" in source.components)):
                    continue  # it may well be what the host needs
                found.append((source, uri, suite))
    return tuple(found)


def named(uri: str, suite: str) -> str:
    """An archive as apt names it when it cannot read it: ``http://example.org/debian bookworm``.

    Users and passwords are no part of it.
    """
    scheme, mark, rest = uri.partition("://")
    if mark:
        host, slash, path = rest.partition("/")
        uri = f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
    elif uri.startswith("cdrom:"):
        uri = f"cdrom://{uri.removeprefix('cdrom:')}"
    return f"{uri.rstrip('/')} {suite}"


def _of_the_board(state: HostState, source: AptSource, release: Release | None) -> bool:
    """Whether it is an archive of Jetson Linux, on a Jetson: CUDA and JetPack come from there."""
    known = release is not None and release.origin == "NVIDIA"
    return state.jetson is not None and (known or "nvidia" in source.file)


def described(state: HostState, uri: str, suite: str) -> str:
    """An archive in words: ``bookworm: Origin Debian, with main contrib``."""
    release = release_of(state, uri, suite)
    if release is None:
        return f"{suite}: not read yet"
    parts = f" with {' '.join(release.components)}" if release.components else ""
    return f'{suite}: Origin "{release.origin or ""}"{parts}'


def _origin(state: HostState) -> str:
    name = state.system.os.partition("-")[0]
    return ORIGINS.get(name, name)


def _known(state: HostState) -> bool:
    """Whether apt has read the main archive of the host's own release."""
    return any(
        suite == state.system.codename
        and "main" in source.components
        and (release := release_of(state, uri, suite)) is not None
        and release.origin == _origin(state)
        for source in state.package_manager.sources
        for uri in source.uris
        for suite in source.suites
    )
