"""A host for each fault that the doctor names: healthy but for that one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from facts.engine_model import CdiDevice, CdiSpec, Engine
from facts.evidence_model import (
    BuildLog,
    Headers,
    InitramfsCopy,
    Smi,
)
from facts.model.driver import DkmsBuild, Library
from facts.model.packages import AptSource, LockHolder, Package
from facts.model.software import Setting, Venv
from facts.model.system import Jetson, Mount, PciDevice, Unit
from facts.runtime import CudaAnswer
from tasks.health.case import Case
from tests.unit.tasks import a_host, a_key, a_patient
from tests.unit.tasks.a_host import DRIVER, KERNEL, package
from tests.unit.tasks.a_patient import OLD_KERNEL, case, driver, kernels, manager, module

GOLDEN = Path(__file__).with_name("golden")
NO_MODULE = driver(modules=(), loaded="", loaded_modules=())
NOT_LOADED = {"loaded": "", "loaded_modules": (), "loaded_flavour": None}
DKMS = (DkmsBuild("nvidia-current", DRIVER, None, None, "added"),)


def logged(*lines: str) -> dict[str, Any]:
    """Evidence with these lines in the kernel's log."""
    return {"kernel_log": lines}


def build_log(name: str) -> dict[str, Any]:
    lines = (GOLDEN / f"make-{name}.log").read_text().splitlines()
    return {"build_logs": (BuildLog("/var/lib/dkms/make.log", KERNEL, tuple(lines)),)}


def login(**changes: Any) -> dict[str, Any]:
    """Evidence with this seen by an ordinary login."""
    return {"login": replace(a_patient.LOGIN, **changes)}


def packages(*more: Package, without: tuple[str, ...] = ()) -> dict[str, Any]:
    have = {k: v for k, v in a_patient.state().packages.items() if k not in without}
    return {"packages": {**have, **{p.name: p for p in more}}}


def unit(name: str, active: str, enabled: str = "enabled") -> dict[str, Any]:
    return {"units": {**a_patient.state().units, name: Unit(name, active, enabled)}}


def cards(device: str) -> tuple[PciDevice, ...]:
    """The machine's GPUs, of another model."""
    return tuple(replace(d, device=device) for d in a_patient.state().pci)


def of_version(version: str) -> dict[str, Any]:
    """Module file and libraries of another version."""
    return {
        "modules": (module(version=version),),
        "libraries": (a_host.library("libnvidia-ml.so.1", version),),
    }


def engine(**more: Any) -> dict[str, Any]:
    return {"engine": Engine(**more)}


def source(file: str, key: str | None) -> AptSource:
    return AptSource(file, ("https://example.org/nvidia",), ("/",), (), key)


def docker(version: str) -> Package:
    return Package("docker.io", f"{version}+dfsg1-1", "ii", "Debian")


UNLINKED = tuple(replace(node, linked=False) for node in a_patient.EVIDENCE.nodes)
DOCKER = {"docker": "/usr/bin/docker", "daemon_json": '{"runtimes": {"nvidia": {}}}'}
TOOLKIT = Package("nvidia-container-toolkit", "1.19.0-1", "ii", "NVIDIA")
SPEC = (CdiSpec("/var/run/cdi/nvidia.yaml", (), ()),)
OLD_TOOLKIT = Package("nvidia-container-toolkit", "1.17.8-1", "ii", "NVIDIA")
GSP = "NVRM: GPU 0000:17:00.0: RmInitAdapter failed! (0x62:0x55:2477)"
PRECOMPILED = Package(f"linux-modules-nvidia-535-{OLD_KERNEL}", "6.1", "ii", "Debian")

