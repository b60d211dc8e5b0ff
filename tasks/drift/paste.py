"""What a bug report needs of each host, to paste: ``--data format=env``. Pure.

What torch's ``collect_env`` prints, and what it lacks: NCCL, the kernel module's flavour, topology,
ECC, toolkit, holds, the kernel of the next boot. Names, serial numbers and addresses are masked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from stacks.model.plain import one_line, plain
from tasks.drift.reading import Reading

_MASKS = (
    (re.compile(r"\b(GPU|MIG)-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), r"\1-MASKED"),
    (re.compile(r"\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "UUID"),
    (re.compile(r"\b([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\b"), "MAC"),
    (re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F:]{1,39}(?![\w:.])"), "ADDRESS"),
    (re.compile(r"://[^/\s\"';,]+"), "://SERVER"),
    (re.compile(r"(?i)\b(serial(?: number)?)\b(\W{1,4})\w+"), r"\1\2MASKED"),
    (re.compile(r"(/home/)[^/\s]+"), r"\1USER"),
)
_QUAD = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
"""An address, or a version: of parts with versions alone it stays."""
_VERSIONED = ("driver", "driver loaded", "CUDA", "cuDNN", "NCCL of the system", "PyTorch")
_PACKAGES = "packages of the environment"
_COMPONENTS = (
    *("GPUs", "driver", "driver loaded", "running kernel", "kernel of the next boot"),
    *("kernel policy", "Secure Boot", "GPU settings", "persistence daemon", "CUDA", "cuDNN"),
    *("NCCL of the system", "PyTorch", "engines", "NVIDIA Container Toolkit", "holds", "pins"),
    *("unattended upgrades", "package index"),
)


def text(readings: Iterable[Reading]) -> str:
    """A block per host, in the order of their names."""
    every = sorted(readings, key=lambda reading: reading.host)
    masks = {reading.host: f"host-{number}" for number, reading in enumerate(every, 1)}
    return "\n".join(line for reading in every for line in (*_lines(reading, masks), ""))


def _lines(reading: Reading, masks: dict[str, str]) -> Iterator[str]:
    def masked(words: str, versions: bool = False) -> str:
        return without_names(words, masks, versions)

    yield f"{masks[reading.host]}:"
    if not reading.read_at:
        yield f"  not read: {masked(one_line(reading.why))}"
        return
    yield f"  read: {reading.read_at}" + ("" if reading.answered else " (it no longer answers)")
    yield f"  stack: {reading.stack or 'none is named'}"
    yield f"  verdict: {reading.verdict}; proof: {masked(one_line(reading.proof)) or 'none'}"
    facts = dict(reading.facts)
    topology = facts.pop("topology", "")
    for name, words in facts.items():
        yield f"  {name}: {masked(one_line(words), name == _PACKAGES)}"
    for name in _COMPONENTS:
        component = reading.components.get(name)
        said = component.actual if component else None
        yield f"  {name}: {masked(said, name in _VERSIONED) if said else 'not known'}"
    boot = {True: "yes", False: "no", None: "not known"}[reading.next_boot]
    yield f"  ready for the next boot: {boot} ({masked(one_line(reading.next_boot_why))})"
    for gpu in reading.gpus:
        yield f"  GPU {gpu.where}: {masked(one_line(f'{gpu.name}, {gpu.said}'))}"
    for finding in reading.findings:
        words = f"{finding.what}; {finding.observed}"
        yield f"  {finding.code} {finding.level}: {masked(one_line(words))}"
    if topology:
        yield "  topology:"
        yield from (f"    {masked(plain(line))}" for line in topology.splitlines())


def without_names(words: str, masks: dict[str, str], versions: bool = False) -> str:
    """The words without names of hosts, serial numbers, addresses and homes.

    Args:
        words: What may hold some.
        masks: A host's name to what stands for it.
        versions: Whether four numbers are a version there.
    """
    if not versions:
        words = _QUAD.sub("ADDRESS", words)
    for pattern, mask in _MASKS:
        words = pattern.sub(mask, words)
    for name in sorted(masks, key=len, reverse=True):
        for form in {name, name.split(".")[0]}:
            if len(form) > 1:
                words = re.sub(rf"(?<![\w-]){re.escape(form)}(?![\w-])", masks[name], words)
    return words
