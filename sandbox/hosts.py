"""Throwaway hosts: bring one up, talk to it, cut its power, boot it again, throw it away."""

import contextlib
import dataclasses
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import machines, pcibus
from sandbox.checkout import (
    HOSTS,
    MARK,
    SOURCE,
    SandboxError,
    check_name,
    lock,
    read_record,
    write_record,
)
from sandbox.container import nspawn
from sandbox.local import mounts, network, prepare, settings, ssh
from sandbox.local.processes import Process, spawn
from sandbox.mirror import control as mirror
from sandbox.mirror.faults import Faults, set_faults
from sandbox.roots import recipes
from sandbox.spec import HostSpec, differs, from_record

__all__ = ["HostSpec", "SandboxHost", "all_hosts", "down", "get", "up"]

_RELAY_PORT = 2222


@dataclass(frozen=True)
class SandboxHost:
    """A host that was brought up, and how to reach it."""

    spec: HostSpec
    address: str
    """Where ssh connects to: the host, or the delaying relay before it."""
    port: int
    ip: str
    """The host's own address."""
    key: Path
    known_hosts: Path
    """Holds exactly this host's key."""
    rootfs: Path
    """The host's file system, as this machine sees it; of a virtual machine only what it is given
    at each boot."""
    mirror_url: str | None
    """Base address of the download cache as the host reaches it; the index is at `/simple`."""
    user: str = "root"
    """`admin` (sudo without a password) and `nosudo` are let in with the same key."""

    @property
    def name(self) -> str:
        """The host's name."""
        return self.spec.name

    def ssh_argv(self, *command: str, user: str | None = None) -> list[str]:
        """The ssh command line that runs `command` on the host, as `user`."""
        words = ssh.options(self.key, self.known_hosts, self.port)
        if self.spec.vm:
            words += ssh.shared(_channel(self.name, user or self.user))
        return ["ssh", *words, f"{user or self.user}@{self.address}", *command]

    def run(self, command: str, user: str | None = None) -> "ssh.Completed":
        """Run a shell command on the host over ssh; its exit status is in the result."""
        return ssh.run_command(self.ssh_argv(command, user=user))

    @contextlib.contextmanager
    def faults(self, faults: Faults) -> Iterator[None]:
        """Let the download cache misbehave towards this host inside a `with` block."""
        set_faults(self.ip, faults)
        try:
            yield
        finally:
            set_faults(self.ip, None)

    def running(self) -> bool:
        """Whether the host runs and its sshd answers."""
        return _running(self)

    def kill(self) -> None:
        """Cut the power. What the host wrote stays on its disk."""
        with lock(f"host-{self.name}"):
            _stop(self.name)

    def boot(self) -> "SandboxHost":
        """Boot the same disk again (nothing happens if the host runs)."""
        return up(self.spec)

    def snapshot(self, state: str = "saved") -> None:
        """Save a running virtual machine, memory and disk, in about a second.

        Raises:
            SandboxError: if it is none, does not run, or has such a state already.

        """
        with lock(f"host-{self.name}"):
            machines.snapshot(self.spec, HOSTS / self.name, state)

    def restore(self, state: str = "saved") -> "SandboxHost":
        """Put a virtual machine, running or not, back into a saved state; its clock is set anew.

        Raises:
            SandboxError: if it is none, or was never in this state.

        """
        with lock(f"host-{self.name}"):
            machines.check_state(self.spec, HOSTS / self.name, state)
            host = _boot(self.spec, state)
            host.run(f"date --utc --set=@{time.time():.3f}")
            return host

    def down(self) -> None:
        """Stop the host and remove all of it."""
        down(self.name)


def up(spec: HostSpec, fresh: bool = False) -> SandboxHost:
    """Bring up the host that `spec` describes and give it when ssh works.

    A running host with the same spec is given back as it is, a stopped one is booted with its
    disk; `fresh` throws the old one away first.

    Raises:
        SandboxError: if a host of this name with another spec exists, or something fails.

    """
    check_name(spec.name)
    pcibus.parse_gpus(spec.gpus)
    recipes.check_name(spec.os)
    machines.check(spec)
    prepare.check()
    with lock(f"host-{spec.name}"):
        old = read_record(_record_file(spec.name))
        if old and fresh:
            _remove(spec.name)
        elif old and from_record(old["spec"]) != spec:
            raise SandboxError(differs(from_record(old["spec"]), spec))
        elif old and _running(host := _host(old)):
            return _with_mirror(host)
        return _boot(spec)


def get(name: str) -> SandboxHost:
    """The host called `name`.

    Raises:
        SandboxError: if this checkout has none.

    """
    record = read_record(_record_file(check_name(name)))
    if not record:
        have = ", ".join(host.name for host in all_hosts()) or "none"
        raise SandboxError(f"No sandbox host is called {name!r} here; there is: {have}.")
    return _host(record)


def all_hosts() -> list[SandboxHost]:
    """Every host of this checkout, running or not."""
    records = (read_record(file) for file in sorted(HOSTS.glob("*/host.json")))
    return [_host(record) for record in records if record]


def down(name: str) -> None:
    """Stop the host called `name` and remove all of it; nothing happens if there is none."""
    check_name(name)
    with lock(f"host-{name}"):
        _remove(name)


