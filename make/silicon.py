"""All that needs a GPU, in twelve minutes, on a machine that has one; no root, nothing installed.

    make silicon
    python make/silicon.py [--python PYTHON_WITH_TORCH] [--to FOLDER] [--seconds 720]

What the machine says is kept as it said it, beside what gpuwright makes of it: ``docs/silicon.md``.

Ends with 0 where all stages ran, 3 where something was left out, 2 where a result is CRITICAL, and
1 where this program itself fails.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

from facts.cuda_call import CudaCall  # noqa: E402
from facts.dcgm import DcgmDiagnosis  # noqa: E402
from facts.device_health import DeviceHealth  # noqa: E402
from facts.evidence import HostEvidence  # noqa: E402
from facts.host import HostProbe  # noqa: E402
from facts.measurements import PROGRAM, SpeedMeasurements  # noqa: E402
from facts.model.shown import Shown  # noqa: E402
from stacks.model.plain import block, one_line  # noqa: E402
from tasks import __version__  # noqa: E402
from tasks.acceptance import dcgm_checks, siblings, speed_checks, verdict_text  # noqa: E402
from tasks.acceptance.deadline import Deadline  # noqa: E402
from tasks.acceptance.judge import MEASURED, judged  # noqa: E402
from tasks.acceptance.subject import Subject  # noqa: E402
from tasks.benchmark.programs import files as benchmark_files  # noqa: E402
from tasks.benchmark.readings import reading  # noqa: E402
from tasks.doctor.tree import diagnose  # noqa: E402
from tasks.health.case import Case  # noqa: E402
from tasks.python import selftest  # noqa: E402

SECONDS = 720
BENCHMARK_S, LEAST_BENCHMARK_S = 240, 60
"""For one run of the benchmark's native side: at most, and what it needs to say anything."""
RAW = (
    ("nvidia-smi.xml", "nvidia-smi -q -x"),
    ("nvidia-smi.txt", "nvidia-smi"),
    ("nvlink.txt", "nvidia-smi nvlink -s"),
    ("topology.txt", "nvidia-smi topo -m"),
    ("dmon.txt", "nvidia-smi dmon -c 3"),
    ("kernel.txt", "uname -a"),
    ("os-release.txt", "cat /etc/os-release"),
)
"""What is kept as fixtures, each within 20 s."""


class LeftOutError(Exception):
    """Why a stage is left out, in plain words."""


