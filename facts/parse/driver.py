"""The NVIDIA driver: loaded, on disk, in user space; nouveau; DKMS."""

from __future__ import annotations

import re

from facts.model.driver import DkmsBuild, Driver, Library, ModuleFile, Nouveau
from facts.parse.answers import bus_address
from facts.parse.sections import Section, fields

_NVRM = re.compile(r"NVRM version:.*?\b(\d+\.\d+(?:\.\d+)?)\b")
_LDCONFIG = re.compile(r"^\s*(\S+) \(.*\) => (/\S+)")
_SO_VERSION = re.compile(r"\.so\.(\d[\d.]*)$")
_MODULES = re.compile(r"^/lib/modules/([^/]+)/")
_CAPABILITY = re.compile(
    r"([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]), ([1-9][0-9]?\.[0-9])", re.IGNORECASE
)
_MOST_GPUS = 64
"""Of one host: more lines than that are no list of GPUs."""
_NOTHING = re.compile(r"(?:\S*/)?(?:false|true)(?:\s+#.*|\s*)")
"""A command that loads nothing, whole: behind "&&" or "||" stands one that does."""


def loaded(section: Section) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Version, flavour and names of the loaded modules.

    The version is an empty string where none is loaded, None where sysfs was not there. The open
    modules say so in ``/proc/driver/nvidia/version`` ("NVIDIA UNIX Open Kernel Module").
    """
    if not section.has("loaded"):
        return None, None, ()
    modules = dict(fields(line, 2) for line in section.part("loaded"))
    names = tuple(sorted(n for n in modules if n.startswith("nvidia")))
    banner = " ".join(section.part("proc"))
    match = _NVRM.search(banner)
    version = modules.get("nvidia") or (match[1] if match else "")
    if "nvidia" in modules and not version:
        return None, None, names
    flavour = None
    if banner:
        flavour = "open" if "Open Kernel Module" in banner else "proprietary"
    return version, flavour, names


def capabilities(section: Section) -> dict[str, str]:
    """Compute capability by PCI address, as ``nvidia-smi --query-gpu=pci.bus_id,compute_cap`` says.

    A card that does not tell (``[N/A]``), or of which two lines say different things, is not in it.
    """
    told: dict[str, str] = {}
    unclear = set()
    for line in section.part("capability")[:_MOST_GPUS]:
        if match := _CAPABILITY.fullmatch(line.strip()):
            address = bus_address(match[1]) or ""
            if told.setdefault(address, match[2]) != match[2]:
                unclear.add(address)
    return {address: sm for address, sm in told.items() if address not in unclear}


def module_files(section: Section) -> tuple[ModuleFile, ...]:
    """The files found, with what modinfo says of each where it says anything."""
    about: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in section.part("modinfo"):
        key, _, value = line.partition(":")
        if key == "filename":
            current = about.setdefault(value.strip(), {})
        else:
            current.setdefault(key, value.strip())
    files = []
    for path in sorted(section.part("files")):
        if match := _MODULES.match(path):
            said = about.get(path, {})
            files.append(
                ModuleFile(
                    kernel=match[1],
                    path=path,
                    name=said.get("name"),
                    version=said.get("version"),
                    vermagic=said.get("vermagic"),
                    license=said.get("license"),
                    signer=said.get("signer"),
                )
            )
    return tuple(files)


def libraries(section: Section) -> tuple[Library, ...]:
    """What ``ldconfig -p`` lists, links followed."""
    listed = [m.groups() for line in section.part("ldconfig") if (m := _LDCONFIG.match(line))]
    real = section.part("real")
    if len(real) != len(listed):
        real = [path for _, path in listed]
    found = []
    for (soname, _), path in zip(listed, real, strict=True):
        version = _SO_VERSION.search(path)
        found.append(Library(soname, path, version[1] if version else None))
    return tuple(found)


def modprobe_d(section: Section) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files that blacklist nouveau, and files that keep nvidia itself from loading."""
    nouveau, nvidia = set(), set()
    for line in section.lines:
        path, _, text = line.partition(":")
        words = text.split(None, 2)
        if len(words) < 2:
            continue
        command = words[2] if len(words) > 2 else ""
        # To modprobe "-" and "_" in a name are one (modprobe.d(5)).
        verb, module = words[0], words[1].replace("-", "_")
        if verb == "blacklist" or (verb == "install" and _NOTHING.fullmatch(command)):
            if module == "nouveau":
                nouveau.add(path)
            elif module in ("nvidia", "nvidia_current"):
                nvidia.add(path)
    return tuple(sorted(nouveau)), tuple(sorted(nvidia))


def driver(section: Section, libs: Section, modprobe: Section) -> Driver:
    """All of the driver."""
    version, flavour, names = loaded(section)
    traces = section.part("runfile")
    return Driver(
        loaded=version,
        loaded_flavour=flavour,
        modules=module_files(section),
        libraries=libraries(libs),
        device_nodes=tuple(sorted(section.part("nodes"))),
        runfile=traces[0] if traces else None,
        loaded_modules=names,
        firmware=tuple(sorted(f.rsplit("/", 1)[-1] for f in section.part("firmware"))),
        blocked_in=modprobe_d(modprobe)[1],
        capabilities=capabilities(section),
    )


def nouveau(section: Section, modprobe: Section) -> Nouveau:
    """Whether nouveau is loaded, and where it is blacklisted."""
    is_loaded: bool | None = None
    if section.has("loaded"):
        is_loaded = any(line.startswith("nouveau|") for line in section.part("loaded"))
    return Nouveau(loaded=is_loaded, blacklisted_in=modprobe_d(modprobe)[0])


def dkms(section: Section) -> tuple[DkmsBuild, ...]:
    """DKMS's tree: ``MODULE/VERSION/KERNEL/ARCH`` is a build, ``MODULE/VERSION/source`` a source,
    and the link ``MODULE/kernel-KERNEL-ARCH`` names the build that is installed
    (dkms(8); dkms 3.0, ``is_module_installed``).
    """
    sources: list[tuple[str, str]] = []
    builds: list[tuple[str, str, str, str]] = []
    installed: set[tuple[str, ...]] = set()
    for line in section.part("tree"):
        path, target = fields(line, 2)
        words = path.split("/")
        if len(words) == 2 and words[1].startswith("kernel-") and target:
            installed.add((words[0], *target.split("/")))
        elif len(words) == 3 and words[2] == "source":
            sources.append((words[0], words[1]))
        elif len(words) == 4 and not target and words[2] != "build":
            builds.append((words[0], words[1], words[2], words[3]))
    logs = {tuple(log.split("/")[4:6]): log for log in section.part("logs")}
    found = [
        DkmsBuild(
            *build,
            state="installed" if build in installed else "built",
            log=logs.get(build[:2]),
        )
        for build in sorted(builds)
    ]
    built = {build[:2] for build in builds}
    found += [
        DkmsBuild(module, version, None, None, "added", logs.get((module, version)))
        for module, version in sorted(sources)
        if (module, version) not in built
    ]
    return tuple(found)