def _boot(spec: HostSpec, state: str = "") -> SandboxHost:
    name, folder = spec.name, HOSTS / spec.name
    # The record comes first: whatever is made after it is found by `down`.
    record = _allocate(spec)
    record["mirror_url"] = mirror_url = _mirror(spec)
    record["lower"] = record["lower"] or str(_lower(spec, mirror_url))
    write_record(_record_file(name), record)
    lower = Path(record["lower"])
    if not lower.exists():
        raise SandboxError(
            f"The root image of {name} is gone ({lower}), so its disk is of no use. "
            f"`python -m sandbox up {name} --fresh` makes a new host."
        )
    _stop(name)
    where = network.address(record["index"])
    root = machines.root(spec, folder, lower)
    public_key = nspawn.write_identity(folder, root, name)
    nspawn.write_network_files(root, spec.offline, mirror_url)
    network.connect(name, where, spec.offline, spec.rate_mbit)
    settings.take()
    host = _host(record)
    known = host.address if host.port == 22 else f"[{host.address}]:{host.port}"
    host.known_hosts.write_text(f"{known} {public_key}\n")
    process = machines.start(spec, folder, host.ip, lower, state)
    record["process"] = dataclasses.asdict(process)
    if spec.delay_ms:
        relay = spawn(
            f"relay:{name}",
            [
                *(sys.executable, "-m", "sandbox.local.relay", host.address, str(host.port)),
                *(host.ip, "22", str(spec.delay_ms)),
            ],
            folder / "relay.log",
            cwd=SOURCE,
        )
        record["relay"] = dataclasses.asdict(relay)
    write_record(_record_file(name), record)
    try:
        limit_s = machines.BOOT_LIMIT_S[spec.vm]
        ssh.wait(host.ssh_argv("true"), host.address, host.port, process.alive, limit_s)
    except SandboxError as error:
        log = folder / "console.log"
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
        raise SandboxError(f"{name} did not come up: {error}. The end of {log}:\n{tail}") from None
    return host


def _lower(spec: HostSpec, proxy: str | None) -> Path:
    """What the host's own disk lies upon."""
    if spec.disk_of is None:
        return machines.image(spec, proxy)
    given = get(spec.disk_of)
    if given.running():
        raise SandboxError(
            f"{given.name} runs, so its disk changes while it is read. Switch it off first: "
            f"`python -m sandbox kill {given.name}`."
        )
    lower = Path(read_record(_record_file(given.name))["lower"])
    folders = HOSTS / spec.name, HOSTS / given.name
    return machines.copy_disk(spec, folders[0], given.spec, folders[1], lower, proxy)


def _mirror(spec: HostSpec) -> str | None:
    """The mirror's base address, running from now on, or `None` for a host that has none."""
    if spec.offline or not spec.mirror:
        return None
    with lock("network"):
        network.mirror_address_on()
    return mirror.start()


def _with_mirror(host: SandboxHost) -> SandboxHost:
    """The running `host`, with a mirror again if its mirror ended meanwhile."""
    url = _mirror(host.spec)
    if url == host.mirror_url:
        return host
    nspawn.write_network_files(host.rootfs, host.spec.offline, url)
    machines.refresh(host.spec, HOSTS / host.name)
    record = {**read_record(_record_file(host.name)), "mirror_url": url}
    write_record(_record_file(host.name), record)
    return _host(record)


def _allocate(spec: HostSpec) -> dict[str, Any]:
    """Write the host's record, before anything of it exists, with a number of its own."""
    with lock("network"):
        record = read_record(_record_file(spec.name))
        if not record:
            others = (read_record(file) for file in HOSTS.glob("*/host.json"))
            taken = {other["index"] for other in others if other}
            free = [index for index in range(1, network.MOST_HOSTS + 1) if index not in taken]
            if not free:
                raise SandboxError(
                    f"This checkout has {network.MOST_HOSTS} sandbox hosts already, the most it "
                    "can have. `python -m sandbox list` shows them, `down` removes one."
                )
            record = {"spec": dataclasses.asdict(spec), "index": free[0], "lower": None}
        record |= {"mirror_url": None, "process": None, "relay": None}
        write_record(_record_file(spec.name), record)
        return dict(record)


def _remove(name: str) -> None:
    folder = HOSTS / name
    record = read_record(_record_file(name))
    _stop(name)
    if record:
        network.disconnect(name, network.address(record["index"]))
    nspawn.unmount(folder)
    if folder.is_dir():
        mounts.assert_unmounted(folder)
        # The record goes last: killed before, the rest is still known.
        for entry in sorted(folder.iterdir(), key=lambda e: e.name == "host.json"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        folder.rmdir()
    with lock("network"):
        if not any(HOSTS.glob("*/host.json")):
            mirror.stop()
            network.mirror_address_off()
            settings.give_back()


def _stop(name: str) -> None:
    for channel in _channel(name, "").parent.glob(_channel(name, "*").name):
        ssh.hang_up(channel)
    nspawn.stop(name, HOSTS / name)


def _channel(name: str, user: str) -> Path:
    """The socket of the connection that a user's commands share; its path has to be short."""
    return Path(f"/run/{MARK}-{name}.{user}")


def _running(host: SandboxHost) -> bool:
    record = read_record(_record_file(host.name)) or {}
    processes = [Process.from_record(record.get(key)) for key in ("process", "relay")]
    needed = processes if host.spec.delay_ms else processes[:1]
    if not all(process and process.alive() for process in needed):
        return False
    return ssh.answers(host.address, host.port)


def _host(record: dict[str, Any]) -> SandboxHost:
    spec = from_record(record["spec"])
    where = network.address(record["index"])
    folder = HOSTS / spec.name
    return SandboxHost(
        spec=spec,
        address=where.gateway if spec.delay_ms else where.host,
        port=_RELAY_PORT if spec.delay_ms else 22,
        ip=where.host,
        key=ssh.CLIENT_KEY,
        known_hosts=folder / "known_hosts",
        rootfs=folder / "root",
        mirror_url=record["mirror_url"],
    )


def _record_file(name: str) -> Path:
    return HOSTS / name / "host.json"
