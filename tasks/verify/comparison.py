"""Is the host as the plan says? Pure: state and plan in, findings out."""

from __future__ import annotations

from facts.model import HostState
from stacks.model.plan import Plan
from tasks.containers import findings as containers
from tasks.cuda import cudnn, toolkit
from tasks.driver import findings as driver_findings
from tasks.driver.findings import library_version
from tasks.finding import SEVERITY, Finding, Level
from tasks.holds import operations as holds
from tasks.jetson import operations as jetson
from tasks.layout import env_of
from tasks.python import environment as pytorch

__all__ = ["SEVERITY", "Finding", "Level", "compare", "library_version", "worst"]


def worst(findings: tuple[Finding, ...]) -> Level:
    """The level of the whole: CRITICAL over UNKNOWN over WARN over OK."""
    order: tuple[Level, ...] = ("CRITICAL", "UNKNOWN", "WARN")
    levels = {f.level for f in findings}
    return next((level for level in order if level in levels), "OK")


def compare(
    state: HostState, plan: Plan, rollback: int = 0, expected_gpus: int = 0
) -> tuple[Finding, ...]:
    """All differences between the host and its plan that need no program to be run on it.

    Args:
        state: What the probe saw.
        plan: What should be.
        rollback: How many environments the host was sent back.
        expected_gpus: How many GPUs the host's data announce; 0 for nothing.
    """
    found = [
        *_count(state, expected_gpus),
        *driver_findings.installed(state, plan),
        *driver_findings.fabric(state, plan),
        *driver_findings.modules(state, plan),
        *driver_findings.free_driver(state, plan),
        *_held(state, plan),
        *_toolkits(state, plan),
        *containers.of_packages(state, plan),
        *_environment(state, plan, rollback),
        *_jetpack(state, plan),
        *_settings(state),
    ]
    return tuple(found)


def _count(state: HostState, expected: int) -> list[Finding]:
    """A host whose GPUs all come later is being baked; one that has some must have all."""
    there = len(state.gpus)
    if not expected or not there or there >= expected:
        return []
    return [
        Finding(
            "D23",
            "CRITICAL",
            "there are fewer GPUs on the bus than expected",
            f"{there} on the PCI bus, {expected} expected: "
            + ", ".join(d.address for d in state.gpus),
            "look for the missing slot: lspci -nn -d 10de:; power off and on, then hardware",
            "the host",
        )
    ]


def _held(state: HostState, plan: Plan) -> list[Finding]:
    free = [
        p.name for p in holds.held_set(state, plan) if p.name not in state.package_manager.holds
    ]
    if not free:
        return []
    return [
        Finding(
            "NOT-HELD",
            "WARN",
            "packages of the set can be moved by an upgrade",
            "not held: " + ", ".join(free[:8]),
            "run deploys/gpu_host.py again",
        )
    ]


def _toolkits(state: HostState, plan: Plan) -> list[Finding]:
    found = []
    if plan.cuda is not None and not toolkit.complete(state, plan.cuda):
        found.append(
            Finding(
                "CUDA-INCOMPLETE",
                "CRITICAL",
                f"CUDA {plan.cuda.version} is not there as planned",
                "toolkits: "
                + (", ".join(f"{t.version} at {t.path}" for t in state.cuda) or "none"),
                "run deploys/gpu_host.py again",
            )
        )
    if plan.cudnn is not None and not cudnn.complete(state, plan.cudnn):
        found.append(
            Finding(
                "CUDNN-INCOMPLETE",
                "CRITICAL",
                f"cuDNN {plan.cudnn.version} is not there as planned",
                "found: " + (", ".join(f"{c.version} at {c.path}" for c in state.cudnn) or "none"),
                "run deploys/gpu_host.py again",
            )
        )
    return found


def _environment(state: HostState, plan: Plan, rollback: int) -> list[Finding]:
    if plan.torch is None:
        return []
    target = pytorch.target_env(state, plan, rollback)
    if target is None:
        return [
            Finding(
                "ROLLBACK-NONE",
                "CRITICAL",
                f"there is no environment {rollback} back",
                f"kept: {', '.join(v.path for v in state.venvs) or 'none'}",
                "choose a smaller number, or run without rollback",
            )
        ]
    if state.current_venv != target:
        return [
            Finding(
                "TORCH-LINK",
                "CRITICAL",
                "the stable link leads elsewhere",
                f"it leads to {state.current_venv or 'nothing'}; planned is {target}",
                "run deploys/gpu_host.py again",
            )
        ]
    if target != env_of(plan):
        return [
            Finding(
                "ROLLED-BACK",
                "WARN",
                "the stable link leads to an earlier environment",
                target,
                "run without rollback to return to the plan's own",
            )
        ]
    return []


def _jetpack(state: HostState, plan: Plan) -> list[Finding]:
    lacking = jetson.missing_from_jetpack(state, plan)
    if plan.torch is not None:
        lacking += jetson.missing_needs(state, plan.torch)
    if not lacking:
        return []
    return [
        Finding(
            "JETPACK-INCOMPLETE",
            "CRITICAL",
            "libraries that torch loads are not on this host",
            "missing: " + ", ".join(lacking),
            "apt-get install nvidia-jetpack, then run deploys/jetson_host.py again",
        )
    ]


def _settings(state: HostState) -> list[Finding]:
    # JetPack's own packages name their CUDA and driver to the loader; that is how a Jetson is.
    own = "/etc/ld.so.conf.d/" if state.jetson is not None else "none"
    settings = [s for s in state.settings if not s.file.startswith(own)]
    if not settings:
        return []
    return [
        Finding(
            "STRAY-SETTING",
            "WARN",
            "a global setting changes which libraries every program loads",
            "; ".join(f"{s.file}: {s.text}" for s in settings[:4]),
            "take it out; shells that want CUDA 11.8 load /opt/gpuwright/etc/cuda.sh",
        )
    ]
