"""The driver is well: will a container get the GPU? Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.version import InvalidVersion, Version

from stacks.catalog.read import load_catalog
from stacks.model.plain import decoded
from tasks.containers import cdi_state, daemon_json, engine_state
from tasks.health.case import Case, Fault
from tasks.packages.installed import upstream

_CDI_IN_DOCKER = Version("1.18")
"""From this toolkit on, CDI is the way and nothing is set behind systemd's back (C2)."""
_RUNC_TELLS_LINKED, _RUNC_TELLS_ALL = Version("1.1.3"), Version("1.1.7")
"""Between these, runc leaves device files without a link in ``/dev/char`` out of what it tells
systemd (opencontainers/runc issue 3671)."""


def engine_here(case: Case) -> bool:
    """Whether containers with a GPU are meant to start here."""
    engine = case.evidence.engine
    return bool(engine.docker or engine.podman or engine.cdi or _toolkit(case))


def _toolkit(case: Case) -> str | None:
    package = case.state.packages.get("nvidia-container-toolkit")
    return upstream(package.version) if package and package.installed else None


def _settings(text: str | None) -> dict[str, object] | None:
    try:
        data = decoded(daemon_json.unmarked(text or "").strip() or "{}")
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def no_runtime(case: Case) -> Iterator[Fault]:
    """C1: Docker is here, and nothing that hands it GPUs."""
    engine = case.evidence.engine
    if not engine.docker or not case.has_driver:
        return
    settings = _settings(engine.daemon_json)  # None: no JSON, which is C6
    runtimes = (settings or {}).get("runtimes")
    known = settings is None or (isinstance(runtimes, dict) and "nvidia" in runtimes)
    if engine.snap:
        told = f"docker is {engine.docker}, the snap"
    elif _toolkit(case) is None:
        told = "nvidia-container-toolkit is not installed"
    elif not known and (why := _no_cdi(case, settings or {})):
        told = f"daemon.json names no runtime nvidia, and {why}"
    else:
        return
    able = not engine.snap and _toolkit(case) is not None
    key = "known" if able else None
    yield Fault("C1", "WARN", "Docker cannot give GPUs to containers", told, key=key)


def _no_cdi(case: Case, settings: Mapping[str, object]) -> str:
    """Why Docker takes no CDI names here; empty: it does, or its version is not known.

    An old Docker still has ``--gpus``, whose GPUs go at the next ``systemctl daemon-reload`` (C2).
    """
    if not case.evidence.engine.cdi:
        return "there is no CDI spec"
    packages = (case.state.packages.get(name) for name in ("docker-ce", "docker.io"))
    there = next((package for package in packages if package and package.installed), None)
    if there is None:
        return ""
    version, limits = upstream(there.version), load_catalog().containers.cdi.rows["docker"]
    if _before(version, Version(limits.reads)):
        return f"Docker {version} reads no CDI spec"
    features = settings.get("features")
    told = isinstance(features, dict) and features.get("cdi") is True
    if _before(version, Version(limits.default)) and not told:
        return f'Docker {version} reads CDI specs only where "features" say so'
    return ""


def loses_devices(case: Case) -> Iterator[Fault]:
    """C2: an old toolkit under systemd's cgroups, or a runc that tells systemd of linked files."""
    version = _toolkit(case)
    if not case.evidence.engine.docker or version is None:
        return
    settings = _settings(case.evidence.engine.daemon_json) or {}
    if "native.cgroupdriver=cgroupfs" in str(settings.get("exec-opts", "")):
        return
    what = "running containers lose the GPU at the next systemctl daemon-reload"
    if _before(version, _CDI_IN_DOCKER):
        told = f"nvidia-container-toolkit {version}; systemd manages the cgroups"
        yield Fault("C2", "WARN", what, told)
        return
    runc = case.state.packages.get("runc")
    bare = [node.path for node in case.evidence.nodes if not node.linked]
    if runc is None or not runc.installed or not bare:
        return
    number = upstream(runc.version).split("~")[0]
    if _before(number, _RUNC_TELLS_ALL) and not _before(number, _RUNC_TELLS_LINKED):
        told = f"runc {number} tells systemd only of linked device files; without: {bare[0]}"
        yield Fault("C2", "WARN", what, told, key="links")


