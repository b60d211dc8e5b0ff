"""All host data that any deploy reads, at once. A key that is read elsewhere alone fails a test."""

from __future__ import annotations

from stacks.catalog.read import Catalog
from tasks.hostdata import (
    acceptance,
    benchmark,
    containers,
    host,
    image,
    nccl,
    network,
    removal,
    repair,
    report,
    workspace,
)
from tasks.hostdata.reading import Data


def everything(data: Data, catalog: Catalog, name: str, tag: str) -> tuple[object, ...]:
    """What each deploy takes host data for, but for the stack and its locks.

    Args:
        data: Host data.
        catalog: The facts, which know GPUs' names.
        name: Of the image, where host data name none.
        tag: Of that image.

    Raises:
        ValueError: A value is not as expected.
    """
    return (
        host.plan_settings(data, catalog),
        network.network_settings(data),
        nccl.nccl_settings(data),
        host.guard_settings(data),
        host.rollback(data),
        host.lock_wait(data),
        host.waits(data),
        host.bundle(data),
        host.bundle_for(data),
        host.bundle_at(data),
        host.bundle_key(data),
        host.output(data),
        host.like(data),
        host.adopt_folder(data),
        acceptance.acceptance_settings(data),
        acceptance.gate_settings(data),
        benchmark.benchmark_settings(data),
        containers.container_settings(data),
        image.image_settings(data),
        removal.removal_settings(data),
        repair.repair_settings(data),
        report.report_settings(data),
        report.exits_on_changes(data),
        workspace.workspace_settings(data, name, tag),
    )