ILL: dict[str, list[Case]] = {
    "BUSY": [
        case(**manager(locks=(LockHolder("/var/lib/dpkg/lock", 7, "apt-get"),))),
        case(**manager(locks=(LockHolder("/var/lib/dpkg/lock", 7, "apt-get"),)), **NO_MODULE),
    ],
    "NO-GPU": [case(pci=(), **driver(**NOT_LOADED))],
    "D9": [
        case(**manager(half_configured=("libfoo iU",))),
        case({"broken": (" nvidia-smi : Depends: libnvidia-ml1 but it is not installed",)}),
        case(**packages(Package("libnvidia-ml1", "580.1", "ii", "NVIDIA"))),
        case(**driver(runfile="/usr/bin/nvidia-uninstall")),
        case(
            {"broken": (" nvidia-smi : Depends: libnvidia-ml1",)},
            **driver(libraries=(a_host.library("libcuda.so.1", DRIVER),)),
        ),
    ],
    "J4": [
        case(
            jetson=Jetson("36.4.7", None, "tegra234"),
            **manager(half_configured=("nvidia-l4t-bootloader iF",)),
        )
    ],
    "J1": [
        case(
            {"login": None},
            jetson=Jetson("36.4.7", None, "tegra234"),
            venvs=(Venv("/e", True, "3.10", {"torch": "2.9.1+cpu"}),),
            current_venv="/e",
        )
    ],
    "DISK-FULL": [case(mounts={"/": Mount("/", "/dev/vda1", 150, 90_000, None)})],
    "DRIVER-INCOMPLETE": [
        case(packages={}, **driver(modules=(), libraries=(), **NOT_LOADED)),
    ],
    "D7": [
        case(
            kernels=replace(a_patient.state().kernels, running="6.1.0-49-cloud-amd64"),
            **driver(**NOT_LOADED),
        )
    ],
    "D6": [
        case(
            **packages(PRECOMPILED, without=("nvidia-kernel-dkms",)),
            **NO_MODULE,
        )
    ],
    "D2": [
        case(
            {"headers": {KERNEL: Headers(None, "")}},
            **kernels(headers=False),
            **NO_MODULE,
        )
    ],
    "D1": [
        case(**kernels(headers=False), **NO_MODULE),
        case(
            {"headers": {KERNEL: Headers("/usr/src/gone", "6.1-1")}},
            **kernels(headers=False),
            **NO_MODULE,
        ),
        case(**NO_MODULE, dkms=DKMS),
        case(**NO_MODULE, nouveau=replace(a_patient.state().nouveau, loaded=True)),
    ],
    "D3": [
        case(build_log("gcc11"), **NO_MODULE),
        case(
            build_log("gcc11"), **NO_MODULE, **manager(half_configured=("nvidia-kernel-dkms iF",))
        ),
    ],
    "D4": [case(build_log("cerror"), **NO_MODULE)],
    "D5": [
        case(build_log("nospace"), **NO_MODULE),
        case(**NO_MODULE, mounts={"/var": Mount("/var", "/dev/vda1", 3, 90_000, None)}),
        case(logged("[9.1] Out of memory: Killed process 4711 (cc1) total-vm:2kB"), **NO_MODULE),
    ],
    "D8": [
        case(
            nouveau=replace(a_patient.state().nouveau, loaded=True),
            pci=tuple(replace(d, driver="nouveau") for d in a_patient.state().pci),
            **driver(**NOT_LOADED),
        )
    ],
    "D13": [
        case(**driver(blocked_in=("/etc/modprobe.d/vfio.conf",), **NOT_LOADED)),
        case({"blocks": ("alias nvidia off",)}, **driver(**NOT_LOADED)),
        case(
            system=replace(
                a_patient.state().system, cmdline="quiet modprobe.blacklist=nouveau,nvidia"
            ),
            **driver(**NOT_LOADED),
        ),
        case({"next_cmdline": ("module_blacklist=nouveau,nvidia",)}),
    ],
    "CARD-CLAIMED": [
        case({"claims": ("modprobe: options vfio_pci ids=10de:2330,10de:22a3",)}),
        case({"claims": ("modprobe: softdep nvidia pre: vfio-pci",)}),
        case({"next_cmdline": ("vfio-pci.ids=10de:2330",)}),
        case(
            pci=tuple(replace(d, driver="vfio-pci") for d in a_patient.state().pci),
            **driver(**NOT_LOADED),
        ),
    ],
    "D10": [
        case(secure_boot=True, **driver(**NOT_LOADED)),
        case(
            secure_boot=True,
            shim=True,
            signing_keys=(a_key.key(),),
            **driver(modules=(module(signer="DKMS module signing key"),), **NOT_LOADED),
        ),
        case(
            logged("Loading of module with unavailable key is rejected"),
            secure_boot=True,
            **driver(modules=(module(signer="DKMS module signing key"),), **NOT_LOADED),
        ),
    ],
    "D11": [case(**driver(modules=(module(vermagic="6.1.0-50-cloud-amd64 SMP"),), **NOT_LOADED))],
    "D12": [
        case(
            logged(
                "NVRM: The NVIDIA GPU 0000:17:00.0 (PCI ID: 10de:2b85) requires use of the NVIDIA "
                "open kernel modules."
            ),
            **driver(**NOT_LOADED),
        ),
        case(
            logged(
                "NVRM: not supported by open nvidia.ko because it does not include the required "
                "GPU System Processor (GSP).",
                GSP,
            ),
        ),
        case(pci=cards("2b85"), **driver(**NOT_LOADED)),
        case(pci=cards("1db6"), **driver(modules=(module(license="Dual MIT/GPL"),), **NOT_LOADED)),
        case(pci=cards("1b06"), **driver(**of_version("590.48.01"), loaded="590.48.01")),
    ],
    "SMI": [case({"smi": Smi(14, ("WARNING: infoROM is corrupted at gpu 0000:17:00.0",))})],
    "GPUS-HIDDEN": [case(settings=(Setting("/etc/environment", "CUDA_VISIBLE_DEVICES="),))],
    "D14": [
        case(**driver(loaded="535.288.01")),
        case(**driver(loaded="535.288.01"), **unit("nvidia-persistenced.service", "failed")),
    ],
    "D15": [
        case(**driver(modules=(module(version="535.288.01"),))),
        case(**driver(modules=(module(version="535.288.01"),), loaded="535.288.01")),
    ],
    "D16": [
        case(
            **driver(
                modules=(
                    module(),
                    module(path=f"/lib/modules/{KERNEL}/kernel/nvidia.ko", version="525.1"),
                )
            )
        ),
        case(
            {
                "initramfs": (
                    InitramfsCopy(KERNEL, "/boot/i", "usr/lib/nvidia-current.ko", 100, True, 120),
                )
            },
            **driver(loaded="535.288.01"),
        ),
    ],
    "NOT-LOADED": [case(**driver(**NOT_LOADED))],
    "D17": [case(**unit("nvidia-persistenced.service", "failed"))],
    "D18": [case(**driver(libraries=(a_host.library("libcuda.so.1", DRIVER),)))],
    "D19": [
        case(**driver(modules=(module(license="Dual MIT/GPL"),))),
        case(
            logged(
                "nvidia 0000:17:00.0: Direct firmware load for nvidia/535/gsp_ga10x.bin failed "
                "with error -2",
                GSP,
            ),
        ),
    ],
    "D20": [case(logged("NVRM: _kgspBootGspRm: unexpected WPR2 already up, cannot proceed", GSP))],
    "D21": [case(logged(GSP))],
    "D22": [
        case(logged("[99000.1] NVRM: Xid (PCI:0000:17:00): 79, GPU has fallen off the bus.")),
        case({"smi": Smi(15, ("Unable to determine the device handle for GPU",))}),
    ],
    "D23": [
        replace(case(), expected_gpus=8),
        case({"smi": Smi(0, ("GPU 0: NVIDIA H100 (UUID: GPU-0)",))}),
    ],
    "D24": [
        case(pci=(*a_patient.state().pci, a_patient.switch())),
        case(
            pci=(*a_patient.state().pci, a_patient.switch()),
            **packages(Package("nvidia-fabricmanager", "535.288.01-1", "ii", "Debian")),
        ),
        case(
            pci=(*a_patient.state().pci, a_patient.switch()),
            **packages(Package("nvidia-fabricmanager", f"{DRIVER}-1", "ii", "Debian")),
            **unit("nvidia-fabricmanager.service", "active", "disabled"),
        ),
    ],
    "D25": [
        case(**driver(loaded_modules=("nvidia",))),
        case({"nodes": a_patient.EVIDENCE.nodes[:1]}),
        case({"majors": {"nvidia-uvm": 236}}),
    ],
    "D26": [
        case(
            **driver(
                libraries=(
                    Library("libcuda.so.1", "/usr/local/cuda/compat/libcuda.so.550.1", "550.1"),
                    *a_patient.state().driver.libraries,
                )
            )
        ),
        case(settings=(Setting("/etc/environment", "LD_LIBRARY_PATH=/usr/local/cuda/compat"),)),
    ],
    "D27": [
        case({"smi": Smi(124, ())}),
        case(logged("[99000.1] NVRM: Xid (PCI:0000:17:00): 119, pid=1, Timeout waiting for RPC")),
    ],
    "D28": [replace(case(), cuda=CudaAnswer(802, "CUDA_ERROR_SYSTEM_NOT_READY", call="cuInit"))],
    "USER-BLOCKED": [case(login(stopped="/opt/gpuwright (700 root:root)", reached=False))],
    "USER-TORCH": [
        case(login(torch="/srv/lib/torch/__init__.py")),
        case(login(hides=("/srv/lib: numpy",), paths=("/srv/lib",))),
        case(login(prefix=None, why="ModuleNotFoundError: No module named 'encodings'")),
        case(login(prefix="/usr")),
        case(login(torch="")),
        case(login(why="ImportError: undefined symbol")),
    ],
    "USER-SETTING": [
        case(login(variables={"PYTHONPATH": "/srv/lib"}, paths=("/srv/lib",))),
        case(login(variables={"LD_PRELOAD": "/usr/lib/libjemalloc.so.2"})),
        case(login(paths=("/srv/from/a/startup/file",))),
    ],
    "USER-DEVICE": [case(login(devices=("/dev/nvidia0 (660 root:video)",)))],
    "CUDA-FAILS": [replace(case(), cuda=CudaAnswer(999, "CUDA_ERROR_UNKNOWN", call="cuInit"))],
    "XID": [case(logged("[99000.1] NVRM: Xid (PCI:0000:17:00): 31, pid=4242, name=python"))],
    "C1": [
        case(engine(docker="/usr/bin/docker")),
        case(engine(docker="/snap/bin/docker", snap=True), **packages(TOOLKIT)),
        case(engine(docker="/usr/bin/docker"), **packages(TOOLKIT)),
        case(engine(docker="/usr/bin/docker", cdi=SPEC), **packages(TOOLKIT, docker("20.10.24"))),
        case(engine(docker="/usr/bin/docker", cdi=SPEC), **packages(TOOLKIT, docker("26.1.5"))),
    ],
    "C2": [
        case(engine(**DOCKER), **packages(OLD_TOOLKIT)),
        case(
            {**engine(**DOCKER), "nodes": UNLINKED},
            **packages(TOOLKIT, package("runc", "1.1.5+ds1-1+deb12u1")),
        ),
    ],
    "C3": [case(engine(**DOCKER, no_cgroups="no-cgroups = true"), **packages(TOOLKIT))],
    "C4": [
        case(engine(cdi=(CdiSpec("/etc/cdi/n.yaml", (), ("/usr/lib/libcuda.so.535.288.01",)),))),
        case(
            engine(
                cdi=(CdiSpec("/etc/cdi/n.yaml", (), (), ("/usr/lib/libcuda.so.535.288.01",)),),
            )
        ),
        case(engine(cdi=(CdiSpec("/etc/cdi/n.yaml", (CdiDevice("/dev/nvidia-uvm", 236),), ()),))),
    ],
    "C6": [
        case(
            engine(**{**DOCKER, "daemon_json": "{"}, cdi=SPEC),
            **packages(TOOLKIT, docker("20.10.24")),
        ),
        case(
            engine(**DOCKER, backups={"/etc/docker/daemon.json.bak": '{"data-root": "/d"}'}),
            **packages(TOOLKIT),
        ),
    ],
    "C7": [case(**manager(sources=(source("/a.list", None), source("/b.sources", "/k.asc"))))],
    "C8": [case(**unit("docker.service", "failed"))],
}
