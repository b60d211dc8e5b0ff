"""Module metadata of the dnf double, in modulemd's form: which driver a stream has."""

from collections.abc import Mapping
from typing import Any

import yaml

from sandbox.doubles.rpm import Rpm


def streams(drivers: Mapping[str, list[tuple[Rpm, str]]]) -> str:
    """Module metadata: per branch and for the newest, a stream of each flavour.

    ``580`` and ``latest`` stand for NVIDIA's precompiled modules; here they have none.
    """
    newest = max(drivers, key=lambda version: [int(part) for part in version.split(".")])
    branches = sorted({version.split(".")[0] for version in drivers})
    names = {"": "latest", "proprietary": "latest-dkms", "open": "open-dkms"}
    suffixes = {"": "", "proprietary": "-dkms", "open": "-open"}
    documents = []
    for flavour, suffix in suffixes.items():
        for branch in branches:
            mine = [v for v in drivers if v.split(".")[0] == branch]
            documents.append(_stream(branch + suffix, flavour, mine, drivers))
        mine = [v for v in drivers if v.split(".")[0] == newest.split(".")[0]]
        documents.append(_stream(names[flavour], flavour, mine, drivers))
    return yaml.safe_dump_all(documents, explicit_start=True, explicit_end=True, sort_keys=False)


def _stream(
    stream: str,
    flavour: str,
    versions: list[str],
    drivers: Mapping[str, list[tuple[Rpm, str]]],
) -> dict[str, Any]:
    rpms = [p for v in versions for p, only in drivers[v] if only in ("", flavour)]
    data = {
        "name": "nvidia-driver",
        "stream": stream,
        "version": 20261121000000,
        "context": "sandbox",
        "arch": "x86_64",
        "summary": "stand-in for NVIDIA's driver, made by gpuwright's sandbox",
        "description": "Simulated.",
        "license": {"module": ["none"]},
        "dependencies": [{"buildrequires": {"platform": []}, "requires": {"platform": []}}],
        "profiles": {"default": {"rpms": sorted({p.name for p in rpms})}},
        "artifacts": {"rpms": sorted(p.nevra for p in rpms)},
    }
    return {"document": "modulemd", "version": 2, "data": data}
