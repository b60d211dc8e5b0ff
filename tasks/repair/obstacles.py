"""What stands against one way to fix one fault on one host. Pure."""

from __future__ import annotations

from dataclasses import replace

from tasks.faults.catalog import Method
from tasks.health.case import Case
from tasks.health.kernel_rules import no_room
from tasks.health.naming import Named
from tasks.host import preflight
from tasks.repair import versions


def obstacles_to(method: Method, case: Case, finding: Named) -> tuple[str, ...]:
    """Why this way is not gone; an empty text is a reason that nobody needs to read."""
    if method in ("release", "reload", "reboot") and case.container:
        return ("a container has its host's kernel",)
    if method in ("plan", "converge", "build", "nouveau", "release", "reload", "reboot") and (
        case.state.jetson is not None
    ):
        return ("Jetson Linux brings its own driver, which is not ours to change",)
    if method == "plan":
        return _of_plan(case)
    if method == "clean":
        return _of_clean(case, finding)
    if method == "converge" and not versions.strays(case):
        return ("",)
    if method == "reload" and not case.loaded:
        return ("",)
    if method == "command":
        return _of_command(case, finding)
    return ()


def _of_plan(case: Case) -> tuple[str, ...]:
    plan = case.plan
    if plan is None or plan.driver is None:
        return ("there is no plan for this host: name a stack in its data",)
    if any(notice.code == "PLAN-ONLY" for notice in plan.notices):
        return ("the plan for such a host is advice only (PLAN-ONLY)",)
    driver_alone = replace(plan, cuda=None, cudnn=None, torch=None)
    return tuple(f"{c.code}: {c.what}" for c in preflight.conflicts(case.state, driver_alone))


def _of_clean(case: Case, finding: Named) -> tuple[str, ...]:
    """Packages that were fetched lie below /var: emptying that helps its own disk alone."""
    cache = case.state.mounts.get("/var")
    full = case.state.mounts.get(finding.values.get("path", "/var"))
    if finding.level != "CRITICAL":
        return ("nothing here is ours to delete",)
    if (
        cache is None
        or full is None
        or (cache.device, cache.size_mb) != (full.device, full.size_mb)
    ):
        return (
            "the package manager's cache is not on that disk, and nothing else is ours to delete",
        )
    return ()


def _of_command(case: Case, finding: Named) -> tuple[str, ...]:
    check = _CHECKS.get(finding.code)
    reason = check(case, finding) if check else None
    return () if reason is None else (reason,)


def _kernel_of_no_matter(case: Case, finding: Named) -> str | None:
    if finding.level == "CRITICAL":
        return None
    return "that kernel neither runs nor boots next: remove it, or leave it"


def _room(case: Case, finding: Named) -> str | None:
    room = no_room(case)
    return f"there is no room to build in: {room}" if room else None


def _given_away(case: Case, finding: Named) -> str | None:
    given = [gpu.address for gpu in case.state.gpus if gpu.driver == "vfio-pci"]
    if not given:
        return None
    return f"vfio-pci has {', '.join(given)}: this host gives its GPUs to virtual machines"


def _rootless(case: Case, finding: Named) -> str | None:
    engine = case.evidence.engine
    if engine.podman and not engine.docker:
        return "podman is here and no Docker: a rootless engine needs that setting"
    return None


def _shared_source(case: Case, finding: Named) -> str | None:
    file = finding.values.get("file", "")
    others = {
        uri.rstrip("/")
        for source in case.state.package_manager.sources
        if source.file == file
        for uri in source.uris
    }
    if len(others) > 1 or file == "/etc/apt/sources.list":
        return f"{file} names other archives too, and is not ours to move"
    return None


_CHECKS = {
    "D2": _kernel_of_no_matter,
    "D5": _room,
    "D13": _given_away,
    "C3": _rootless,
    "C7": _shared_source,
}
