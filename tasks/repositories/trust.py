"""Which keys a repository may be trusted by: those that the plan names, and no other. Pure."""

from __future__ import annotations

import base64
import time

from facts.parse import openpgp
from facts.parse.repository import RepositoryAnswer
from stacks.model.messages import Conflict
from stacks.model.plan import Repository

SOURCE = "docs/gpu-host.md: NVIDIA's repository"


def conflicts(repository: Repository, answer: RepositoryAnswer, now: float) -> tuple[Conflict, ...]:
    """Why this repository cannot be used as it answers; empty: its keys are those of the plan.

    ``now`` is in seconds since 1970.
    """
    if answer.key is None:
        return (_unreachable(repository, answer),)
    found = _key(repository, answer, now)
    if found is not None:
        return (found,)
    if answer.why is not None:
        return (_unreachable(repository, answer),)
    if repository.kind == "apt" and answer.label != repository.label:
        return (_label(repository, answer),)
    return ()


def keyring(answer: RepositoryAnswer) -> bytes:
    """The keys of an answer that has no conflict, in the binary form that apt reads."""
    return openpgp.read(base64.b64decode(answer.key or "")).binary


def _unreachable(repository: Repository, answer: RepositoryAnswer) -> Conflict:
    remedies = [
        "try it from the host itself; it may need a proxy (apt.conf: Acquire::http::Proxy, "
        "dnf.conf: proxy) or a name server",
        f"or name a mirror that the host can reach: {_mirrors(repository)}",
    ]
    if "ertificate" in (answer.why or ""):
        remedies.insert(0, "let the host know the certificates: apt-get install ca-certificates")
    return Conflict(
        "REPO-UNREACHABLE",
        f"the host cannot read the repository {repository.address}",
        answer.why or "no reason was given",
        tuple(remedies),
        SOURCE,
    )


def _key(repository: Repository, answer: RepositoryAnswer, now: float) -> Conflict | None:
    """REPO-KEY, unless every primary key in the file is pinned and one of them still lives."""
    address = repository.key_address
    pinned = {p.replace(" ", "").upper() for p in repository.fingerprints}
    try:
        keys = openpgp.read(base64.b64decode(answer.key or ""))
    except openpgp.OpenPgpError as error:
        return Conflict(
            "REPO-KEY",
            f"what lies at {address} is not the key of that repository",
            str(error),
            (
                "look at it: a proxy or a log-in page may answer in the repository's place",
                f"or name another mirror: {_mirrors(repository)}",
            ),
            SOURCE,
        )
    found = keys.fingerprints
    if all(f in pinned for f in found):
        ended = [end for end in keys.ends if end is not None and end <= now]
        return _ended(repository, address, keys, max(ended)) if len(ended) == len(found) else None
    told = ", ".join(f"'{f}'" for f in found)
    return Conflict(
        "REPO-KEY",
        f"the repository {repository.address} has a key that this plan does not trust",
        f"the file {address} holds {', '.join(found)}; trusted are "
        + (", ".join(sorted(pinned)) or "none"),
        (
            "do not go on before you know why: compare with what its maker, or whoever runs the "
            "mirror, has announced elsewhere",
            "if the key was changed there and the new one is right, say so in the host's data: "
            f"fingerprints = {{'{repository.source}': [{told}]}}",
            "if not, somebody else answers for that address: take another mirror",
        ),
        SOURCE,
    )


def _ended(repository: Repository, address: str, keys: openpgp.Keys, end: int) -> Conflict:
    day = time.strftime("%Y-%m-%d", time.gmtime(end))
    return Conflict(
        "REPO-KEY",
        f"the key of the repository {repository.address} has expired",
        f"the file {address} holds {', '.join(keys.fingerprints)}, which ended on {day}",
        (
            "if that day is still to come, set the clock of this machine",
            "let the mirror carry the newest key file of the original: a key whose life was "
            "prolonged keeps its fingerprint, and nothing else has to change",
            f"or take another mirror: {_mirrors(repository)}",
        ),
        SOURCE,
    )


def _label(repository: Repository, answer: RepositoryAnswer) -> Conflict:
    return Conflict(
        "REPO-LABEL",
        f"the repository {repository.address} does not say what it is",
        f'its Release file has the label "{answer.label or ""}"; apt\'s pins know it by '
        f'"{repository.label}"',
        (
            f"correct the address: {_mirrors(repository)}",
            f'or let the mirror keep the line "Label: {repository.label}" of the original',
        ),
        SOURCE,
    )


def _mirrors(repository: Repository) -> str:
    return f"mirrors: {{{repository.source}: ADDRESS}} in the host's data"
