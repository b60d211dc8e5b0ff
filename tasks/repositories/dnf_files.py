"""One further repository for dnf: its key and its ``.repo`` file, which lets few packages in. Pure.

The key file is named by its content, so that a later run sees without any network whether the key
on the host is the one that was checked. dnf imports it from there when it first needs it, checks
the index against it (``repo_gpgcheck``) and every package (``gpgcheck``).
"""

from __future__ import annotations

import shlex

from facts.model.host import HostState
from facts.model.packages import DnfRepository
from stacks.model import address
from stacks.model.messages import Conflict
from stacks.model.plan import Repository
from tasks.layout import ASIDE
from tasks.repositories import identity
from tasks.steps import files
from tasks.templates import logins

KEYS = "/etc/pki/rpm-gpg"
FOLDER = "/etc/yum.repos.d"


def due(state: HostState, repository: Repository) -> bool:
    """Whether a file of ours is missing or differs, or a file of others names this repository."""
    return bool(others(state, repository)) or _key_there(state, repository) is None


def script(state: HostState, repository: Repository, keyring: bytes) -> str:
    """Shell that sets the repository up; it reads `private`.

    Args:
        state: What the probe saw.
        repository: The planned repository.
        keyring: Its keys, checked.
    """
    path = key_path(repository, keyring)
    aside = sorted({r.file for r in others(state, repository)})
    lines = [files.write_bytes_script(path, keyring)]
    lines += [f"mv {shlex.quote(f)} {shlex.quote(f + ASIDE)}" for f in aside]
    if private(repository, path):
        lines.append(f"({files.put_script(repo_path(repository))})")
    else:
        lines.append(files.write_script(repo_path(repository), repo_text(repository, path)))
    lines += [f"rm -f {shlex.quote(p)}" for p in _keys(state, repository) if p != path]
    return " &&\n".join(lines)


def private(repository: Repository, key: str = "") -> str:
    """Text of the ``.repo`` file where it holds a login, for root alone; empty: it has none.

    ``key`` is the path of the key file.
    """
    return repo_text(repository, key) if address.login(repository.address) else ""


def key_path(repository: Repository, keyring: bytes) -> str:
    """Where these keys lie on the host."""
    return f"{KEYS}/RPM-GPG-KEY-gpuwright-{repository.name}-{identity.digest(keyring)}"


def repo_path(repository: Repository) -> str:
    """Our ``.repo`` file."""
    return f"{FOLDER}/gpuwright-{repository.name}.repo"


def repo_text(repository: Repository, key: str) -> str:
    """The file (dnf.conf(5), "Repo options"). ``includepkgs`` hides every other package in it."""
    lines = [
        f"[gpuwright-{repository.name}]",
        f"name=Packages for gpuwright's plan ({repository.name})",
        f"baseurl={address.bare(repository.address)}",
        *logins.for_dnf(repository.address),
        "enabled=1",
        f"gpgcheck={int('packages' in repository.signed)}",
        f"repo_gpgcheck={int('index' in repository.signed)}",
        f"gpgkey=file://{key}",
    ]
    if repository.packages:
        lines.append(f"includepkgs={' '.join(repository.packages)}")
    trusted = f"# Trusted: {', '.join(repository.fingerprints)}\n"
    return files.HEADER + trusted + "\n".join(lines) + "\n"


def others(state: HostState, repository: Repository) -> list[DnfRepository]:
    """Entries in files of others that name this very repository, perhaps with another key."""
    ours = repo_path(repository)
    return [
        r
        for r in state.package_manager.repositories
        if r.file != ours and r.enabled and identity.same(repository.address, r.addresses)
    ]


def shared(state: HostState, repository: Repository) -> tuple[Conflict, ...]:
    """SOURCE-SHARED: files that name this repository among others and cannot be moved aside."""
    found = []
    for file in sorted({r.file for r in others(state, repository)}):
        whole = [r for r in state.package_manager.repositories if r.file == file]
        if all(identity.same(repository.address, r.addresses) for r in whole):
            continue
        name = next(r.name for r in whole if identity.same(repository.address, r.addresses))
        found.append(
            identity.shared(
                file,
                "others",
                f"its section [{name}] would bring the same packages past the plan's key and list "
                f"({repository.address})",
                f"switch it off: dnf config-manager --set-disabled {name}",
                "dnf.conf(5), repo options",
            )
        )
    return tuple(found)


def _keys(state: HostState, repository: Repository) -> list[str]:
    prefix = f"{KEYS}/RPM-GPG-KEY-gpuwright-{repository.name}-"
    return sorted(p for p in state.managed_files if p.startswith(prefix))


def _key_there(state: HostState, repository: Repository) -> str | None:
    """The key file that our ``.repo`` file names, where both are as they should be."""
    for path in _keys(state, repository):
        whole = state.managed_files[path].startswith(path.rpartition("-")[2])
        text = repo_text(repository, path)
        if whole and not files.differs(state, repo_path(repository), text):
            return path
    return None
