"""Hosts as values: alike, with differences planted in some, and what a report must say of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tasks.drift.document import Report, made
from tasks.drift.reading import Component, Gpu, Kept, Moved, Reading, Seen

NOW = "2026-11-30T15:00:00Z"
TUESDAY = "2026-11-24T15:00:00Z"
OLD, NEW = "580.95.05 open from nvidia", "580.105.08 open from nvidia"
COMPONENTS = {
    "distribution": Component("debian-12 x86_64"),
    "GPUs": Component("8 × h100"),
    "driver": Component(OLD, OLD, True),
    "driver loaded": Component("580.95.05"),
    "CUDA": Component("11.8 from nvidia in /usr/local/cuda-11.8", "11.8 from nvidia", True),
    "cuDNN": Component("8.9.6 from gpuwright in /opt/gpuwright/cudnn-8", "8.9.6", True),
    "PyTorch": Component("2.9.1 cu128, Python 3.11, gpuwright", "2.9.1 cu128", True),
    "kernel of the next boot": Component("6.1.0-56-amd64"),
    "running kernel": Component("6.1.0-56-amd64"),
    "Secure Boot": Component("off"),
    "holds": Component("libcuda1; nvidia-driver", "libcuda1; nvidia-driver", True),
    "unattended upgrades": Component("on"),
    "GPU settings": Component("8 × ECC on, MIG off, persistence on, limit 700 W"),
}
GPUS = tuple(
    Gpu(f"0000:{n:02x}:00.0", "NVIDIA H100 80GB HBM3", True, "0 uncorrected errors, 41 °C")
    for n in range(0x10, 0x18)
)
FACTS = {
    "system": "Debian GNU/Linux 12 (bookworm), x86_64",
    "CPU": "AMD EPYC 9554 64-Core Processor",
    "glibc": "2.36",
    "packages of the environment": "nvidia-nccl-cu12 2.27.5; torch 2.9.1",
    "topology": "\tGPU0\tGPU1\nGPU0\t X \tNV18",
}


def host(name: str, /, group: str = "training", at: str = NOW, **changed: Component) -> Reading:
    """A healthy host; ``changed``: components in place of those of all, ``_`` for a blank."""
    other = {key.replace("_", " "): value for key, value in changed.items()}
    return Reading(
        name,
        group=group,
        read_at=at,
        asked_at=at,
        verdict="OK",
        proof="cuda-call (8 devices)",
        stack="pytorch-2.9",
        deploy="deploys/gpu_host.py",
        components={**COMPONENTS, **other},
        next_boot=True,
        next_boot_why="kernel 6.1.0-56-amd64, module 580.95.05",
        gpus=GPUS,
        held=("libcuda1", "nvidia-driver"),
        packages={"libcuda1": "580.95.05-1", "nvidia-driver": "580.95.05-1"},
        facts=FACTS,
        verify=Kept(at, "OK", "quick"),
    )


def alike(names: Iterable[str], at: str = NOW) -> list[Reading]:
    """Healthy hosts."""
    return [host(name, at=at) for name in names]


def planted() -> tuple[list[Reading], dict[str, Reading]]:
    """Ten hosts with planted drift, and what was read of them on Tuesday."""
    fleet = {reading.host: reading for reading in alike(f"gpu{n:02}" for n in range(1, 11))}
    earlier = {name: replace(r, read_at=TUESDAY, asked_at=TUESDAY) for name, r in fleet.items()}
    by = "unattended-upgrades"
    moves = (
        Moved("2026-11-25T05:12:33Z", "libcuda1", "580.95.05-1", "580.105.08-1", by),
        Moved("2026-11-25T05:12:34Z", "docker-ce", "28.1", "28.2", by),
    )
    fleet["gpu07"] = replace(host("gpu07", driver=Component(NEW, NEW, True)), moves=moves)
    fleet["gpu03"] = replace(
        host("gpu03", holds=Component("libcuda1", "libcuda1; nvidia-driver", False)),
        verdict="WARN",
        findings=(Seen("NOT-HELD", "WARN", "packages of the set can be moved", "nvidia-driver"),),
    )
    fleet["gpu05"] = host("gpu05", Secure_Boot=Component("on"))
    ill = Gpu(GPUS[0].where, GPUS[0].name, False, "a row of memory waits to be replaced")
    fleet["gpu02"] = replace(
        fleet["gpu02"],
        verdict="CRITICAL",
        gpus=(ill, *GPUS[1:]),
        findings=(
            Seen(
                *("GPU-ROW-PENDING", "CRITICAL", "a row of memory waits to be replaced"),
                *("remapping pending: Yes", "reset: stop what uses the GPU"),
                "nvidia-smi --gpu-reset -i 0000:10:00.0",
            ),
        ),
    )
    fleet["gpu08"] = replace(
        earlier["gpu08"],
        answered=False,
        why="it could not be reached",
        asked_at=NOW,
        verdict="UNKNOWN",
    )
    fleet["gpu09"] = replace(
        fleet["gpu09"], next_boot=False, next_boot_why="no module for 6.1.0-57"
    )
    return list(fleet.values()), earlier


PLANTED = {
    ("gpu03", "holds", ("plan", "group")),
    ("gpu05", "Secure Boot", ("group",)),
    ("gpu07", "driver", ("group",)),
}
"""Host, component, and against what: these, and no other."""


def report(inventory: str = "inventories/lab.py") -> Report:
    """The report on `planted`."""
    readings, earlier = planted()
    return made(readings, earlier, NOW, inventory, ["old.json.gz: cannot be read: cut off"])


def many(count: int) -> Report:
    """A large fleet in five groups, in which one host of 20 differs."""
    readings = []
    for number in range(count):
        driver = Component(NEW, OLD, False) if number % 20 == 0 else COMPONENTS["driver"]
        name = f"node-{number:04}.example.org"
        readings.append(host(name, f"rack {number % 5}", driver=driver))
    return made(readings, {}, NOW, "inventories/lab.py")
