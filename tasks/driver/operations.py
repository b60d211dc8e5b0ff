"""The NVIDIA driver: packages, and a module for every kernel that can boot."""

from __future__ import annotations

import shlex

from pyinfra.api import StringCommand

from facts.model.host import HostState
from stacks.model.plan import DriverPlan, Plan
from tasks.driver import fabric_manager, initramfs, package_set, persistence
from tasks.driver.state import (
    can_load,
    due,
    kernels_to_serve,
    kernels_without_headers,
    unserved_kernels,
)
from tasks.packages import manager as packages
from tasks.packages.installed import lacking
from tasks.packages.transaction import Installation, Transaction
from tasks.steps import job
from tasks.steps.overlap import overlaps
from tasks.steps.step import Commands, host_state, step
from tasks.templates import render

DEFER = "/etc/dkms/no-autoinstall"
DEFER_TARGET = "/run/gpuwright-dkms-deferred"
LOAD = "modprobe nvidia && { modprobe nvidia-uvm; nvidia-modprobe -c 0 -u; } || :"


@step
def installed(plan: Plan) -> Commands:
    """Install the driver without a desktop, and headers for every kernel that can boot.

    Where modules are built beside other work, dpkg leaves the build to `modules_built`: dkms's
    package hook stops at ``/etc/dkms/no-autoinstall`` (dkms 3, ``common.postinst``). That file is
    a link into ``/run``, so that even a power cut cannot leave it in force.
    """
    state = host_state()
    if plan.driver is None or not due(state, plan.driver):
        return
    manager = packages.manager_for(state)
    # dnf's packages do not each rebuild the initramfs.
    put_off = bool(unserved_kernels(state, plan)) and state.package_manager.kind == "apt"
    script = "\n".join(
        [
            manager.refresh_if_stale(),
            _branch_script(manager, plan.driver),
            manager.kernel_headers(
                kernels_without_headers(state, plan.driver),
                (*plan.driver.headers, *plan.driver.kernels.packages),
            ),
            _shipped_modules(state, plan.driver),
            _left_behind(state, plan.driver),
            # A file there that is not our link is somebody's own choice: it stays.
            f"mkdir -p /etc/dkms && {{ [ ! -e {DEFER} ] || [ -L {DEFER} ]; }} && "
            f": >{DEFER_TARGET} && ln -sfn {DEFER_TARGET} {DEFER} || :",
            # The step that builds modules makes the initramfs as well.
            initramfs.stand_in() if put_off else ":",
            manager.stream(plan.driver.stream, state.package_manager.streams),
            manager.install(
                Installation(
                    [_named(manager, plan.driver, p) for p in plan.driver.packages],
                    more="$(cat headers)",
                    options=initramfs.PUT_OFF if put_off else "",
                    transaction=package_set.transaction(state, plan.driver),
                    first=f"{_mark(state, plan.driver)}\n{_pinning(manager, state, plan.driver)}",
                )
            ),
            manager.forgotten(package_set.traces(state, plan.driver)),
            _daemons_back(state, plan.driver),
            f"rm -f {package_set.MOVING}*",
        ]
    )
    yield job.complete(
        job.Job(
            "driver",
            f"NVIDIA driver {plan.driver.branch}",
            script,
            progress=manager.progress(),
            undo=f"rm -f {DEFER_TARGET}; [ ! -L {DEFER} ] || rm -f {DEFER}",
        )
    )


def _named(manager: packages.Manager, driver: DriverPlan, package: str) -> str:
    version = driver.versions.get(package)
    return manager.named(package, version) if version else package


def _mark(state: HostState, driver: DriverPlan) -> str:
    """Shell that notes which driver goes, before anything of it does."""
    replaced = package_set.going(state, driver)
    if not replaced:
        return ":"
    mark = package_set.mark(replaced)
    return f'mkdir -p "$(dirname {mark})" && : >{mark} && sync {mark}'


def _daemons_back(state: HostState, driver: DriverPlan) -> str:
    """Shell that enables the daemons again that the old packages took with them."""
    if not package_set.going(state, driver):
        return ":"
    lines = ["systemctl daemon-reload"]
    for name in (persistence.UNIT, fabric_manager.UNIT):
        unit = state.units.get(name)
        if unit and unit.enabled == "enabled":
            now = " --now" if unit.active == "active" else ""
            lines.append(f"systemctl enable{now} --quiet {name} 2>/dev/null || :")
    return "\n".join(lines)


