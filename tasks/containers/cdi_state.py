"""Does a CDI spec tell of the driver that is here? Pure; the doctor asks it too."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.version import InvalidVersion, Version

from facts.engine_model import CdiSpec, Engines, Node
from facts.model.host import HostState
from stacks.model.containers import OLD_SPEC, ContainerPlan
from tasks.driver.state import library_version

SPEC = "/var/run/cdi/nvidia.yaml"
"""Where nvidia-cdi-refresh writes it (toolkit 1.18 and later); gone after a reboot."""
COPIES = "/opt/gpuwright/cdi"
"""A copy for daemons without root: they see what is in ``/run`` and ``/etc`` as links, and Docker's
reader of specs follows no link to a folder (seen with 26.1). It is there where one is set up."""
COPY = f"{{ [ ! -d {COPIES} ] || [ ! -e {SPEC} ] || cp -f {SPEC} {COPIES}/; }}"
LEFT = ("/etc/cdi/nvidia.yaml", "/etc/cdi/nvidia.json")
"""Where older guides let a person write it: nothing keeps it up to date there."""
NEW_FORMAT = Version("0.7.0")
"""Not every engine reads it, and `OLD_SPEC` keeps a spec below it."""
_LIBRARY = re.compile(r"\.so\.(\d+\.\d+(?:\.\d+)?)$")


def complaints(spec: CdiSpec, nodes: Iterable[Node], version: str | None) -> list[str]:
    """What in the spec is not so on this host: paths, libraries' versions, majors.

    Args:
        spec: The spec.
        nodes: NVIDIA's device files.
        version: Of the driver's libraries; None: not known.
    """
    told = [f"{path} does not exist" for path in spec.missing if not path.startswith("/dev/")]
    paths = (*spec.missing, *spec.libraries)
    versions = {m[1] for path in paths if (m := _LIBRARY.search(path))}
    if versions and version and versions != {version}:
        told.insert(0, f"it names libraries {', '.join(sorted(versions))}; here is {version}")
    live = {node.path: node.major for node in nodes}
    for device in spec.devices:
        major = live.get(device.path)
        if major is not None and device.major is not None and device.major != major:
            told.append(f"{device.path} has major {major}, the spec says {device.major}")
    return told


def too_new(spec: CdiSpec, plan: ContainerPlan) -> bool:
    """Whether an engine of the plan does not read the spec's format."""
    if OLD_SPEC not in plan.cdi_flags or spec.format is None:
        return False
    try:
        return Version(spec.format) >= NEW_FORMAT
    except InvalidVersion:
        return False


def driver_is_up(engines_state: Engines) -> bool:
    """Whether the driver has made its device files: without them there is nothing to tell of."""
    return any(node.path == "/dev/nvidiactl" for node in engines_state.nodes)


def spec_due(state: HostState, engines_state: Engines, plan: ContainerPlan) -> str:
    """Why the spec must be written; empty: it need not, or the driver here cannot be asked."""
    here = library_version(state)
    if not driver_is_up(engines_state) or (
        state.driver.loaded and here and state.driver.loaded != here
    ):
        return (
            ""  # NVML answers to nobody before the new module is loaded; the boot writes the spec
        )
    spec = next((one for one in engines_state.engine.cdi if one.file == SPEC), None)
    if spec is None:
        return "there is none"
    told = complaints(spec, engines_state.nodes, here)
    if told:
        return "; ".join(told[:3])
    if too_new(spec, plan):
        return f"its format {spec.format} is newer than an engine of this host reads"
    return ""


def left_behind(engines_state: Engines) -> list[str]:
    """Specs that an older guide left in ``/etc/cdi``."""
    return [spec.file for spec in engines_state.engine.cdi if spec.file in LEFT]
