"""What a CI job spends on its environment: pip, uv, an image that is there, one that is pulled.

On a sandbox host; the ways of the image need one that has the image (`deploys/container_host.py`,
`deploys/image.py`). The index is the download cache of this machine, and the registry is on the
host itself, so that the line is none of anybody's. Each way ends with ``import torch``. An article
claims 6.8 → 1.2 minutes.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import machine, results, target
from bench.results import Comparison
from bench.target import BenchError
from sandbox.hosts import SandboxHost
from sandbox.images import registry
from sandbox.inventory import host_data
from stacks.locking.wheels import ONLY
from tasks.python import uv

NAME = "ci_minutes"
LOCK = "torch-2.9.1-cu128-cp311-x86_64.txt"
REPOSITORY = "pytorch-cuda"
ARTICLE = (6.8, 1.2)
"""Minutes, from pip to an image, as an article claims; it names neither machine nor line."""
WORK = "/var/tmp/gpuwright-ci"
UV, CACHE = f"{WORK}/uv", f"{WORK}/uv-cache"
WAYS = ("pip", "uv_cold", "uv", "image", "pulled")
"""In the order in which they are measured."""
OF_IMAGE = ("image", "pulled")
"""Ways that need the image on the host."""
PROOF = "import torch; assert float(torch.ones(3).sum()) == 3"


@dataclass(frozen=True)
class Way:
    """One way to an environment."""

    title: str
    before: str
    """Shell that is not counted: what a machine has from earlier jobs, or has not."""
    counted: str
    """Shell that is."""


def ways(index: str, image: str) -> dict[str, Way]:
    """Each way by its name.

    Args:
        index: Of packages, which pip and uv ask.
        image: Exact name of the image on the host.
    """
    prove = shlex.quote(PROOF)
    empty = f"rm -rf {WORK}/env; mkdir -p {WORK}"
    pulled = f"127.0.0.1:{registry.PORT}/{image}"
    lock = f"-r {WORK}/lock.txt"
    in_uv = f"UV_CACHE_DIR={CACHE} UV_DEFAULT_INDEX={shlex.quote(index)} UV_PYTHON_DOWNLOADS=never"
    run = "docker run --rm --network none"
    with_uv = (
        f"{in_uv} {UV} venv -q --python /usr/bin/python3 {WORK}/env && "
        f"{in_uv} {UV} pip install -q --python {WORK}/env/bin/python "
        f"--require-hashes {ONLY} {lock} && "
        f"{WORK}/env/bin/python -I -c {prove}"
    )
    return {
        "pip": Way(
            "pip from the index, nothing kept",
            empty,
            f"/usr/bin/python3 -m venv {WORK}/env && {WORK}/env/bin/python -m pip install -q "
            f"--no-cache-dir --index-url {shlex.quote(index)} --require-hashes {ONLY} {lock} && "
            f"{WORK}/env/bin/python -I -c {prove}",
        ),
        "uv_cold": Way("uv with our lock, nothing kept", f"{empty}; rm -rf {CACHE}", with_uv),
        "uv": Way(
            "uv with our lock, its cache warm",
            f"{empty}; [ -d {CACHE} ] || {{ {with_uv} && rm -rf {WORK}/env; }}",
            with_uv,
        ),
        "image": Way("image already there", ":", f"{run} {image} python -I -c {prove}"),
        "pulled": Way(
            "image pulled from a registry on this machine",
            f"docker tag {image} {pulled} && docker push -q {pulled} >/dev/null && "
            f"docker images --format '{{{{.Repository}}}}:{{{{.Tag}}}}' | grep {REPOSITORY} | "
            "xargs -r docker rmi -f >/dev/null && docker builder prune -af >/dev/null",
            f"docker pull -q {pulled} >/dev/null && {run} {pulled} python -I -c {prove}",
        ),
    }


def run(host_name: str | None, only: Sequence[str] | None = None) -> list[Comparison]:
    """Measure each way once on a host, print them, and compare.

    What was measured is kept also where a later way fails.

    Args:
        host_name: A sandbox host, for the ways of the image one that has it.
        only: Names of ways; None: all.

    Raises:
        BenchError: There is no such host, or a way fails.
    """
    if host_name is None:
        raise BenchError("ci_minutes needs --host NAME: a sandbox host with the image on it")
    host = target.find(host_name)
    image = ""
    if not only or {*only} & {*OF_IMAGE}:
        image = exact(target.output(host, "docker images --format '{{.Repository}}:{{.Tag}}'"))
    index = host_data(host)["mirrors"].get("pypi")
    if not index:
        raise BenchError(f"{host_name} has no package index of this machine")
    known = ways(index, image)
    names = [name for name in known if not only or name in only]
    prepare(host)
    if "pulled" in names:
        registry.serve(host)
    record: dict[str, Any] = {"machine": machine.describe(), "image": image, "seconds": {}}
    rows: list[Comparison] = []
    try:
        for name in names:
            record["seconds"][name] = measured(host, known[name])
    finally:
        if record["seconds"]:
            record["load_after"] = machine.describe()["load"]
            rows = compare(record["seconds"], conditions(record))
            results.save(NAME, [*results.load(NAME), record], rows)
            show(record["seconds"], known, conditions(record))
        back = f"docker tag 127.0.0.1:{registry.PORT}/{image} {image} 2>/dev/null || :"
        target.output(host, f"rm -rf {WORK}; {back if image else ':'}")
    return rows


def prepare(host: SandboxHost) -> None:
    """Put the lock and uv on the host, and what pip needs to make an environment.

    Raises:
        BenchError: One of them cannot be had.
    """
    lock = (results.CHECKOUT / "stacks/locks" / LOCK).read_text()
    target.output(
        host,
        f"rm -rf {WORK}; mkdir -p {WORK} && cat >{WORK}/lock.txt <<'END'\n{lock}\nEND\n"
        "[ ! -e /var/lib/dpkg/status ] || python3 -c 'import ensurepip' 2>/dev/null || {\n"
        "  apt-get -q update && DEBIAN_FRONTEND=noninteractive "
        "apt-get -qy install --no-install-recommends python3-venv; } >/dev/null 2>&1\n",
    )
    sent = subprocess.run(
        host.ssh_argv(f"cat >{UV} && chmod 755 {UV}"),
        input=uv.local_binary("x86_64").read_bytes(),
        capture_output=True,
        check=False,
    )
    if sent.returncode != 0:
        raise BenchError(f"{host.name} does not take uv: {sent.stderr.decode(errors='replace')}")


def exact(images: str) -> str:
    """The image by its exact name, which no later build moves.

    Raises:
        BenchError: There is none.
    """
    for line in images.splitlines():
        if re.fullmatch(rf"{REPOSITORY}:\S+-[0-9a-f]{{12}}", line.strip()):
            return line.strip()
    raise BenchError("the host has no image: pyinfra … deploys/container_host.py deploys/image.py")


def measured(host: SandboxHost, way: Way) -> float:
    """Seconds of what counts.

    Raises:
        BenchError: The way fails.
    """
    target.output(host, way.before)
    began = time.perf_counter()
    target.output(host, way.counted)
    return time.perf_counter() - began


def conditions(record: Mapping[str, Any]) -> str:
    """What the figures hold for."""
    made = record["machine"]
    return (
        f"once each; {made['cores']} cores ({made['processor']}), load {made['load']:.1f} before "
        f"and {record['load_after']:.1f} after; index: the download cache of this machine, filled "
        "before; registry: on the same machine; torch 2.9.1+cu128 with all that "
        "it needs: 3 GB of wheels, 7 GB on the disk"
    )


def compare(seconds: Mapping[str, float], note: str = "") -> list[Comparison]:
    """Each other way beside pip: it must be the faster one at least."""
    return [
        Comparison(
            f"environment of a job, {name}",
            took,
            "pip from the index",
            seconds["pip"],
            "s",
            1.0,
            "theirs/ours",
            note,
        )
        for name, took in seconds.items()
        if name != "pip" and "pip" in seconds
    ]


def show(seconds: Mapping[str, float], known: Mapping[str, Way], note: str) -> None:
    """Print minutes beside the article's."""
    console = Console(width=110)
    table = Table("until import torch works", "minutes here", "the article's minutes")
    claimed = {"pip": ARTICLE[0], "image": ARTICLE[1]}
    for name, took in seconds.items():
        said = f"{claimed[name]:g}" if name in claimed else "–"
        table.add_row(known[name].title, f"{took / 60:.2f}", said)
    console.print(table)
    console.print(note, markup=False, highlight=False)
