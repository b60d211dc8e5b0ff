"""The questions whose answers are kept: stacks, hosts and requests that tell rules apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from stacks.load import stack_names
from stacks.model.host import Gpu, HostProfile, InstalledDriver, InstalledEngine
from tests.unit.stacks.hosts import CATALOG

SYSTEMS = tuple(CATALOG.distributions)
ALIVE = (
    *("debian-12", "debian-13", "ubuntu-20.04", "ubuntu-22.04", "ubuntu-24.04", "ubuntu-26.04"),
    *("rocky-8", "rocky-9", "rhel-10"),
)
MODELS = tuple(CATALOG.gpus.models.rows)
ONE_EACH = tuple(
    {
        card.generation: key for key, card in CATALOG.gpus.models.rows.items() if not card.soc
    }.values()
)
NATIVE = tuple(name for name in stack_names() if not name.startswith("jetson"))
WELL_KNOWN = ("debian-12", "debian-13", "ubuntu-22.04", "rocky-9")
JETSON_LINUX = ("32.7.6", "35.4.1", "36.4.7", "38.4.0", "39.2.0", "99.0")
BOARDS = (
    *(("32.7.6", "tegra194"), ("35.4.1", "tegra194"), ("35.4.1", "tegra234"), ("99.0", None)),
    *(("36.4.7", "tegra234"), ("36.4.7", "tegra264"), ("38.4.0", "tegra264")),
    *(("39.2.0", "tegra234"), ("39.2.0", "tegra264"), ("36.4.7", None), ("39.2.0", "tegra0")),
)


@dataclass(frozen=True)
class Case:
    """One question: which host, which stack, and what host data say."""

    subject: str
    """Names the file with the answer."""
    stack: str
    host: str
    """The host in words; with stack, ``said`` and ``kind`` it names the case."""
    profile: HostProfile
    said: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "host"
    """``host``, ``containers`` (a container host) or ``image``."""

    @property
    def key(self) -> str:
        """The case in words."""
        said = " ".join(f"{key}={_words(value)}" for key, value in self.said.items())
        return " ".join(filter(None, (self.kind, self.stack, self.host, said)))


def _words(value: Any) -> str:
    return "+".join(value) if isinstance(value, list) else str(value)


def _host(system: str, gpu: str, arch: str = "x86_64", **more: Any) -> HostProfile:
    return HostProfile(system, arch, gpus=tuple(Gpu(name) for name in gpu.split("+")), **more)


REQUESTS: tuple[dict[str, Any], ...] = (
    *({"driver_branch": branch} for branch in ("470", "535", "550", "580", "595", "1000")),
    *({"driver_version": version} for version in ("580.159.04", "535.309.01", "x")),
    *({"driver_flavour": flavour} for flavour in ("open", "proprietary")),
    *({"driver_origin": origin} for origin in ("debian", "nvidia", "ubuntu", "redist")),
    *({"cuda_origin": origin} for origin in ("debian", "redist", "nvidia", "wheels")),
    *({"cuda_purpose": purpose} for purpose in ("compile", "runtime")),
    {"cuda_origin": "redist", "cuda_purpose": "compile"},
    *({"cudnn_origin": origin} for origin in ("wheels", "redist", "debian", "nvidia")),
    *({"cudnn_version": version} for version in ("8.9.7.29", "8.9.6.50", "9.1")),
    *({"torch_version": version} for version in ("2.9.0", "2.8.0", "2.3.1")),
    *({"torch_variant": variant} for variant in ("cu118", "cu126", "cu128", "cu130", "rocm")),
    *({"torch_python": version} for version in ("3.10", "3.11", "3.12", "3.13", "2.7")),
    *({"torch_index": index} for index in ("pypi", "pytorch")),
    {"torch_companions": ["torchvision", "torchaudio"]},
    {"torch_companions": ["nonsense"]},
    *({"without": [part]} for part in ("cuda", "cudnn", "torch")),
    {"without": ["cuda", "torch"], "driver_origin": "nvidia"},
    {"driver_origin": "nvidia", "driver_branch": "535", "driver_flavour": "proprietary"},
)

TRAITS: dict[str, dict[str, Any]] = {
    "secure-boot": {"secure_boot": True},
    "no-secure-boot": {"secure_boot": False},
    "no-security-pocket": {"security_pocket": False},
    "nvswitch": {"nvswitch": True},
    **{
        f"kernel {release}": {"kernels": (release,)}
        for release in (
            *("6.1.0-56-cloud-amd64", "6.12.117-amd64", "6.16.3-amd64", "7.2.12+deb13-amd64"),
            *("5.15.0-1051-aws", "5.14.0-503.el9.x86_64", "6.8.0-90-generic", "3.10.0-1160"),
        )
    },
    "next boot of another kernel": {
        "kernels": ("6.1.0-56-amd64",),
        "kernel_running": "6.1.0-50-amd64",
        "kernel_next_boot": "7.2.12+deb13-amd64",
    },
    **{f"glibc {version}": {"glibc": version} for version in ("2.17", "2.28", "2.36")},
    "no python": {"pythons": ()},
    "python 3.9": {"pythons": ("3.9",)},
    "python 3.11+3.12": {"pythons": ("3.11", "3.12")},
    **{
        f"installed {version} from {origin}": {"driver": InstalledDriver(version, origin)}
        for version, origin in (
            *(("535.309.01", "debian"), ("535.309.01", "nvidia"), ("580.159.04", "nvidia")),
            *(("580.200.05", "nvidia"), ("595.71.05", "nvidia"), ("470.256.02", "ubuntu")),
            *(("550.90.07", "runfile"), ("535.309.01", "unknown"), ("535.1.1", "ppa:x/y")),
        )
    },
    "installed 580 open": {"driver": InstalledDriver("580.159.04", "nvidia", "open")},
    "mirrors": {
        "indexes": {
            "pypi": "https://mirror.example.org/simple",
            "pytorch": "https://mirror.example.org/whl",
            "redist": "https://mirror.example.org/redist/",
            "nvidia": "https://mirror.example.org/cuda/repos/",
            "toolkit": "https://mirror.example.org/toolkit/",
            "docker": "https://mirror.example.org/docker/linux/",
        }
    },
    "a key of one's own": {"fingerprints": {"nvidia": ("A" * 40,), "toolkit": ("B" * 40,)}},
    "repositories that offer nothing": {"available": {}},
    "expects a b200": {"expected_gpus": (Gpu("b200"),)},
}

CONTAINER_REQUESTS: tuple[dict[str, Any], ...] = (
    {},
    {"with_native": True},
    *({"container_engines": engines} for engines in (["podman"], ["containerd"])),
    {"container_engines": ["containerd", "docker", "podman"]},
    *({"docker_origin": origin} for origin in ("distribution", "docker")),
    *({"docker_version": version} for version in ("20.10.24", "26.1.5", "29.4.1", "24.0.9", "x")),
    *({"toolkit_version": version} for version in ("1.19.1", "1.20.0", "1.17.8", "x")),
    *({"container_injection": injection} for injection in ("cdi", "runtime")),
    {"driver_origin": "nvidia"},
    {"docker_origin": "docker", "container_injection": "cdi"},
)
ENGINES: dict[str, dict[str, Any]] = {
    **{
        f"has Docker {version} from {origin}": {"docker": InstalledEngine(version, origin)}
        for version, origin in (
            *(("20.10.24", "distribution"), ("26.1.5", "distribution"), ("29.9.0", "docker")),
            *(("26.1.5", "snap"), ("24.0.9", "unknown")),
        )
    },
    **{f"has toolkit {version}": {"toolkit": version} for version in ("1.17.8", "1.21.3")},
}
IMAGE_REQUESTS: tuple[dict[str, Any], ...] = (
    {},
    *({"image_cuda": how} for how in ("none", "runtime", "devel")),
    *(
        {"image_base": base}
        for base in ("debian:13", "ubuntu:22.04", "ubuntu:24.04", "debian :12", "registry/ours:1")
    ),
    {"image_base": "registry.example.org/ours:1", "image_os": "debian-12"},
    {"without": ["cuda"]},
    {"torch_variant": "cu126"},
    {"torch_python": "3.12"},
    {"torch_companions": ["torchvision"]},
)


def cases() -> Iterator[Case]:
    """All questions, always in the same order."""
    yield from _grid()
    yield from _requests()
    yield from _traits()
    yield from _containers()
    yield from _images()
    yield from _jetsons()


def _grid() -> Iterator[Case]:
    for stack in stack_names():
        models = MODELS if stack == "pytorch-2.9" else ONE_EACH
        systems = SYSTEMS if stack in NATIVE else WELL_KNOWN
        for system, gpu in product(systems, models):
            yield Case(f"grid-{stack}", stack, f"{system} {gpu}", _host(system, gpu))
    arms = product(NATIVE, SYSTEMS, ("gh200", "gb200", "gb10", "h100"))
    for stack, system, gpu in arms:
        host = _host(system, gpu, "aarch64")
        yield Case("grid-aarch64", stack, f"{system} aarch64 {gpu}", host)


def _requests() -> Iterator[Case]:
    for system, gpu, said in product(ALIVE, ("v100", "h100", "b200"), REQUESTS):
        if gpu == "h100" or system in WELL_KNOWN:
            yield Case("requests", "pytorch-2.9", f"{system} {gpu}", _host(system, gpu), said)
    for system, said in product(("debian-12", "ubuntu-22.04", "rocky-9"), REQUESTS):
        yield Case("requests", "pytorch-2.7-cu118", f"{system} a100", _host(system, "a100"), said)


def _traits() -> Iterator[Case]:
    for system, gpu, (words, more) in product(ALIVE, ("h100", "v100"), TRAITS.items()):
        if gpu == "v100" and system not in WELL_KNOWN:
            continue
        yield Case("hosts", "pytorch-2.9", f"{system} {gpu} {words}", _host(system, gpu, **more))
    moved = {words: more for words, more in TRAITS.items() if words.startswith("installed")}
    asked: tuple[dict[str, Any], ...] = (
        *({"driver_branch": branch} for branch in ("535", "580", "595")),
        {"driver_origin": "nvidia"},
    )
    for system, (words, more), said in product(WELL_KNOWN, moved.items(), asked):
        host = _host(system, "h100", **more)
        yield Case("hosts", "pytorch-2.9", f"{system} h100 {words}", host, said)
    for gpus in ("h100+v100", "k80+t4", "b200+gtx1080ti", "nonsense", "h100+nonsense"):
        for system in ALIVE:
            yield Case("hosts", "pytorch-2.9", f"{system} {gpus}", _host(system, gpus))
    for system, arch in (("plan9", "x86_64"), ("debian-12", "riscv64"), ("", "x86_64")):
        yield Case("hosts", "pytorch-2.9", f"{system} {arch} a100", _host(system, "a100", arch))
    for system in ALIVE:
        yield Case("hosts", "pytorch-2.9", f"{system} without a GPU", HostProfile(system, "x86_64"))
        unknown = HostProfile(system, "x86_64", gpus=(Gpu(None, "ffff", "0000:17:00.0"),))
        yield Case("hosts", "pytorch-2.9", f"{system} unknown device", unknown)
        for sm in ("8.6", "12.0"):
            told = replace(unknown, capabilities={"0000:17:00.0": sm})
            yield Case("hosts", "pytorch-2.9", f"{system} unknown device of {sm}", told)


def _containers() -> Iterator[Case]:
    subject, kind, stack = "containers", "containers", "pytorch-2.9"
    for system, gpu, said in product(ALIVE, ("v100", "h100"), CONTAINER_REQUESTS):
        yield Case(subject, stack, f"{system} {gpu}", _host(system, gpu), said, kind)
    for system, (words, more) in product(WELL_KNOWN, (ENGINES | TRAITS).items()):
        host = _host(system, "h100", **more)
        yield Case(subject, stack, f"{system} h100 {words}", host, {}, kind)
    for other, system in product(NATIVE, SYSTEMS):
        yield Case(subject, other, f"{system} t4", _host(system, "t4"), {}, kind)


def _images() -> Iterator[Case]:
    kind = "image"
    for system, gpu, said in product(WELL_KNOWN, ("k80", "v100", "h100", "b200"), IMAGE_REQUESTS):
        yield Case("images", "pytorch-2.9", f"{system} {gpu}", _host(system, gpu), said, kind)
    for stack, said in product(stack_names(), IMAGE_REQUESTS):
        yield Case("images", stack, "debian-12 a100", _host("debian-12", "a100"), said, kind)
        arm = _host("debian-12", "gh200", "aarch64")
        yield Case("images", stack, "debian-12 aarch64 gh200", arm, said, kind)
    for words, more in TRAITS.items():
        host = _host("debian-12", "h100", **more)
        yield Case("images", "pytorch-2.9", f"debian-12 h100 {words}", host, {}, kind)


def _jetsons() -> Iterator[Case]:
    asked: tuple[dict[str, Any], ...] = (
        {},
        *({"without": [part]} for part in ("cuda", "torch")),
        {"torch_variant": "cu126"},
        {"torch_python": "3.12"},
        {"cuda_purpose": "runtime"},
        {"driver_branch": "580"},
    )
    for stack, (l4t, soc), said in product(stack_names(), BOARDS, asked):
        board = HostProfile("ubuntu-22.04", "aarch64", jetson_l4t=l4t, jetson_soc=soc)
        yield Case("jetsons", stack, f"jetson {l4t} {soc}", board, said)
    for l4t, kind in product(JETSON_LINUX, ("containers", "image")):
        board = HostProfile("ubuntu-22.04", "aarch64", jetson_l4t=l4t)
        yield Case("jetsons", "jetson-torch-2.9", f"jetson {l4t}", board, {}, kind)
