"""The image's self-test on a host: one program, started by each environment's own Python.

It lies outside of the environments, so that it comes to those that are there already, and a change
of it makes no environment anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from pyinfra.api import StringCommand

import facts
import image
from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.layout import CURRENT, ENVS, ROOT
from tasks.python.state import env_of
from tasks.steps import files
from tasks.steps.step import Commands, host_state, step

FOLDER = f"{ROOT}/lib/selftest"
NAME = "gpuwright-selftest"
PROGRAM = f"{ROOT}/bin/{NAME}"
"""For stacks without an environment too."""
MEASURE = f"{ROOT}/bin/gpuwright-measure"
"""How fast the GPUs are; needs an environment."""
MODULES = (
    "added",
    "collective",
    "expected",
    "layer",
    "measure",
    "measure_group",
    "measure_one",
    "measure_timing",
    "place",
    "selftest",
    "settings",
    "timed",
    "versions",
)
"""What it is made of, of ``image/programs``."""
PROBES = ("cuda_call", "torch_runtime")
"""And of ``facts/onhost``: what hosts are asked with in every run."""
_START = f"""\
#!/bin/sh
{files.HEADER}# Versions, a CUDA call, an all-reduce and a DDP step on all GPUs; --help tells more.
for python in %s; do
    [ ! -x "$python" ] || exec "$python" -I -B {FOLDER} --host "$@"
done
echo "UNKNOWN: there is no Python on this host to run the self-test with" >&2
exit 3
"""
_START_MEASURE = f"""\
#!/bin/sh
{files.HEADER}# How fast the GPUs are, one by one and together; --help tells more.
if [ -x {CURRENT}/bin/python ]; then
    exec {CURRENT}/bin/python -I -B {FOLDER} measure --host "$@"
fi
echo "UNKNOWN: there is no environment with PyTorch on this host to measure with" >&2
exit 3
"""
MAIN = """\
import sys

if sys.argv[1:2] == ["measure"]:
    del sys.argv[1]
    from image.programs.measure import main
else:
    from image.programs.selftest import main

sys.exit(main())
"""


@step
def installed(plan: Plan) -> Commands:
    """The self-test, and its name in every environment of the host, earlier ones too."""
    state = host_state()
    lacking = {p: t for p, t in texts(state, plan).items() if files.differs(state, p, t[0])}
    if lacking:
        yield StringCommand(
            files.joined(files.write_script(path, *text) for path, text in lacking.items())
        )


def texts(state: HostState, plan: Plan) -> dict[str, tuple[str, str]]:
    """Path to text and mode of all its files."""
    here = Path(image.__file__).parent
    found = {
        f"{FOLDER}/__main__.py": MAIN,
        f"{FOLDER}/image/__init__.py": (here / "__init__.py").read_text(),
        f"{FOLDER}/image/programs/__init__.py": (here / "programs/__init__.py").read_text(),
        f"{FOLDER}/plan.json": plan_text(plan),
    }
    for name in MODULES:
        found[f"{FOLDER}/image/programs/{name}.py"] = (here / f"programs/{name}.py").read_text()
    for name in PROBES:
        probe = Path(facts.__file__).parent / "onhost" / f"{name}.py"
        found[f"{FOLDER}/{name}.py"] = probe.read_text()
    starts = {PROGRAM: _START % f"{CURRENT}/bin/python /usr/bin/python3"}
    if plan.torch:
        starts[MEASURE] = _START_MEASURE
    for env in environments(state, plan):
        starts[f"{env}/bin/{NAME}"] = _START % f"{env}/bin/python"
    return {
        **{path: (text, "644") for path, text in found.items()},
        **{path: (text, "755") for path, text in starts.items()},
    }


def environments(state: HostState, plan: Plan) -> list[str]:
    """Those that are whole, and the plan's own."""
    own = [env_of(plan)] if plan.torch else []
    there = [venv.path for venv in state.venvs if venv.complete]
    return sorted({path for path in (*there, *own) if path.startswith(f"{ENVS}/")})


def plan_text(plan: Plan) -> str:
    """What the self-test compares with; nothing that differs from run to run."""
    known = {
        "stack": plan.stack,
        "environment": env_of(plan) if plan.torch else None,
        "torch": f"{plan.torch.version}+{plan.torch.variant}" if plan.torch else None,
        "system_cuda": plan.cuda.release if plan.cuda else None,
        "system_cudnn": plan.cudnn.version if plan.cudnn else None,
    }
    return json.dumps(known, indent=2, sort_keys=True) + "\n"
