"""What a person says about one host, checked before it is used. Pure.

Every function takes the host's data (anything with ``get``) and raises `ValueError` with the key,
the value and what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from stacks.catalog.pci import counted
from stacks.catalog.read import Catalog
from stacks.model.host import Gpu
from stacks.model.plain import told
from tasks.hostdata import mirrors
from tasks.hostdata.reading import Data, Reader
from tasks.templates import waits as defaults

TRUSTED = ("nvidia", "toolkit", "docker")
"""Kinds of repository whose key host data may name."""
KERNEL_POLICIES = ("hold", "follow", "free")
"""What `tasks.guard.policy` says of each."""
Output = Literal["text", "json"]
OUTPUTS: tuple[Output, ...] = ("text", "json")
LOCK_WAIT_S = 600
"""Seconds to wait for dpkg's locks; jobs carry the host's own number as ``$LOCK_WAIT``."""
LEAST_WAIT_S = 5
"""Of a limit that host data set."""
MOST_GPUS = 1024
"""That one host is told to expect; the largest servers have sixteen."""
_COUNT = re.compile(r"[0-9]{1,12}")
_FINGERPRINT = re.compile(r"[0-9A-F]{40}")
BUNDLED = ("gpu_host", "image")
"""Deploys that take from a bundle."""
_BUNDLED = re.compile("|".join(BUNDLED))
_PLACE = "http://host:port/path, or the path of a folder on the host"
_SERVED = re.compile(r"http://[A-Za-z0-9._~:/@+,=%\[\]-]+")


@dataclass(frozen=True)
class PlanSettings:
    """What the resolver is told of a host, beside its stack."""

    expected_gpus: tuple[Gpu, ...]
    mirrors: dict[str, str]
    """The address of the preferred mirror of each kind, as `tasks.hostdata.mirrors` has it."""
    fingerprints: dict[str, tuple[str, ...]]
    """Keys trusted instead of the catalogue's, by kind, as in `TRUSTED`."""
    gpu_like: str | None = None
    """Key of the known GPU that stands for an unknown one."""
    gpu_names: Mapping[str, str] = field(default_factory=dict)
    """Keys of expected GPUs to what they are called there, where one id has several names."""


@dataclass(frozen=True)
class GuardSettings:
    """What the kernel guard is told."""

    kernel_policy: str | None
    """One of `KERNEL_POLICIES`; None: nothing is said."""
    textfile_folder: str
    """Where node_exporter's textfile collector reads; empty: nothing is said."""


@dataclass(frozen=True)
class Waits:
    """How long this host may take, in seconds; what each is: `tasks.templates.waits`."""

    answer: int = defaults.ANSWER_S
    silence: int = defaults.SILENCE_S
    job: int = defaults.JOB_S


def plan_settings(data: Data, catalog: Catalog) -> PlanSettings:
    """What the resolver is told."""
    names = [model for model, _ in _expected(data)]
    return PlanSettings(
        expected_gpus(data, catalog),
        mirrors.first(mirrors.candidates(data)),
        _fingerprints(data),
        gpu_like(data, catalog),
        catalog.known.called_by(names),
    )


def guard_settings(data: Data) -> GuardSettings:
    """What the kernel guard is told."""
    reader = Reader(data)
    policy = reader.choice("kernel_policy", KERNEL_POLICIES, None)
    folder = reader.path("textfile_folder", "a path such as /var/lib/node_exporter")
    return GuardSettings(policy, folder.rstrip("/"))


def stack(data: Data) -> str:
    """``stack``: the name of one, or the path of a file; empty where nothing is said."""
    reader, expected = Reader(data), "the name of a stack, or the path of its file"
    reader.file("stack", expected)
    return reader.text("stack", expected)


def rollback(data: Data) -> int:
    """``rollback``: how many environments, or images, to go back; 0 where nothing is said."""
    return Reader(data).count("rollback", 0)


def lock_wait(data: Data) -> int:
    """``lock_wait``: seconds to wait for whoever holds the package manager."""
    return Reader(data).count("lock_wait", LOCK_WAIT_S)


def waits(data: Data) -> Waits:
    """``answer_wait``, ``silence_wait`` and ``job_limit``: when this host is no longer waited for.

    Five seconds at least: none of the three means "for ever".
    """
    reader = Reader(data)
    return Waits(
        reader.count("answer_wait", defaults.ANSWER_S, least=LEAST_WAIT_S),
        reader.count("silence_wait", defaults.SILENCE_S, least=LEAST_WAIT_S),
        reader.count("job_limit", defaults.JOB_S, least=LEAST_WAIT_S),
    )


