"""What one controller spends on each further host: one host's answers are kept and given by many.

The host is a sandbox host that is ready. It is asked once by each deploy, over ssh, and what it
answered is given by 1, 40 and 1,000 hosts of pyinfra's connector `@fake`: so the figures are the
controller's own work without ssh, and the same on a machine that has no room for so many hosts.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench import machine, results, target
from bench.results import Comparison
from bench.target import BenchError
from sandbox.inventory import host_data

NAME = "fleet"
SIZES = (1, 40, 1000)
DEPLOYS = {"driver_doctor": 15.0, "report": 15.0, "gpu_host": 30.0}
"""Deploys, and how many milliseconds of processor time a further host may cost."""
MEMORY_MB = {40: 300.0, 1000: 1024.0}
"""How much memory a run over so many hosts may take."""
_BOOT = re.compile(r"(?<=@boot_id\n)\S+")
_INVENTORY = """import json as _json
import os as _os
import re as _re
from pathlib import Path as _Path

_said = _json.loads(_Path({file!r}).read_text())
_boot = _re.compile({boot!r})


def _host(number):
    name = f"gpu{{number}}"
    answers = {{
        asked: {{**said, "stdout": _boot.sub(name, said["stdout"]).split("\\n")}}
        for asked, said in _said.items()
    }}
    fake = {{"fake_delay": 0, "fake_delay_jitter": 0, "fake_responses": answers}}
    return ("@fake/" + name, {{**{data!r}, **fake}})


fleet = [_host(number) for number in range(int(_os.environ["FLEET"]))]
"""


def run(name: str, stack: str = target.STACK, sizes: Sequence[int] = SIZES) -> list[Comparison]:
    """Measure and compare with the limits.

    Args:
        name: A sandbox host that gpu_host has made ready.
        stack: The one that it has: a name, or a file.
        sizes: Numbers of hosts, the smallest first.

    Raises:
        BenchError: The host is not ready, or a run over the many says anything else than it.
    """
    target.compiled()
    host = target.find(name)
    data = host_data(host) | {"stack": stack}
    kept = {deploy: _recorded(name, data, deploy) for deploy in DEPLOYS}
    data = {key: value for key, value in data.items() if not key.startswith("ssh_")}
    record: dict[str, Any] = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "host": name,
        "stack": stack,
        "machine": machine.describe(),
        "runs": {
            deploy: {str(size): _measured(deploy, kept[deploy], data, size) for size in sizes}
            for deploy in DEPLOYS
        },
    }
    rows = compare(record)
    results.save(NAME, [*results.load(NAME), record], rows)
    return rows


def compare(record: dict[str, Any]) -> list[Comparison]:
    """What a further host costs, between the smallest and each larger number of hosts."""
    rows = []
    load = record["machine"]["load"]
    for deploy, runs in record["runs"].items():
        sizes = sorted(map(int, runs))
        least = sizes[0]
        note = f"{deploy} (load before {load:.1f}): " + "; ".join(
            f"{size} hosts {runs[str(size)]['cpu_s']:.2f} s of processor time, "
            f"{runs[str(size)]['memory_mb']:.0f} MB"
            for size in sizes
        )
        for size in sizes[1:]:
            more = runs[str(size)]["cpu_s"] - runs[str(least)]["cpu_s"]
            each = round(1000 * more / (size - least), 1)
            rows.append(
                Comparison(
                    f"{deploy}, each further of {size:,} hosts", each, "limit", None, "ms",
                    DEPLOYS[deploy], "ours", note,
                )
            )  # fmt: skip
            if size in MEMORY_MB:
                rows.append(
                    Comparison(
                        f"{deploy}, memory at {size:,} hosts",
                        round(runs[str(size)]["memory_mb"]), "limit", None, "MB",
                        MEMORY_MB[size], "ours", note,
                    )
                )  # fmt: skip
    return rows


def answers(lines: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What a host answered, by what it was asked, as pyinfra's `@fake` takes it.

    Args:
        lines: Of a file that `bench.recording` wrote.
    """
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        said = json.loads(line)
        streams = {
            stream: "\n".join(words for buffer, words in said["lines"] if buffer == stream)
            for stream in ("stdout", "stderr")
        }
        found[said["asked"]] = {"success": said["good"], **streams}
    return found


def inventory(kept: Path, data: dict[str, Any]) -> str:
    """The text of an inventory with as many hosts as the variable ``FLEET`` says.

    Args:
        kept: A file with `answers` as JSON, which each of them gives, with a boot of its own.
        data: The data of each.
    """
    return _INVENTORY.format(file=str(kept), boot=_BOOT.pattern, data=data)


def _recorded(name: str, data: dict[str, Any], deploy: str) -> Path:
    """A file with the host's answers to a deploy that changes nothing there."""
    target.FOLDER.mkdir(parents=True, exist_ok=True)
    lines = target.FOLDER / f"{deploy}.jsonl"
    lines.unlink(missing_ok=True)
    file = target.FOLDER / "inventory_recorded.py"
    file.write_text(f"bench = [({name!r}, {data!r})]\n")
    words = [str(file), f"deploys/{deploy}.py"]
    done = target.run([sys.executable, "-m", "bench.recording", str(lines), "-y", *words])
    if done.returncode != 0 or not lines.is_file():
        raise BenchError(f"{deploy} does not find {name} ready:\n{done.stdout[-2000:]}")
    kept = lines.with_suffix(".json")
    kept.write_text(json.dumps(answers(lines.read_text().splitlines())))
    return kept


def _measured(deploy: str, kept: Path, data: dict[str, Any], size: int) -> dict[str, float]:
    """Processor seconds, of the process and its children, and the most memory of a run."""
    file = kept.with_name(f"fleet_{deploy}.py")
    file.write_text(inventory(kept, data))
    log = kept.with_suffix(".log")
    with log.open("w") as opened:
        process = os.posix_spawn(
            target.pyinfra_argv()[0],
            [*target.pyinfra_argv(str(file), f"deploys/{deploy}.py")],
            {**target.environment(), "FLEET": str(size)},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, opened.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, opened.fileno(), 2),
            ],
        )
        _, status, usage = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise BenchError(f"{deploy} over {size} such hosts:\n{log.read_text()[-3000:]}")
    return {
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
        "memory_mb": round(usage.ru_maxrss / 1024, 1),
    }
