"""The NVIDIA driver: packages, and a module for every kernel that can boot."""

from __future__ import annotations

from pyinfra.api import StringCommand

from facts.model import HostState
from stacks.model import DriverPlan, Plan
from tasks import initramfs, job, packages
from tasks.overlap import overlaps
from tasks.step import Commands, look, step
from tasks.templates import render

DEFER = "/etc/dkms/no-autoinstall"
DEFER_TARGET = "/run/gpuwright-dkms-deferred"


@step
def installed(plan: Plan) -> Commands:
    """Install the driver without a desktop, and headers for every kernel that can boot.

    Where modules are built beside other work, dpkg leaves the build to `modules_built`: dkms's
    package hook stops at ``/etc/dkms/no-autoinstall`` (dkms 3, ``common.postinst``). That file is
    a link into ``/run``, so that even a power cut cannot leave it in force.
    """
    state = look()
    if plan.driver is None or not missing_packages(state, plan.driver):
        return
    manager = packages.of(state)
    # dnf's packages do not each rebuild the initramfs.
    put_off = bool(unserved_kernels(state, plan)) and state.package_manager.kind == "apt"
    script = "\n".join(
        [
            manager.refresh_if_stale(),
            _branch_script(manager, plan.driver),
            manager.kernel_headers(kernels_to_serve(state), plan.driver.headers),
            # A file there that is not our link is somebody's own wish: it stays.
            f"mkdir -p /etc/dkms && {{ [ ! -e {DEFER} ] || [ -L {DEFER} ]; }} && "
            f": >{DEFER_TARGET} && ln -sfn {DEFER_TARGET} {DEFER} || :",
            # The step that builds modules makes the initramfs as well.
            initramfs.stand_in() if put_off else ":",
            manager.install(
                plan.driver.packages,
                more="$(cat headers)",
                further_options=initramfs.PUT_OFF if put_off else "",
            ),
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


def missing_packages(state: HostState, driver: DriverPlan) -> list[str]:
    """Packages of the driver and headers of bootable kernels that are not there."""
    have = {name for name, p in state.packages.items() if p.installed}
    lacking = [p for p in (*driver.packages, *driver.headers) if p not in have]
    return lacking + [f"headers of {k}" for k in kernels_to_serve(state) if not _headers(state, k)]


def kernels_to_serve(state: HostState) -> list[str]:
    """Every kernel that can boot here, the running one among them where it is installed."""
    return [k.release for k in state.kernels.installed if k.bootable]


def _headers(state: HostState, kernel: str) -> bool:
    return any(k.release == kernel and k.headers for k in state.kernels.installed)


def _branch_script(manager: packages.Manager, driver: DriverPlan) -> str:
    """Shell that stops where the archive offers another branch than the planned one."""
    package = driver.packages[0]
    return "\n".join(
        [
            manager.candidate(package),
            f'case "$offer" in {driver.branch}.*) ;; *)',
            f'  echo "the archive offers {package} $offer; planned is branch {driver.branch}"',
            "  exit 1 ;; esac",
        ]
    )


def unserved_kernels(state: HostState, plan: Plan) -> list[str]:
    """Bootable kernels that have no module of the plan's driver branch."""
    assert plan.driver is not None
    served = {
        m.kernel
        for m in state.driver.modules
        if m.version and m.version.split(".")[0] == plan.driver.branch
    }
    return [k for k in kernels_to_serve(state) if k not in served]


def _build(state: HostState, plan: Plan) -> job.Job:
    assert plan.driver is not None
    kernels = unserved_kernels(state, plan)
    count = "find /var/lib/dkms/nvidia*/*/build -name '*.o' | wc -l"
    return job.Job(
        "dkms",
        f"kernel module for {', '.join(kernels)}",
        render("dkms.sh.j2", branch=plan.driver.branch, kernels=kernels),
        progress=f'echo "building for $(cat kernel): $({count}) object files"',
    )


@step
def modules_begun(plan: Plan) -> Commands:
    """Start building the kernel modules beside what follows, where the machine has room for it."""
    state = look()
    if plan.driver is None or not overlaps(state) or not unserved_kernels(state, plan):
        return
    yield job.start(_build(state, plan))


@step
def modules_built(plan: Plan) -> Commands:
    """A module of this driver for every kernel that can boot, and the initramfs that is due."""
    state = look()
    if plan.driver is None:
        return
    if unserved_kernels(state, plan) or job.begun("dkms"):
        yield job.finish(_build(state, plan))
    if initramfs.due(look()):
        yield job.complete(initramfs.rebuilt())


@step
def loaded(plan: Plan) -> Commands:
    """Load the module where it can be: a GPU is here, its kernel runs, nouveau has let go of it."""
    state = look()
    if plan.driver is None or not can_load(state):
        return
    yield StringCommand("modprobe nvidia && { modprobe nvidia-uvm; nvidia-modprobe -c 0 -u; } || :")


def can_load(state: HostState) -> bool:
    """Whether loading the module now makes sense and is not done yet.

    A container has its host's kernel and loads nothing. Under a kernel without a module, or with
    nouveau on the card, the driver waits for the next boot. Under Secure Boot the kernel refuses a
    module whose key nobody has enrolled, and enrolling needs a person at the console.
    """
    served = {m.kernel for m in state.driver.modules}
    return bool(
        state.gpus
        and not state.driver.loaded
        and not state.system.container
        and not state.nouveau.loaded
        and not state.secure_boot
        and state.kernels.running in served
    )
