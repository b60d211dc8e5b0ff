"""One further repository for apt: its key, its source, and a pin that lets few packages in. Pure.

The keyring is named by its content, so that a later run sees without any network whether the key
on the host is the one that was checked.
"""

from __future__ import annotations

import shlex

from facts.model.host import HostState
from facts.model.packages import AptSource
from stacks.model import address
from stacks.model.messages import Conflict
from stacks.model.plan import Repository
from tasks.layout import ASIDE
from tasks.repositories import identity
from tasks.steps import files
from tasks.templates import logins

KEYRINGS = "/usr/share/keyrings"
SOURCES = "/etc/apt/sources.list.d"
LOGINS = "/etc/apt/auth.conf.d"
QUIET = "/etc/apt/apt.conf.d/52gpuwright-old-files"
"""apt says at each call that it ignores such a file; here it is told not to (apt.conf(5))."""
QUIET_TEXT = files.HEADER.replace("#", "//", 1) + f'Dir::Ignore-Files-Silently:: "\\{ASIDE}$";\n'


def due(state: HostState, repository: Repository) -> bool:
    """Whether a file of ours is missing or differs, or a file of others names this repository."""
    return bool(others(state, repository)) or _keyring_there(state, repository) is None


def script(state: HostState, repository: Repository, keyring: bytes) -> str:
    """Shell that sets the repository up; it reads `private`.

    Args:
        state: What the probe saw.
        repository: The planned repository.
        keyring: Its keys, checked.
    """
    path = key_path(repository, keyring)
    lines = [
        files.write_bytes_script(path, keyring),
        files.write_script(pins_path(repository), pins_text(repository)),
    ]
    aside = sorted({s.file for s in others(state, repository)})
    if aside:
        lines.append(files.write_script(QUIET, QUIET_TEXT))
    lines += [f"mv {shlex.quote(f)} {shlex.quote(f + ASIDE)}" for f in aside]
    if private(repository):
        lines.append(f"({files.put_script(login_path(repository))})")
    elif login_path(repository) in state.managed_files:
        lines.append(f"rm -f {login_path(repository)}")
    lines.append(files.write_script(sources_path(repository), sources_text(repository, path)))
    lines += [f"rm -f {shlex.quote(p)}" for p in _keyrings(state, repository) if p != path]
    return " &&\n".join(lines)


def private(repository: Repository, key: str = "") -> str:
    """Text of the file with the repository's login, for root alone; empty: it has none.

    ``key`` is not in it.
    """
    line = logins.for_apt(repository.address)
    return f"{files.HEADER}{line}\n" if line else ""


def login_path(repository: Repository) -> str:
    """Where apt finds that login: apt_auth.conf(5)."""
    return f"{LOGINS}/gpuwright-{repository.name}.conf"


def key_path(repository: Repository, keyring: bytes) -> str:
    """Where these keys lie on the host."""
    return f"{KEYRINGS}/gpuwright-{repository.name}-{identity.digest(keyring)}.gpg"


def sources_path(repository: Repository) -> str:
    """Our deb822 file."""
    return f"{SOURCES}/gpuwright-{repository.name}.sources"


def pins_path(repository: Repository) -> str:
    """Our preferences file. It sorts behind all others, so that a narrower pin is found first."""
    return f"/etc/apt/preferences.d/zz-gpuwright-{repository.name}"


def sources_text(repository: Repository, keyring: str) -> str:
    """The deb822 file (sources.list(5)); a flat repository has a path for its suite."""
    lines = [
        f"# Trusted: {', '.join(repository.fingerprints)}",
        "Types: deb",
        f"URIs: {address.bare(repository.address)}",
        f"Suites: {repository.suite or '/'}",
        f"Components: {repository.component}" if repository.suite else "",
        f"Architectures: {repository.arch}" if repository.arch else "",
        f"Signed-By: {keyring}",
    ]
    return files.HEADER + "".join(f"{line}\n" for line in lines if line)


def pins_text(repository: Repository) -> str:
    """Preferences (apt_preferences(5)): only the plan's packages, before the distribution's own.

    The pattern ``?*`` means every package as ``*`` does, but makes a specific record: a general
    one would lose against the catch-all pin that NVIDIA's own instructions leave behind.
    """
    release = f"Pin: release l={repository.label}"
    return (
        files.HEADER
        + "\n"
        + (
            f"Package: {' '.join(repository.packages)}\n{release}\nPin-Priority: 600\n\n"
            if repository.packages
            else ""
        )
        + f"Package: ?*\n{release}\nPin-Priority: -1\n"
    )


def others(state: HostState, repository: Repository) -> list[AptSource]:
    """Sources in files of others that name this very repository.

    apt refuses two sources for one repository whose ``Signed-By`` differ, and one without it
    would trust every key of the host.
    """
    ours = sources_path(repository)
    return [
        s
        for s in state.package_manager.sources
        if s.file != ours
        and _same(state, repository, s)
        and (not repository.suite or repository.suite in s.suites)
    ]


def _same(state: HostState, repository: Repository, source: AptSource) -> bool:
    """Whether a source lies at the repository's address; apt puts its own name for ``$(ARCH)``."""
    arch = state.package_manager.architecture or "$(ARCH)"
    uris = (uri.replace("$(ARCH)", arch) for uri in source.uris)
    return identity.same(repository.address, uris)


def shared(state: HostState, repository: Repository) -> tuple[Conflict, ...]:
    """SOURCE-SHARED: files that name this repository among others and cannot be moved aside."""
    found = []
    for file in sorted({s.file for s in others(state, repository)}):
        whole = [s for s in state.package_manager.sources if s.file == file]
        if file != "/etc/apt/sources.list" and all(_same(state, repository, s) for s in whole):
            continue
        found.append(
            identity.shared(
                file,
                "other archives",
                f"it stands there with another key than the plan's ({repository.address}); apt "
                "refuses one repository with two keys",
                f"take it out of {file}; gpuwright adds it with its own key",
                "sources.list(5), Signed-By",
            )
        )
    return tuple(found)


def _keyrings(state: HostState, repository: Repository) -> list[str]:
    prefix = f"{KEYRINGS}/gpuwright-{repository.name}-"
    return sorted(p for p in state.managed_files if p.startswith(prefix))


def _keyring_there(state: HostState, repository: Repository) -> str | None:
    """The keyring that our source names, where all three files are as they should be."""
    if files.differs(state, pins_path(repository), pins_text(repository)):
        return None
    login = private(repository)
    if (
        files.differs(state, login_path(repository), login)
        if login
        else login_path(repository) in state.managed_files
    ):
        return None
    for path in _keyrings(state, repository):
        digest = path.rpartition("-")[2].removesuffix(".gpg")
        whole = state.managed_files[path].startswith(digest)
        text = sources_text(repository, path)
        if whole and not files.differs(state, sources_path(repository), text):
            return path
    return None