def bundle(data: Data) -> Path | None:
    """``bundle``: a folder of this machine that `tasks.bundle` fills and others read."""
    return Reader(data).file("bundle", "a folder of this machine")


def bundle_at(data: Data) -> str:
    """``bundle_at``: where hosts find the bundle; empty: through the connection of the run.

    An address, or the path of a folder on the host.
    """
    said = Reader(data).text("bundle_at", _PLACE).rstrip("/")
    if not said or (said.startswith("/") and said.isprintable() and "'" not in said):
        return said
    if not _SERVED.fullmatch(said):
        raise Reader(data).wrong("bundle_at", said, _PLACE)
    return said


def bundle_key(data: Data) -> str:
    """``bundle_key``: the only key that a bundle may be signed with; empty: its manifest's."""
    said = Reader(data).text("bundle_key", "the fingerprint that the collecting run printed")
    found = "".join(said.split()).upper()
    if found and not _FINGERPRINT.fullmatch(found):
        raise Reader(data).wrong("bundle_key", said, "a fingerprint of 40 hexadecimal digits")
    return found


def bundle_for(data: Data) -> tuple[str, ...]:
    """``bundle_for``: the deploys that a bundle is collected for; empty: nothing is said."""
    return Reader(data).matches("bundle_for", _BUNDLED, f"some of {', '.join(BUNDLED)}")


def output(data: Data) -> Output:
    """``format``: how a deploy that only asks gives its answer."""
    return Reader(data).choice("format", OUTPUTS, "text")


def adopt_folder(data: Data) -> Path:
    """``adopt_folder``: the folder of this machine that an adopted host's files are written to."""
    return Reader(data).file("adopt_folder", "a folder of this machine") or Path("adopted")


def like(data: Data) -> str:
    """``like``: the host that others are compared with; empty where nothing is said."""
    return Reader(data).text("like", "the name of a host of the inventory")


def expected_gpus(data: Data, catalog: Catalog) -> tuple[Gpu, ...]:
    """``expected_gpus``: a count, a model (``h100``), ``h100:8``, or a list of these."""
    gpus: list[Gpu] = []
    for model, count in _expected(data):
        key = _model("expected_gpus", model, catalog) if model else None
        gpus += [Gpu(key)] * count
    return tuple(gpus)


def _expected(data: Data) -> list[tuple[str, int]]:
    """Names of expected GPUs, and how many; an empty name: a count alone."""
    reader = Reader(data)
    said = reader.said("expected_gpus")
    found: list[tuple[str, int]] = []
    for item in said if isinstance(said, list | tuple) else [] if said is None else [said]:
        text = str(item).lower()
        model, times = ("", text) if _COUNT.fullmatch(text) else counted(text)
        counts = times is not None and _COUNT.fullmatch(times)
        count = int(times) if times and counts else 1
        if sum(number for _, number in found) + count > MOST_GPUS:
            raise reader.wrong("expected_gpus", item, f"{MOST_GPUS} GPUs at most")
        if counts and not model:
            found.append(("", count))
            continue
        if (times is not None and not counts) or isinstance(item, Mapping | list | tuple):
            expected = "a count, a model, or model:count such as h100:8"
            raise reader.wrong("expected_gpus", item, expected)
        found.append((model, count))
    return found


def gpu_like(data: Data, catalog: Catalog) -> str | None:
    """``gpu_like``: the known GPU that stands for one that the catalogue does not know."""
    said = Reader(data).text("gpu_like")
    return _model("gpu_like", said, catalog) if said else None


def _model(key: str, name: str, catalog: Catalog) -> str:
    found = catalog.known.key(name)
    if found is None:
        raise ValueError(f'"{key}" names {told(name)}. {catalog.known.like(name)}')
    return found


def _fingerprints(data: Data) -> dict[str, tuple[str, ...]]:
    """Whole fingerprints, 40 hexadecimal digits in upper case; blanks between them go."""
    reader = Reader(data)
    said = reader.mapping(
        "fingerprints", TRUSTED, "a mapping such as {'nvidia': ['40 hex digits']}"
    )
    found = {}
    for kind, listed in said.items():
        keys = tuple(
            "".join(str(key).split()).upper()
            for key in (listed if isinstance(listed, list | tuple) else [listed])
        )
        for key in keys:
            if not _FINGERPRINT.fullmatch(key):
                raise reader.wrong(
                    f"fingerprints.{kind}",
                    key,
                    "whole fingerprints of 40 hexadecimal digits (gpg --show-keys FILE prints "
                    "them); a short key id can be forged",
                )
        if not keys:
            raise reader.wrong(f"fingerprints.{kind}", listed, "at least one fingerprint")
        found[kind] = keys
    return found
