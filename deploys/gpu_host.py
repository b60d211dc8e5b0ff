"""A bare host becomes a GPU host: driver, CUDA, cuDNN and PyTorch, held and proven.

    pyinfra inventories/lab.py deploys/gpu_host.py

A second run changes nothing. Host data that matters here: ``stack``, ``mirrors``,
``expected_gpus``, ``nccl``, ``lock_wait`` (seconds), ``reboot``, ``kernel_policy``,
``textfile_folder`` and the requests of ``stacks.requests`` (``driver_flavour``, ``cuda_origin`` …);
``--data rollback=1`` goes back to the environment before the newest.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.cuda import cudnn, environment, toolkit
from tasks.driver import enrolment, fabric_manager, nouveau, persistence, reload
from tasks.driver import operations as driver
from tasks.guard import kernel_guard
from tasks.holds import operations as holds
from tasks.host import first_boot, plans
from tasks.packages import readiness
from tasks.python import environment as pytorch
from tasks.python import interpreter, nccl, selftest, uv
from tasks.reboot import operations as rebooting
from tasks.repositories import components as repositories
from tasks.repositories import vendor
from tasks.verify import host_verdict

plan = plans.for_this_host()

if plan is not None:
    first_boot.first_boot_done(plan=plan, name="First boot has ended")
    readiness.lock_free(plan=plan, limit_s=plans.lock_wait(), name="Package manager is free")
    readiness.dpkg_repaired(plan=plan, unmet=plans.unmet(), name="Package manager is whole")

    repositories.components(plan=plan, name="Archive components")
    vendor.added(plan=plan, name="NVIDIA's repository")
    holds.kept_from_unattended_upgrades(plan=plan, name="Set kept from unattended upgrades")
    toolkit.fetched(plan=plan, name="CUDA packages fetched")
    interpreter.interpreter(plan=plan, name="Python interpreter")
    uv.pushed(plan=plan, name="uv")
    pytorch.begun(plan=plan, name="PyTorch environment begun")

    nouveau.blacklisted(plan=plan, name="nouveau kept off")
    driver.installed(plan=plan, name="NVIDIA driver and kernel headers")
    driver.modules_begun(plan=plan, name="Kernel modules begun")

    toolkit.installed(plan=plan, name="CUDA toolkit")
    cudnn.installed(plan=plan, name="cuDNN")
    environment.offered(plan=plan, name="Environment file, opt-in")

    pytorch.installed(plan=plan, name="PyTorch environment")
    driver.modules_built(plan=plan, name="Kernel module for every bootable kernel")
    enrolment.prepared(plan=plan, name="Enrolment of DKMS's key")
    driver.loaded(plan=plan, name="Kernel module loaded")
    reload.reloaded(plan=plan, name="Kernel module reloaded")
    holds.held(plan=plan, name="Set held and pinned")
    kernel_guard.in_force(
        plan=plan,
        setting=plans.kernel_policy(),
        textfile=plans.textfile_folder(),
        name="Kernel guard and policy",
    )

    pytorch.switched(plan=plan, rollback=plans.rollback(), name="Stable link")
    selftest.installed(plan=plan, name="Self-test")
    nccl.written(settings=plans.nccl_settings(), name="NCCL's settings")

    rebooting.rebooted(
        plan=plan,
        settings=plans.reboot_settings(),
        expected_gpus=plans.expected_gpus(),
        name="Reboot, where nothing else helps",
    )
    persistence.enabled(plan=plan, name="GPU persistence")
    fabric_manager.enabled(plan=plan, name="Fabric Manager")

    host_verdict.report_verdict(
        plan=plan,
        rollback=plans.rollback(),
        expected_gpus=plans.expected_gpus(),
        kernel_policy=plans.kernel_policy(),
        name="Verdict",
    )
