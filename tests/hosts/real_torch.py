"""The programs that measure, by their own code and a host's real torch, on its CPU at tiny sizes.

The unit tests of these programs are skipped where the environment has no torch, as in CI. A host
that a test has made has one already. What is measured says nothing of speed; what is checked is
whether each program ends, tells all that it should, and finds its results right.
"""

from __future__ import annotations

import base64
import io
import tarfile
from pathlib import PurePosixPath

from facts.burn_in_model import BurnIn
from facts.measurements_model import Measurements
from facts.parse.burn_in import burn_in as burn_in_of
from facts.parse.measurements import measurements
from tasks.acceptance import burn_in
from tasks.benchmark import programs
from tasks.benchmark.readings import Reading, reading
from tasks.layout import CURRENT
from tests.hosts.lab import Lab

PYTHON = f"{CURRENT}/bin/python"
FOLDER = "/var/tmp/gpuwright-measuring"


def measured(lab: Lab) -> Measurements:
    """The level standard, as an ordinary user runs its program: two processes in place of GPUs."""
    told = lab.on_host("runuser -u nobody -- /opt/gpuwright/bin/gpuwright-measure --cpu 2")
    return measurements(told.splitlines())


def benched(lab: Lab) -> Reading:
    """One run of a benchmark's native side, without the cold start of the host's Python."""
    _lay(lab, {f"programs/{path}": text for path, text in programs.files().items()})
    words = f"run --volume {FOLDER}/volume --cpu 2 --same --skip start"
    told = lab.on_host(f"cd {FOLDER} && {PYTHON} -I -B programs {words}; rm -rf {FOLDER}")
    return reading(told.splitlines())


def burnt(lab: Lab) -> BurnIn:
    """A burn-in of a second, by the job's own script, on one process in place of a GPU."""
    job = burn_in.work(1, PYTHON, "--cpu 1")
    _lay(lab, {f"burn-in/{name}": text for name, text in job.inputs})
    done = lab.host.run(f"cd {FOLDER}/burn-in && sh -s <<'END' >&2\n{job.script}\nEND")
    told = lab.on_host(f"cat {FOLDER}/burn-in/result.json; rm -rf {FOLDER}")
    assert done.returncode == 0, done.stderr
    return burn_in_of(False, told)


def _lay(lab: Lab, texts: dict[str, str]) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path, text in texts.items():
            entry = tarfile.TarInfo(str(PurePosixPath(path)))
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    words = base64.b64encode(packed.getvalue()).decode()
    lab.on_host(f"mkdir -p {FOLDER} && echo {words} | base64 -d | tar -xzf - -C {FOLDER}")
