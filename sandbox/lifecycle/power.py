"""Switching a host on, cutting its power, and removing it."""

import dataclasses
import shutil
import sys
from pathlib import Path
from typing import Any

from sandbox.checkout import HOSTS, SOURCE, SandboxError, lock
from sandbox.container import nspawn
from sandbox.lifecycle import identity, kinds, records
from sandbox.lifecycle.access import HostAccess, hang_up
from sandbox.local import cgroups, mounts, network, settings, ssh
from sandbox.local.processes import Process, marked, spawn
from sandbox.mirror import control as mirror
from sandbox.mirror.faults import set_faults
from sandbox.spec import HostSpec, from_record


def boot(spec: HostSpec, state: str = "") -> dict[str, Any]:
    """Switch the host that `spec` describes on, its disk made if there is none; give its record.

    With `state` a virtual machine wakes up in that saved state.

    Raises:
        SandboxError: if it does not come up, with the end of what its console showed.

    """
    name, folder = spec.name, HOSTS / spec.name
    # The record comes first: whatever is made after it is found by `remove`.
    record = records.allocate(spec)
    record["mirror_url"] = mirror_url = _mirror(spec)
    record["lower"] = record["lower"] or str(_lower(spec, mirror_url))
    records.write(record)
    lower = Path(record["lower"])
    if not lower.exists():
        raise SandboxError(
            f"The root image of {name} is gone ({lower}), so its disk is of no use. "
            f"`python -m sandbox up {name} --fresh` makes a new host."
        )
    stop(name)
    root = kinds.root(spec, folder, lower)
    public_key = identity.write(folder, root, name)
    identity.write_network(root, spec.offline, mirror_url)
    network.connect(name, network.address(record["index"]), spec.offline, spec.rate_mbit)
    settings.take()
    host = HostAccess.of(record)
    known = host.address if host.port == 22 else f"[{host.address}]:{host.port}"
    host.known_hosts.write_text(f"{known} {public_key}\n")
    process = kinds.start(spec, folder, host.ip, lower, state)
    record["process"] = dataclasses.asdict(process)
    if spec.delay_ms:
        record["relay"] = dataclasses.asdict(_relay(host))
    records.write(record)
    try:
        limit_s = kinds.BOOT_LIMIT_S[spec.vm]
        ssh.wait(host.ssh_argv("true"), host.address, host.port, process.alive, limit_s)
    except SandboxError as error:
        log = folder / "console.log"
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
        raise SandboxError(f"{name} did not come up: {error}. The end of {log}:\n{tail}") from None
    return record


def keep_mirror(record: dict[str, Any]) -> dict[str, Any]:
    """The record of a running host, with a mirror again if its mirror ended meanwhile."""
    spec = from_record(record["spec"])
    url = _mirror(spec)
    if url != record["mirror_url"]:
        identity.write_network(HostAccess.of(record).rootfs, spec.offline, url)
        kinds.refresh(spec, HOSTS / spec.name)
        record = {**record, "mirror_url": url}
        records.write(record)
    return record


def stop(name: str) -> None:
    """Cut the power: kill the host called `name` and its relay at once."""
    hang_up(name)
    # The supervisor first, or it would take the end of the container for a reboot.
    for what in (f"host:{name}", f"relay:{name}"):
        for process in list(marked(what)):
            process.kill()
    # Two ways to the container's processes, for the case that one was not yet made.
    cgroups.kill(name)
    network.kill_inhabitants(name)
    nspawn.remove_traces(name, HOSTS / name)


def remove(name: str) -> None:
    """Stop the host called `name` and remove all of it; the last one takes the mirror with it."""
    folder = HOSTS / name
    record = records.read(name)
    stop(name)
    if record:
        address = network.address(record["index"])
        network.disconnect(name, address)
        # A test that was killed leaves them, and the next host with this address would have them.
        set_faults(address.host, None)
    mounts.unmount(folder)
    if folder.is_dir():
        mounts.assert_unmounted(folder)
        # The record goes last: killed before, the rest is still known.
        for entry in sorted(folder.iterdir(), key=lambda e: e.name == "host.json"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        folder.rmdir()
    with lock("network"):
        if not records.found():
            mirror.stop()
            network.mirror_address_off()
            settings.give_back()


def _lower(spec: HostSpec, proxy: str | None) -> Path:
    """What the host's own disk lies upon."""
    if spec.disk_of is None:
        return kinds.image(spec, proxy)
    record = records.get(spec.disk_of)
    given = HostAccess.of(record)
    if given.running():
        raise SandboxError(
            f"{given.name} runs, so its disk changes while it is read. Switch it off first: "
            f"`python -m sandbox kill {given.name}`."
        )
    folders = HOSTS / spec.name, HOSTS / given.name
    return kinds.copy_disk(spec, folders[0], given.spec, folders[1], Path(record["lower"]), proxy)


def _mirror(spec: HostSpec) -> str | None:
    """The mirror's base address, running from now on, or `None` for a host that has none."""
    if spec.offline or not spec.mirror:
        return None
    with lock("network"):
        network.mirror_address_on()
    return mirror.start()


def _relay(host: HostAccess) -> Process:
    """The relay before a host that is far away."""
    return spawn(
        f"relay:{host.name}",
        [
            *(sys.executable, "-m", "sandbox.local.relay", host.address, str(host.port)),
            *(host.ip, "22", str(host.spec.delay_ms)),
        ],
        HOSTS / host.name / "relay.log",
        cwd=SOURCE,
    )
