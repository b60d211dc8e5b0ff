"""The level burn-in: hours of checked work as a job of the host, which outlives the connection."""

from __future__ import annotations

from pathlib import Path

from pyinfra import logger
from pyinfra.api.host import Host

import image
from facts.burn_in import FOLDER, BurnInResult
from facts.burn_in_model import BurnIn
from tasks.hostdata.reading import in_units
from tasks.layout import CURRENT
from tasks.steps import job, joined
from tasks.steps.job import Job
from tasks.steps.step import fact, invalidate

NAME = "burn-in"
MODULES = ("__init__", "burn_in", "burn_one", "measure_one", "measure_timing", "timed")
"""What it is made of, of ``image/programs``: it comes with the job, and nothing is installed."""
NO_ENVIRONMENT = "no environment with PyTorch is on this host: run deploys/gpu_host.py"
MORE_S = 900
"""Beyond its time, until systemd ends it."""
TAKEN = f"[ ! -f {FOLDER}/result.json ] || mv -f {FOLDER}/result.json {FOLDER}/result-told.json"
"""Shell that marks a result as told: the next call begins another burn-in."""
STOP = f"systemctl stop gpuwright-{NAME}.service"


def work(seconds: int, python: str = f"{CURRENT}/bin/python", more: str = "") -> Job:
    """The job.

    Args:
        seconds: How long.
        python: One with torch.
        more: Further words of the program, for tests.
    """
    programs = Path(image.__file__).parent / "programs"
    inputs = tuple((f"{m}.py", (programs / f"{m}.py").read_text()) for m in MODULES)
    packages = "lib/image/programs"
    script = "\n".join(
        [
            "rm -rf lib result.json result.new samples.jsonl told-*",
            f"mkdir -p {packages}",
            *(f"cp {name} {packages}/" for name, _ in inputs),
            "cp __init__.py lib/image/",
            f"[ -x {python} ] || {{ echo '{NO_ENVIRONMENT}'; exit 1; }}",
            "cd lib",
            f"exec {python} -B -m image.programs.burn_in --seconds {seconds} {more} ..",
        ]
    )
    progress = "tail -n 1 log"
    return Job(NAME, f"burn-in of {in_units(seconds)}", script, progress, inputs=inputs)


def burnt(host: Host, length_s: int, busy: str, dry: bool = False) -> tuple[BurnIn, str]:
    """What a burn-in of this host has found, and why there is none.

    One that runs is joined. One that has ended and that nobody was told of is the answer: whoever
    began it was gone by then. Else one is begun.

    Args:
        host: The host.
        length_s: How long, where one is begun.
        busy: Why none may begin; empty: it may.
        dry: Begin none, and wait for none.
    """
    found: BurnIn | None = fact(BurnInResult)
    if found is None:
        return BurnIn(), "the burn-in of the host could not be read"
    if not found.running and unheard(found):
        logger.info(f"{host.print_prefix}burn-in: one that ended meanwhile is the answer")
        return found, ""
    if dry:
        now = f"one runs, {found.ran_s:.0f} of {found.asked_s:.0f} s" if found.running else "none"
        return BurnIn(), f"--dry begins none and waits for none; on the host: {now}"
    if not found.running and busy:
        return BurnIn(), busy
    how = joined.begun(host, task := work(length_s), length_s + MORE_S)
    if how not in ("joined", "started"):
        return BurnIn(), how
    if how == "joined":
        logger.info(f"{host.print_prefix}burn-in: one runs already; joined, none is begun")
    logger.info(f"{host.print_prefix}burn-in: Ctrl-C leaves it running; to end it: {STOP}")
    if why := joined.watched(host, task):
        return BurnIn(), why
    invalidate(host)
    found = fact(BurnInResult)
    if found is None:
        return BurnIn(), "the result of the burn-in could not be read"
    if not found.found:
        return BurnIn(), f"it left no result; its log: {job.FOLDER}/{NAME}/log"
    return found, ""


def unheard(found: BurnIn) -> bool:
    """Whether this is a result that nobody was told of; one that was stopped is none."""
    return found.found and found.ended != "stopped"
