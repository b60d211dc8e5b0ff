"""Throwaway hosts: brought up when pyinfra loads this inventory.

Without more it is one Debian 12 host, `demo`, with one simulated H100. Others:

    GPUWRIGHT_SANDBOX=a:debian-12:h100*8,b:debian-13:none pyinfra inventories/sandbox.py …

Debian hosts say `driver_origin: debian`: Debian's own driver is the one that can be fetched where
sandboxes run. A host of yours without that gets a branch that is still maintained, from NVIDIA.

Each word is NAME[:OS[:GPU[*COUNT][+GPU[*COUNT]…][:engines]]]; with `engines` Docker can run in it.
`python -m sandbox list` shows the hosts, `make clean-sandbox` removes them.
"""

import os as _os
import sys as _sys
import time as _time
from pathlib import Path as _Path

_sys.path.insert(0, str(_Path(__file__).resolve().parent.parent))

from sandbox import hosts as _hosts
from sandbox import pcibus as _pcibus
from sandbox.checkout import SandboxError as _SandboxError
from sandbox.inventory import host_data as _host_data


def _spec(word: str) -> _hosts.HostSpec:
    name, os_name, gpus, *rest = (*word.split(":"), "", "")[: max(3, word.count(":") + 1)]
    if rest not in ([], ["engines"]):
        raise _SandboxError(
            f"{word!r}: a host is NAME:OS:GPUS or NAME:OS:GPUS:engines, for example "
            "demo:debian-12:h100*8"
        )
    models = _pcibus.parse_gpus([m.replace("*", ":") for m in (gpus or "h100").split("+")])
    return _hosts.HostSpec(name, os_name or "debian-12", models, engines=bool(rest))


def _bring_up() -> list[tuple[str, dict[str, object]]]:
    found = []
    for word in (_os.environ.get("GPUWRIGHT_SANDBOX") or "demo:debian-12:h100").split(","):
        started = _time.monotonic()
        host = _hosts.up(_spec(word.strip()))
        gpus = "+".join(host.spec.gpus) or "no GPU"
        took = _time.monotonic() - started
        print(
            f"sandbox: {host.name} ({host.spec.os}, simulated: {gpus}) is up, {took:.1f} s",
            file=_sys.stderr,
        )
        found.append((host.name, _host_data(host)))
    return found


try:
    sandbox = _bring_up()
except _SandboxError as _error:
    print(f"sandbox: {_error}", file=_sys.stderr)
    raise SystemExit(1) from None