def _pinning(manager: packages.Manager, state: HostState, driver: DriverPlan) -> str:
    """Shell that installs what pins the branch, in a transaction of its own.

    apt reads preferences when it starts: a pin that comes in the driver's own transaction does
    nothing for it (NVIDIA/NemoClaw issue 8197).
    """
    old = package_set.old_pinning(state, driver)
    if not driver.pinning or not (old or lacking(state, driver.pinning, {})):
        return ":"
    one = Transaction(ours=driver.pinning, goes=tuple(old))
    # Apart: neither its names nor its preferences are those of the driver's transaction.
    script = (
        "mkdir -p pinning\ncd "
        f"pinning\n{manager.install(Installation(driver.pinning, transaction=one))}"
    )
    return f"(\n{script}\n)\n{manager.forgotten(old)}"


def _shipped_modules(state: HostState, driver: DriverPlan) -> str:
    """Shell that adds the modules that the archive ships for each bootable kernel to ``headers``.

    The metapackage (``linux-modules-nvidia-580-server-generic``) brings those of its newest kernel
    only.
    """
    if driver.modules != "precompiled":
        return ":"
    metas = [p for p in driver.packages if p.startswith("linux-modules-nvidia-")]
    names = [
        meta.removesuffix(flavour) + kernel
        for kernel in kernels_to_serve(state, driver)
        for meta in metas
        if meta.endswith(flavour := kernel.rpartition("-")[2])
    ]
    return (
        f"for name in {' '.join(names)}; do\n"
        '  ! apt-cache show "$name" >/dev/null 2>&1 || echo "$name" >>headers\ndone'
    )


def _left_behind(state: HostState, driver: DriverPlan) -> str:
    """Shell that adds parts of the set to ``headers`` which nothing else would take along.

    A part on which another one depends without saying in which version stays as it is otherwise:
    nvidia-persistenced and its libnvidia-cfg1 (seen with NVIDIA's packages for Debian).
    """
    parts = package_set.of_another_version(state, driver)
    if not parts or state.package_manager.kind == "dnf":
        return ":"
    return (
        f"for name in {shlex.join(parts)}; do\n"
        f"  ! apt-cache madison \"$name\" | grep -qF '| {driver.version}-' ||\n"
        f'    echo "$name={driver.version}-*" >>headers\ndone'
    )


def _branch_script(manager: packages.Manager, driver: DriverPlan) -> str:
    """Shell that stops where the archive offers another branch than the planned one.

    A plan with exact versions needs none: what is not there cannot be installed.
    """
    if driver.versions:
        return ":"
    package = driver.packages[0]
    return "\n".join(
        [
            manager.candidate(package),
            f'case "$offer" in {driver.branch}.*) ;; *)',
            f'  echo "the archive offers {package} $offer; planned is branch {driver.branch}"',
            "  exit 1 ;; esac",
        ]
    )


def _build(state: HostState, plan: Plan) -> job.Job:
    assert plan.driver is not None
    kernels = unserved_kernels(state, plan)
    count = "find /var/lib/dkms/nvidia*/*/build -name '*.o' | wc -l"
    return job.Job(
        "dkms",
        f"kernel module for {', '.join(kernels)}",
        render(
            "dkms.sh.j2",
            version=plan.driver.version if plan.driver.versions else f"{plan.driver.branch}.*",
            kernels=[shlex.quote(kernel) for kernel in kernels],
        ),
        progress=f'echo "building for $(cat kernel): $({count}) object files"',
    )


def _to_build(state: HostState, plan: Plan) -> bool:
    """Whether DKMS has work: modules that the archive ships come as packages, or not at all."""
    assert plan.driver is not None
    return plan.driver.modules == "dkms" and bool(unserved_kernels(state, plan))


@step
def modules_begun(plan: Plan) -> Commands:
    """Start building the kernel modules beside what follows, where the machine has room for it."""
    state = host_state()
    if plan.driver is None or not overlaps(state) or not _to_build(state, plan):
        return
    yield job.start(_build(state, plan))


@step
def modules_built(plan: Plan) -> Commands:
    """A module of this driver for every kernel that can boot, and the initramfs that is due."""
    state = host_state()
    if plan.driver is None:
        return
    if _to_build(state, plan) or job.begun("dkms"):
        yield job.finish(_build(state, plan))
    if initramfs.due(host_state()):
        yield job.complete(initramfs.rebuilt())


@step
def loaded(plan: Plan) -> Commands:
    """Load the module where it can be: a GPU is here, its kernel runs, nouveau has let go of it."""
    state = host_state()
    if plan.driver is None or not can_load(state):
        return
    yield StringCommand(LOAD)
