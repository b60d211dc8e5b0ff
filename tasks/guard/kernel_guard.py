"""Put the guard on the host, and let the kernel move as the policy says."""

from __future__ import annotations

import shlex

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.deploy import deploy_of
from tasks.finding import Finding
from tasks.guard import kernel_holds, program
from tasks.guard.policy import Policy, decided
from tasks.guard.policy import findings as policy_findings
from tasks.steps import before, files, job
from tasks.steps.step import Commands, host_state, step

SERVICE = "gpuwright-guard.service"
WATCH = "gpuwright-guard.path"
_WANTED = f"/etc/systemd/system/multi-user.target.wants/{SERVICE}"


@step
def in_force(plan: Plan | None = None, setting: str | None = None, textfile: str = "") -> Commands:
    """The guard watches, and its policy is in force; what another policy did is undone.

    Args:
        plan: The host's plan, if it has one; one without a driver has nothing to guard.
        setting: Host data ``kernel_policy``, checked; None where they say nothing.
        textfile: Host data ``textfile_folder``; empty where they say nothing.
    """
    state = host_state()
    if plan is not None and plan.driver is None:
        return
    policy = decided(state, setting)
    if settled(state, policy, textfile):
        return
    yield job.complete(job.Job("kernel-guard", "kernel guard", script(state, policy, textfile)))


def forecast(state: HostState, setting: str | None, textfile: str) -> list[str]:
    """One sentence where something is to be done."""
    policy = decided(state, setting)
    if settled(state, policy, textfile):
        return []
    return [f"will guard the kernel by the policy {policy.name} ({policy.why})"]


def findings(state: HostState, plan: Plan, setting: str | None) -> list[Finding]:
    """KERNEL-POLICY, where the host is not kept as its data ask."""
    if plan.driver is None:
        return []
    return policy_findings(decided(state, setting), kernel_holds.loose(state), deploy_of(plan))


def settled(state: HostState, policy: Policy, textfile: str) -> bool:
    """Whether nothing is to be done."""
    watch = state.units.get(WATCH)
    if watch is None or (watch.active, watch.enabled) != ("active", "enabled"):
        return False
    if _WANTED not in state.managed_files:
        return False
    if any(files.differs(state, f.path, f.text) for f in _files(state, policy, textfile)):
        return False
    if policy.name != "follow" and program.DEFAULT in state.managed_files:
        return False
    if policy.name == "hold":
        return kernel_holds.right(state)
    return not kernel_holds.ours(state)


def _files(state: HostState, policy: Policy, textfile: str) -> list[program.File]:
    menu = state.kernels.menu
    folder = menu.config.rpartition("/")[0] if menu else ""
    return program.written(policy.name, state.package_manager.kind, textfile, folder)


def script(state: HostState, policy: Policy, textfile: str) -> str:
    """Shell that undoes what another policy did, writes the files, and looks once."""
    manager = state.package_manager.kind
    follows = policy.name == "follow"
    return "\n".join(
        [
            "follows() { grep -qs '^POLICY=follow$' " + program.SETTINGS + "; }",
            # Its own program undoes it, before the new one is there.
            *(() if follows else (_released(),)),
            *(() if policy.name == "hold" else (kernel_holds.released(),)),
            files.joined(
                files.write_script(f.path, f.text, f.mode) for f in _files(state, policy, textfile)
            ),
            # One that is there may be another user's: the guard writes there as that user.
            f"[ -d {shlex.quote(textfile)} ] || "
            f"{{ {before.made_script(textfile)}; {files.place_script(textfile)}; }}"
            if textfile
            else ":",
            kernel_holds.script(state) if policy.name == "hold" else ":",
            # GRUB is told to boot the saved entry when that is a kernel that has its module.
            *((f"{program.PROGRAM} adopt", f"{program.PROGRAM} now") if follows else ()),
            "update-grub" if follows and manager == "apt" else ":",
            shlex.join(["mkdir", "-p", *program.watched(manager, "")]),
            "systemctl daemon-reload",
            f"systemctl enable --quiet {SERVICE} {WATCH}",
            f"systemctl restart {WATCH}",
            f"{program.PROGRAM} now",
        ]
    )


def _released() -> str:
    return "\n".join(
        [
            f"if follows && [ -x {program.PROGRAM} ]; then {program.PROGRAM} release; fi",
            f"if [ -e {program.DEFAULT} ]; then rm {program.DEFAULT}; update-grub; fi",
        ]
    )
