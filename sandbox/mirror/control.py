"""Start, find and stop this checkout's mirror process."""

import dataclasses
import json
import sys
import time
import urllib.request
from typing import Any

from sandbox.checkout import MIRROR, SOURCE, SandboxError, lock, read_record, write_record
from sandbox.local import network
from sandbox.local.processes import Process, marked, spawn

_RECORD = MIRROR / "mirror.json"
_LOG = MIRROR / "mirror.log"
# The address is the checkout's own; only a server on every address of the machine can be in the
# way, and then another port serves.
_PORTS = (3142, 8642, 18642)


def start() -> str:
    """The mirror's base address; it is started if it does not run.

    Raises:
        SandboxError: if it does not answer.

    """
    with lock("mirror"):
        if url := running():
            return url
        stop()
        for port in _PORTS:
            url = f"http://{network.mirror_address()}:{port}"
            argv = [sys.executable, "-m", "sandbox.mirror", network.mirror_address(), str(port)]
            process = spawn("mirror", argv, _LOG, cwd=SOURCE)
            write_record(_RECORD, {"url": url, "process": dataclasses.asdict(process)})
            deadline = time.monotonic() + 20
            while process.alive() and time.monotonic() < deadline:
                if status(url) is not None:
                    return url
                time.sleep(0.05)
            process.kill()
        tail = "\n".join(_LOG.read_text(errors="replace").splitlines()[-5:])
        raise SandboxError(f"The download cache did not start. The end of {_LOG}:\n{tail}")


def running() -> str | None:
    """The mirror's base address if its process runs, else `None`."""
    record = read_record(_RECORD)
    process = Process.from_record(record["process"]) if record else None
    return record["url"] if process and process.alive() else None


def stop() -> None:
    """End the mirror; hosts get it back at their next boot or `up`."""
    for process in list(marked("mirror")):
        process.kill()
    _RECORD.unlink(missing_ok=True)


def status(url: str | None = None) -> dict[str, Any] | None:
    """The mirror's counters, or `None` if it does not answer: `upstream` counts the requests
    that left this machine, `hit` and `joined` those that did not need to.
    """
    url = url or running()
    # Straight there: a proxy of this machine knows nothing of the sandbox's addresses.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/status", timeout=2) as answer:
            value: dict[str, Any] = json.load(answer)
            return value
    except (OSError, ValueError):
        return None
