"""A Jetson gets its stack: PyTorch on JetPack 6 and 7, or CUDA 11.8 on JetPack 5; held and proven.

    pyinfra inventories/lab.py deploys/jetson_host.py

Its driver and kernel belong to Jetson Linux: they are held, and never installed or removed. A
second run changes nothing. Host data that matters here: ``stack`` (``jetson-torch-2.9`` where
nothing is said, ``jetson-cuda-11.8``), ``mirrors``, ``lock_wait``; ``--data rollback=1`` goes back
to the environment before the newest.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.cuda import environment, toolkit
from tasks.holds import operations as holds
from tasks.host import first_boot, plans
from tasks.jetson import operations as jetson
from tasks.packages import readiness
from tasks.python import environment as pytorch
from tasks.python import interpreter, nccl, selftest, uv
from tasks.repositories import vendor
from tasks.verify import host_verdict

plan = plans.for_this_host(for_jetsons=True)

if plan is not None:
    first_boot.first_boot_done(plan=plan, name="First boot has ended")
    readiness.lock_free(plan=plan, limit_s=plans.lock_wait(), name="Package manager is free")
    readiness.dpkg_repaired(plan=plan, unmet=plans.unmet(), name="Package manager is whole")

    jetson.held(plan=plan, name="Jetson Linux held")
    holds.kept_from_unattended_upgrades(plan=plan, name="Set kept from unattended upgrades")
    vendor.added(plan=plan, name="NVIDIA's repository")
    interpreter.interpreter(plan=plan, name="Python interpreter")
    uv.pushed(plan=plan, name="uv")
    jetson.libraries(plan=plan, name="Libraries beside JetPack's own")
    pytorch.begun(plan=plan, name="PyTorch environment begun")

    toolkit.installed(plan=plan, name="CUDA toolkit")
    environment.offered(plan=plan, name="Environment file, opt-in")
    pytorch.installed(plan=plan, name="PyTorch environment")
    holds.held(plan=plan, name="Set held and pinned")
    pytorch.switched(plan=plan, rollback=plans.rollback(), name="Stable link")
    selftest.installed(plan=plan, name="Self-test")
    nccl.written(settings=plans.nccl_settings(), name="NCCL's settings")

    host_verdict.report_verdict(plan=plan, rollback=plans.rollback(), name="Verdict")