def _before(version: str, other: Version) -> bool:
    """Whether a version is older; one that cannot be read is not."""
    try:
        return Version(version.split("~")[0]) < other
    except InvalidVersion:
        return False


def no_cgroups(case: Case) -> Iterator[Fault]:
    """C3: left by a rootless set-up."""
    line = case.evidence.engine.no_cgroups
    if line:
        yield Fault(
            "C3",
            "CRITICAL" if case.evidence.engine.docker else "WARN",
            "the container toolkit leaves cgroups alone",
            f"/etc/nvidia-container-runtime/config.toml: {line}",
        )


def stale_spec(case: Case) -> Iterator[Fault]:
    """C4: paths that are gone, majors that changed, libraries of another version."""
    for spec in case.evidence.engine.cdi:
        told = cdi_state.complaints(spec, case.evidence.nodes, case.user)
        if told:
            yield Fault(
                "C4",
                "CRITICAL",
                f"the CDI spec {spec.file} tells of another driver",
                "; ".join(told[:4]),
                values={"file": spec.file},
                key=_fixed_by(case, spec.file),
            )
            return
    unit = case.state.units.get("nvidia-cdi-refresh.service")
    if unit and unit.active == "failed" and case.loaded:
        yield Fault(
            "C4",
            "WARN",
            "the unit that writes the CDI spec has failed",
            f"{unit.name}: {unit.active}",
            values={"file": "/var/run/cdi/nvidia.yaml"},
            key="unit",
        )


def _fixed_by(case: Case, file: str) -> str | None:
    """How a spec is rewritten: by the toolkit's unit, by ``nvidia-ctk``, or not at all."""
    unit = case.state.units.get("nvidia-cdi-refresh.service")
    if file == cdi_state.SPEC and unit and unit.enabled == "enabled":
        return "unit"
    package = case.state.packages.get("nvidia-container-toolkit-base")
    return None if _toolkit(case) or (package and package.installed) else "aside"


def replaced(case: Case) -> Iterator[Fault]:
    """C6: keys of a backup that daemon.json lacks, or no JSON at all."""
    engine = case.evidence.engine
    if engine.daemon_json is None:
        return
    live = _settings(engine.daemon_json)
    told = "/etc/docker/daemon.json cannot be parsed"
    if old := engine_state.strict_docker(case.state):
        if daemon_json.marked(engine.daemon_json):
            live, told = None, f"daemon.json begins with a byte order mark; Docker {old} refuses it"
        elif daemon_json.blank(engine.daemon_json):
            live, told = None, f"daemon.json is empty, which Docker {old} refuses"
    if live is None:
        yield Fault(
            "C6",
            "CRITICAL",
            "Docker's settings are not JSON",
            told,
            values={"file": next(iter(engine.backups), "BACKUP")},
        )
        return
    for path, text in sorted(engine.backups.items()):
        gone = sorted(set(_settings(text) or {}) - set(live) - {"runtimes", "default-runtime"})
        if gone:
            yield Fault(
                "C6",
                "WARN",
                "Docker's settings were replaced",
                f"{path} has {', '.join(gone)}; daemon.json has not",
                values={"file": path},
            )
            return


def stopped(case: Case) -> Iterator[Fault]:
    """C8: docker.service should run and does not."""
    unit = case.state.units.get("docker.service")
    if unit and unit.enabled == "enabled" and unit.active in ("failed", "inactive"):
        yield Fault(
            "C8",
            "CRITICAL",
            "Docker does not run",
            f"docker.service: {unit.active}"
            + (f"; apt: {case.evidence.upgrades[-1]}" if case.evidence.upgrades else ""),
        )
