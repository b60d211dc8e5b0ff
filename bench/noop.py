"""What a second run costs: ours beside ``ssh HOST true`` and beside the same roles in Ansible.

All go through the same counting sshd on the same converged host, in turn. Ansible runs cold (no
connection yet, as ours always does) and warm (ControlPersist).
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from bench import ansible_role, counting, machine, results, target
from bench.counting import CountingServer, Counts
from bench.results import Comparison
from bench.target import BenchError
from sandbox import hosts
from sandbox.hosts import SandboxHost

NAME = "noop"
HOST = "bench-ready"
ROUND_TRIPS = 12
FASTER = 5.0


def run(times: int = 5, name: str | None = None, keep: bool = False) -> list[Comparison]:
    """Measure and compare.

    Args:
        times: Runs of each, in turn; the medians count.
        name: A sandbox host to use, better a converged one: it is converged first. Ansible's apt
            module needs ``python3-apt`` there, which is installed. Without a name a host is made.
        keep: Leave the host that was made.

    Raises:
        BenchError: Something changes the host, or fails.
    """
    version = ansible_role.ready()
    target.compiled()
    host = target.find(name) if name else hosts.up(target.spec(HOST))
    try:
        _converge(host)
        target.output(host, "DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-apt")
        record = _measure(host, times) | {"ansible": version}
    finally:
        if name is None and not keep:
            host.down()
    rows = compare(record)
    results.save(NAME, [*results.load(NAME), record], rows)
    return rows


def compare(record: dict[str, Any]) -> list[Comparison]:
    """The record's medians beside each other."""
    ways: dict[str, dict[str, Any]] = record["ways"]
    ours = ways["gpuwright"]
    note = "; ".join(
        f"{way} {figures['median']:.2f} s, {figures['channels']} channels, "
        f"{figures['connections']} connections"
        for way, figures in ways.items()
    )
    note = f"second run ({record['ansible']}, load before {record['machine']['load']:.1f}): {note}"
    rows = [
        Comparison(
            "second run", ours["median"], f"Ansible, {way}", ways[f"ansible {way}"]["median"],
            "s", FASTER, "theirs/ours", note,
        )
        for way in ("cold", "warm")
    ]  # fmt: skip
    rows.append(
        Comparison(
            "second run, round trips", ours["channels"], "limit", None,
            "channels", ROUND_TRIPS, "ours", note,
        )
    )  # fmt: skip
    return rows


def _converge(host: SandboxHost) -> None:
    inventory = str(target.inventory(host))
    done = target.run(target.pyinfra_argv(inventory, target.DEPLOY))
    if done.returncode != 0:
        raise BenchError(f"{host.name} does not converge:\n{done.stdout[-2000:]}")


def _measure(host: SandboxHost, times: int) -> dict[str, Any]:
    state = target.observe(host)
    values = ansible_role.variables(state, target.plan_for(host, state))
    seconds: dict[str, list[float]] = defaultdict(list)
    counts: dict[str, Counts] = {}
    before = machine.describe()
    with counting.server(host) as server:
        playbook = ansible_role.Playbook(server, values)
        inventory = str(target.inventory(host, counting.PORT, server.known_hosts))
        ways: dict[str, Callable[[], None]] = {
            "ssh true": lambda: _ssh(server),
            "gpuwright": lambda: _ours(inventory),
            "ansible cold": playbook.run,
            "ansible warm": playbook.run,
            "ansible warm, dpkg_selections": lambda: playbook.run("dpkg_selections"),
        }
        try:
            # The first turn is not counted: it reads everything into memory.
            for turn in range(times + 1):
                playbook.disconnect()
                for way, go in ways.items():
                    if turn > 1 and "dpkg_selections" in way:
                        continue  # one is enough of the slow one
                    server.reset()
                    began = time.monotonic()
                    go()
                    if turn:
                        seconds[way].append(round(time.monotonic() - began, 3))
                        counts[way] = server.counts()
        finally:
            playbook.close()
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "host": host.name,
        "machine": before,
        "ways": {
            way: {
                "seconds": seconds[way],
                "median": statistics.median(seconds[way]),
                "channels": counts[way].channels,
                "connections": counts[way].connections,
            }
            for way in ways
        },
    }


def _ssh(server: CountingServer) -> None:
    done = target.run(server.argv("true"))
    if done.returncode != 0:
        raise BenchError(f"ssh true failed: {done.stdout.strip()}")


def _ours(inventory: str) -> None:
    done = target.run(target.pyinfra_argv(inventory, target.DEPLOY))
    total = next((line for line in done.stdout.splitlines() if "Grand total" in line), "")
    # Grand total: operations, success, error, no change; a dash is none.
    columns = total.split()[2:]
    if done.returncode != 0 or len(columns) != 4 or columns[1:3] != ["-", "-"]:
        raise BenchError(f"our second run changed something or failed:\n{done.stdout[-3000:]}")
