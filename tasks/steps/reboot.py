"""A reboot of a host in the middle of a run, known by its boot id and not by its uptime.

pyinfra's own ``server.reboot`` fails where sshd is still up after its delay and then goes down, and
counts tries, not time (read in 3.10.0). Here the connection is made again until another boot id
answers, or the time is over.
"""

from __future__ import annotations

import logging
import time

import gevent
from pyinfra import logger
from pyinfra.api.host import Host

from tasks.steps import around
from tasks.steps.step import LOST, invalidate, run

_BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
_GO = "( sleep 1; systemctl reboot || reboot ) </dev/null >/dev/null 2>&1 &"
"""Behind the back of this connection, whose end would else not be told from a failure."""
_SETTLED = "timeout 120 systemctl is-system-running --wait"
"""Drivers load and daemons start while a system boots; "degraded" is an answer too."""
ASK_S = 3
"""Seconds between two tries to connect."""
SAY_S = 60
AT_HAND = (
    "this run is on the machine itself, and would end with it: systemctl reboot, then run it again"
)


def reached(host: Host) -> bool:
    """Whether a run outlives a reboot of this host: only where it comes over ssh."""
    return getattr(host.connector, "client", None) is not None


def rebooted(host: Host, limit_s: int) -> str:
    """Reboot this host and wait until it is back and has finished booting.

    Args:
        host: The host; its connection is made again.
        limit_s: Seconds until it must answer again.

    Returns:
        An empty string when it is back, else what went wrong.
    """
    if not reached(host):
        return AT_HAND
    good, before = run(host, _BOOT_ID, timeout=30)
    if not good or not before.strip():
        return "its boot id cannot be read, so nobody could tell whether it has rebooted"
    good, said = run(host, _GO, timeout=30)
    if not good:
        return f"it cannot be told to reboot: {said}"
    # Each try that meets no sshd yet would be told with a traceback, by paramiko's own thread.
    logging.getLogger("paramiko.transport").setLevel(logging.CRITICAL)
    began = said_at = time.monotonic()
    logger.info(f"{host.print_prefix}reboots; waiting {limit_s} s at most")
    while True:
        gevent.sleep(ASK_S)
        after = _asked(host)
        waited = time.monotonic() - began
        if after and after != before.strip():
            break
        if waited > limit_s:
            where = "still the same boot" if after else "no answer"
            return f"not back after {limit_s} s ({where}); look at its console"
        if time.monotonic() - said_at >= SAY_S:
            said_at = time.monotonic()
            logger.info(f"{host.print_prefix}waiting for the reboot, {waited:.0f} s of {limit_s}")
    run(host, _SETTLED, timeout=150)
    around.forget(host)
    invalidate(host)
    logger.info(f"{host.print_prefix}is back after {time.monotonic() - began:.0f} s")
    return ""


def _asked(host: Host) -> str:
    """The boot id over a new connection; empty while there is none."""
    _dropped(host)
    try:
        host.connect(show_errors=False)
        if not host.connected:
            return ""
        good, output = run(host, _BOOT_ID, timeout=10)
    except LOST:
        return ""  # it went down while we asked
    return output.strip() if good else ""


def _dropped(host: Host) -> None:
    """Leave the old connection: it may be dead without knowing it."""
    client = getattr(host.connector, "client", None)
    if client is not None:
        client.close()
    host.connector.disconnect()  # pyinfra keeps a connection for files beside the other one
    host.connected = False
