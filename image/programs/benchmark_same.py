"""All that may make one side faster than the other, by name: read on each side in the same way.

``same VOLUME``; it prints one line of JSON, and judges nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.metadata
import os
import platform
import re
import resource
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from image.programs.benchmark_work import tell

SETTINGS = re.compile(
    "(NCCL|GLOO|CUDA|CUDNN|CUBLAS|NVIDIA|TORCH|PYTORCH|TRITON|OMP|MKL|KMP|GOMP|OPENBLAS|MALLOC)_.*"
    "|LD_PRELOAD|LD_LIBRARY_PATH|PYTHONMALLOC|PYTHONNOUSERSITE"
)
"""Of the environment: what these libraries read. Nothing else of it is told."""
LIMITS = ("NOFILE", "MEMLOCK", "STACK", "NPROC")
STATUS = (
    *("Seccomp", "NoNewPrivs", "CapEff", "Cpus_allowed_list", "Mems_allowed_list"),
    *("Speculation_Store_Bypass", "SpeculationIndirectBranch", "Uid"),
)
"""Lines of /proc/self/status (proc_pid_status(5)) that may differ between processes."""
CGROUP = {
    "cpu.max": "cpu/cpu.cfs_quota_us",
    "memory.max": "memory/memory.limit_in_bytes",
    "pids.max": "pids/pids.max",
    "cpuset.cpus.effective": "cpuset/cpuset.cpus",
}
"""Limits of cgroup v2, and the files of v1 that say the same."""
FILES = {
    "kernel command line": "/proc/cmdline",
    "huge pages": "/sys/kernel/mm/transparent_hugepage/enabled",
    "CPU governor": "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
    "CPU boost off": "/sys/devices/system/cpu/intel_pstate/no_turbo",
    "NUMA nodes": "/sys/devices/system/node/online",
    "NUMA balancing": "/proc/sys/kernel/numa_balancing",
    "AppArmor": "/proc/self/attr/current",
    "nccl.conf": "/etc/nccl.conf",
}
FAULTS = Path("/sys/devices/system/cpu/vulnerabilities")
MADE_HERE = re.compile(
    r".*\.pyc|.*\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json|uv_\w+\.json)|\.\./.*"
)
"""Lines of a RECORD that the installer wrote, and scripts, which name their own folder."""


def main() -> int:
    """Tell everything."""
    tell(same=everything(Path(sys.argv[1])))
    return 0


def everything(volume: Path) -> dict[str, str]:
    """Name to value; what cannot be read is not there."""
    found: dict[str, str] = {}
    for part in (software, settings, limits, machine, gpus, lambda: places(volume)):
        try:
            found.update({name: " ".join(value.split())[:300] for name, value in part().items()})
        except Exception as error:
            found[f"unread: {getattr(part, '__name__', 'places')}"] = type(error).__name__
    return found


def software() -> dict[str, str]:
    """Python, torch and what it was built with, and each wheel with the digest of its files."""
    torch: Any = importlib.import_module("torch")
    found = {
        "python": platform.python_version(),
        "C library": " ".join(platform.libc_ver()),
        "torch": str(torch.__version__),
        "CUDA of torch": str(torch.version.cuda),
        "cuDNN": str(torch.backends.cudnn.version()),
        "NCCL": _nccl(torch),
        "threads of torch": str(torch.get_num_threads()),
        "CPU kernels of torch": str(torch.backends.cpu.get_cpu_capability()),
    }
    for dist in importlib.metadata.distributions():
        name = re.sub(r"[-_.]+", "-", str(dist.metadata["Name"])).lower()
        found[f"wheel {name}"] = f"{dist.version} {digest_of(dist.read_text('RECORD'))}"
    return found


def _nccl(torch: Any) -> str:
    if torch.version.cuda is None or not torch.distributed.is_nccl_available():
        return "none"
    return ".".join(map(str, torch.cuda.nccl.version()))


def digest_of(record: str | None) -> str:
    """12 hex digits over a wheel's own files and their hashes, as its RECORD says (PEP 376)."""
    lines = sorted(
        line for line in (record or "").splitlines() if not MADE_HERE.fullmatch(line.split(",")[0])
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12] if lines else "no RECORD"


def settings() -> dict[str, str]:
    """Variables that the libraries read."""
    return {f"variable {n}": v for n, v in sorted(os.environ.items()) if SETTINGS.fullmatch(n)}


def limits() -> dict[str, str]:
    """What this process may, and within which limits."""
    found = {}
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in STATUS:
            found[f"process {name}"] = value.split()[0] if name == "Uid" else value
    for name in LIMITS:
        soft, hard = resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))
        found[f"ulimit {name.lower()}"] = f"{_size(soft)}, at most {_size(hard)}"
    for new, old in CGROUP.items():
        value = cgroup(new, old)
        if value:
            found[f"cgroup {new}"] = value
    shm = os.statvfs("/dev/shm")
    found["shared memory"] = f"{shm.f_blocks * shm.f_frsize // 2**20} MiB"
    return found