class Run:
    """One run: its folder, its time, and what was read so far."""

    def __init__(self, folder: Path, python: str | None, end: Deadline, programs: Path) -> None:
        self.folder, self.python, self.end, self.programs = folder, python, end, programs
        self.subject: Subject | None = None
        self.levels: dict[str, str] = {}

    def keep(self, name: str, text: str) -> None:
        """Keep a file of the results."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def sh(self, name: str, script: str, seconds: int) -> list[str]:
        """What a script of shell prints, kept under this name; it has its end, and no sudo."""
        limit = self.end.share(seconds, 5)
        if not limit:
            raise LeftOutError(f"no time was left within {self.end.seconds:g} s")
        # The answers of one who may not become root are wanted, whoever runs this.
        script = script.replace("sudo -n true", "false")
        with tempfile.TemporaryFile() as said:
            program = subprocess.Popen(
                ["sh", "-s"],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                cwd=HERE,
                start_new_session=True,
            )
            try:
                program.communicate(script.encode(), timeout=limit)
            except subprocess.TimeoutExpired:
                os.killpg(program.pid, signal.SIGKILL)
            said.seek(0)
            text = said.read(8 << 20).decode(errors="replace")
        self.keep(name, text)
        return text.splitlines()

    def fact(self, name: str, kind: Any, most_s: int, /, **arguments: Any) -> Any:
        """A fact of this machine: its raw answer and its value are kept."""
        command = kind().command(**arguments)
        for there, ours in (
            ("/opt/gpuwright/bin/gpuwright-selftest", self.programs / "gpuwright-selftest"),
            (PROGRAM, self.programs / "gpuwright-measure"),
        ):
            command = command.replace(there, shlex.quote(str(ours)))
        value = kind().process(self.sh(f"{name}.raw.txt", command, most_s))
        self.keep(f"{name}.json", _json(value))
        return value


def facts(run: Run) -> str:
    """The machine as it is: what its tools say, and what is read of it."""
    for name, command in RAW:
        run.sh(name, f"{command} 2>&1 </dev/null", 20)
    state = run.fact("host", HostProbe, 60)
    if not state.gpus:
        raise LeftOutError("no NVIDIA GPU is on this machine's bus")
    return f"{len(state.gpus)} GPUs on the bus"


def quick(run: Run) -> str:
    """The level quick."""
    state = run.fact("host", HostProbe, 30)
    evidence = run.fact("evidence", HostEvidence, 40)
    call = run.fact("cuda", CudaCall, 20, seconds=15)
    health = run.fact("health", DeviceHealth, 60)
    case = Case(state, evidence, None, call)
    named = diagnose(case).findings
    run.subject = Subject(state, evidence, health, call, named=named, no_container="not asked here")
    found = judged(run.subject)
    run.levels["quick"] = found.level
    run.keep("quick.txt", verdict_text.text("silicon", "quick", run.subject, found) + "\n")
    run.keep("quick.json", _json(verdict_text.data("quick", run.subject, found)))
    return f"{found.level}, proof: {found.proof}"


def standard(run: Run) -> str:
    """The level standard."""
    subject = _subject(run)
    if run.python is None:
        raise LeftOutError("no Python with torch is here: --python names one")
    told = run.fact("measured", SpeedMeasurements, 300)
    dcgm = run.fact("dcgm", DcgmDiagnosis, 200)
    rows = speed_checks.readings(subject, told)
    said = (*speed_checks.measured(subject, told), *siblings.in_host(rows))
    found = judged(subject, (), (*said, *dcgm_checks.judged(subject, dcgm)), MEASURED)
    run.levels["standard"] = found.level
    run.keep("standard.txt", verdict_text.text("silicon", "standard", subject, found, told) + "\n")
    run.keep("standard.json", _json(verdict_text.data("standard", subject, found, told)))
    return f"{found.level}, {len(told.measures)} values"


def benchmark(run: Run) -> str:
    """The native side of deploys/benchmark.py, once: there is nothing here to compare it with."""
    _subject(run)
    if run.python is None:
        raise LeftOutError("no Python with torch is here: --python names one")
    seconds = run.end.share(BENCHMARK_S, LEAST_BENCHMARK_S)
    if not seconds:
        raise LeftOutError(f"no time was left within {run.end.seconds:g} s")
    words = [run.python, "-I", "-B", str(run.programs / "benchmark"), "run", "--same"]
    words += ["--volume", str(run.programs / "volume"), "--limit", str(seconds - 10)]
    told = reading(run.sh("benchmark.raw.txt", shlex.join(words), seconds))
    run.keep("benchmark.json", _json(asdict(told)))
    if told.wrong:
        run.levels["benchmark"] = "CRITICAL"
    if not told.values:
        raise LeftOutError(f"no figure came of it: {'; '.join(told.faults) or 'it said nothing'}")
    lacking = f"; {'; '.join(told.faults)}" if told.faults else ""
    wrong = f"; wrong: {', '.join(told.wrong)}" if told.wrong else ""
    return f"{len(told.values)} figures{wrong}{lacking}"


STAGES: tuple[tuple[str, Callable[[Run], str]], ...] = (
    ("facts", facts),
    ("quick", quick),
    ("standard", standard),
    ("benchmark", benchmark),
)
"""In their order; each gives a line, or says by `LeftOutError` why there is none."""


def main() -> int:
    """Run all stages, and say what came of each."""
    parser = argparse.ArgumentParser(prog="silicon", description=__doc__)
    parser.add_argument("--python", help="a Python that has torch; else the first that is found")
    parser.add_argument("--to", type=Path, help="folder of the results")
    parser.add_argument("--seconds", type=int, default=SECONDS)
    asked = parser.parse_args()
    began = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
    folder = (asked.to or HERE / "silicon" / began).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    end = Deadline(asked.seconds)
    told: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as programs:
        python = with_torch(asked.python)
        lay_out(Path(programs), python)
        run = Run(folder, python, end, Path(programs))
        for name, stage in STAGES:
            told[name] = _ran(name, stage, run)
    summary = {
        "began": began,
        "took_s": str(round(asked.seconds - end.left)),
        "tool": f"gpuwright {__version__}",
        "commit": _commit(),
        "machine": platform.platform(),
        "torch": python or "none",
        "stages": told,
    }
    run.keep("summary.json", json.dumps(summary, indent=2) + "\n")
    print(f"results: {folder}")
    if "failed" in {stage["came"] for stage in told.values()}:
        return 1
    if "CRITICAL" in run.levels.values():
        return 2
    return 3 if "left out" in {stage["came"] for stage in told.values()} else 0


def _ran(name: str, stage: Callable[[Run], str], run: Run) -> dict[str, str]:
    began = time.monotonic()
    try:
        came, words = "ran", stage(run)
    except LeftOutError as why:
        came, words = "left out", str(why)
    except Exception as error:
        came, words = "failed", f"{type(error).__name__}: {error}"
    took = f"{time.monotonic() - began:.0f} s"
    print(block([one_line(f"{name}: {came}, {took}: {words}")]), flush=True)
    return {"came": came, "took": took, "words": one_line(words)}


def _subject(run: Run) -> Subject:
    if run.subject is None:
        raise LeftOutError("the level quick was not read to its end")
    if not run.subject.devices:
        raise LeftOutError("nvidia-smi lists no GPU here")
    return run.subject


def with_torch(named: str | None) -> str | None:
    """A Python that imports torch: the one that is named, the managed environment's, or PATH's."""
    for python in (named, "/opt/gpuwright/current/bin/python", "python3", "python"):
        found = shutil.which(python) if python else None
        if found is None:
            continue
        try:
            done = subprocess.run(
                [found, "-c", "import torch"], capture_output=True, timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return found
    return None


def lay_out(folder: Path, python: str | None) -> None:
    """The self-test and the programs that measure, as they are laid out on hosts."""
    lib = folder / "lib"
    programs = lib / "image/programs"
    programs.mkdir(parents=True)
    (lib / "__main__.py").write_text(selftest.MAIN)
    for package in (lib / "image", programs):
        (package / "__init__.py").touch()
    for module in selftest.MODULES:
        shutil.copy(HERE / f"image/programs/{module}.py", programs)
    for probe in selftest.PROBES:
        shutil.copy(HERE / f"facts/onhost/{probe}.py", lib)
    runs = f"{shlex.quote(python or sys.executable)} -I -B {shlex.quote(str(lib))}"
    for path, text in benchmark_files().items():
        file = folder / "benchmark" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for name, words in (("gpuwright-selftest", ""), ("gpuwright-measure", "measure ")):
        if name == "gpuwright-measure" and python is None:
            continue
        start = folder / name
        start.write_text(f'#!/bin/sh\nexec {runs} {words}--host "$@"\n')
        start.chmod(0o755)


def _json(value: Any) -> str:
    data = value.to_dict() if isinstance(value, Shown) else value
    return json.dumps(data, indent=1, sort_keys=True, default=str) + "\n"


def _commit() -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(HERE), "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
