"""Names of host data that look misspelt. Without a word they would simply have no effect."""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakSet

from pyinfra import logger
from pyinfra.api.host import Host

from stacks.catalog.decode import nearest
from stacks.requests import WISHES
from tasks.hostdata.workspace import KEYS

NAMES = frozenset(
    {
        *WISHES,
        *(f"workspace_{key}" for key in KEYS),
        *("stack", "expected_gpus", "mirrors", "fingerprints", "rollback", "lock_wait", "bundle"),
        *("kernel_policy", "textfile_folder"),
        *("reboot", "reboot_wait", "canary", "batch", "fail_share"),
        *("docker_users", "docker_restart", "docker_default_runtime", "docker_rootless"),
        *("docker_registry_mirrors", "docker_proxy", "docker_no_proxy", "proof_image"),
        *("image_from", "image_tar", "image_registry", "image_push", "image_save"),
        *("image_uid", "image_apt"),
        *("workspaces", "workspaces_absent"),
    }
)
"""All that any deploy reads, beside pyinfra's own (``ssh_user`` …)."""
_ALIKE = 0.8
_told: WeakSet[Host] = WeakSet()


def misspelt(said: Iterable[str]) -> dict[str, str]:
    """Names that no deploy reads and that look like one that a deploy reads: to that one."""
    found = {}
    for name in said:
        if name in NAMES or name.startswith(("_", "ssh_")):
            continue
        if close := nearest(name, NAMES, count=1, alike=_ALIKE):
            found[name] = close[0]
    return found


def tell(host: Host) -> None:
    """Warn of such names, once per host and run. They may be the user's own, so nothing stops."""
    if host in _told:
        return
    _told.add(host)
    said: dict[str, object] = host.data.dict()  # type: ignore[no-untyped-call]
    for name, meant in misspelt(said).items():
        logger.warning(
            f"{host.print_prefix}DATA-NAME: no deploy of gpuwright reads the host data «{name}». "
            f"Did you mean «{meant}»?"
        )