def _size(limit: int) -> str:
    return "unlimited" if limit == resource.RLIM_INFINITY else str(limit)


def cgroup(new: str, old: str, root: Path = Path("/sys/fs/cgroup")) -> str:
    """The least that this process's cgroup and those above it allow; empty: no limit is said."""
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, kinds, path = line.split(":", 2)
        own.update({kind: path.lstrip("/") for kind in kinds.split(",")})
    kind, _, name = old.partition("/")
    tries = [(root, own.get("", ""), new), (root / kind, own.get(kind, ""), name)]
    told = []
    for base, path, file in tries:
        folder = base / path
        while True:
            with contextlib.suppress(OSError):
                told.append((folder / file).read_text().strip())
            if folder == base or base not in folder.parents:
                break
            folder = folder.parent
    free = ("", "max", "-1", "9223372036854771712")
    said = [t for t in told if t not in free and not t.startswith("max ")]
    return said[0] if said else "no limit" if told else ""


def machine() -> dict[str, str]:
    """Processor, memory, kernel, and its measures against faults of processors."""
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^(?:model name|CPU part)\s*:\s*(.+)$", info, re.MULTILINE)
    found = {
        "kernel": platform.release(),
        "processor": model[1] if model else platform.machine(),
        "processors": str(os.cpu_count()),
        "memory": _first("/proc/meminfo"),
    }
    for name, path in FILES.items():
        try:
            found[name] = Path(path).read_text()
        except OSError:
            continue
    for file in sorted(FAULTS.glob("*")):
        found[f"mitigation {file.name}"] = file.read_text()
    return found


def _first(path: str) -> str:
    return Path(path).read_text().splitlines()[0].partition(":")[2]


def gpus() -> dict[str, str]:
    """Each GPU that torch sees, with its driver, clocks and limits where NVML tells them."""
    torch: Any = importlib.import_module("torch")
    count = torch.cuda.device_count()
    found = {"GPUs": str(count)}
    for n in range(count):
        seen = torch.cuda.get_device_properties(n)
        found[f"GPU {n}"] = f"{seen.name} {getattr(seen, 'uuid', '')}"
    if not count:
        return found
    nvml: Any = importlib.import_module("pynvml")
    nvml.nvmlInit()
    found["driver"] = _text(nvml.nvmlSystemGetDriverVersion())
    for n in range(count):
        uuid = getattr(torch.cuda.get_device_properties(n), "uuid", None)
        if uuid is None:
            break
        gpu = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}".encode())
        asked = {
            "clock limit": (nvml.nvmlDeviceGetMaxClockInfo, nvml.NVML_CLOCK_SM),
            "application clock": (nvml.nvmlDeviceGetApplicationsClock, nvml.NVML_CLOCK_SM),
            "boost limit": (nvml.nvmlDeviceGetMaxCustomerBoostClock, nvml.NVML_CLOCK_SM),
            "memory clock limit": (nvml.nvmlDeviceGetMaxClockInfo, nvml.NVML_CLOCK_MEM),
            "power limit": (nvml.nvmlDeviceGetEnforcedPowerLimit,),
            "ECC": (nvml.nvmlDeviceGetEccMode,),
            "MIG": (nvml.nvmlDeviceGetMigMode,),
            "persistence": (nvml.nvmlDeviceGetPersistenceMode,),
            "PCIe width": (nvml.nvmlDeviceGetCurrPcieLinkWidth,),
            "PCIe generation": (nvml.nvmlDeviceGetMaxPcieLinkGeneration,),
        }
        for name, (ask, *words) in asked.items():
            try:
                found[f"GPU {n} {name}"] = str(ask(gpu, *words))
            except Exception as error:  # a card that has no such thing
                found[f"GPU {n} {name}"] = type(error).__name__
    return found


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def places(volume: Path) -> dict[str, str]:
    """On what kind of file system the environment and the volume are."""
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    return {
        "files of torch on": kind_of(mounts, str(Path(sys.prefix).resolve())),
        "volume on": kind_of(mounts, str(volume.resolve())),
    }


def kind_of(mounts: Iterable[str], path: str) -> str:
    """The kind of the file system that holds a path (fstab(5)); the last that is mounted there."""
    found, longest = "unknown", -1
    for line in mounts:
        words = line.split(" ")
        place = words[1].replace("\\040", " ")
        inside = path == place or path.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= longest:
            found, longest = words[2], len(place)
    return found
