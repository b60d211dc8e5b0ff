"""Two sides measured by turns: one short job of the host's systemd for each run of each side.

Only one benchmark is on a host at a time: a unit that watches over it has a name that systemd gives
once. Each look at a job tells that unit that somebody still waits; a host that waits for its turn
while another one is measured is told so beside that. Where nobody waits any more, the unit ends the
job and takes away what is left, so that a run that was cut off leaves nothing behind.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import gevent
from pyinfra import logger
from pyinfra.api.host import Host

from stacks.model.messages import Conflict
from tasks.benchmark import programs
from tasks.benchmark.order import order
from tasks.benchmark.outcome import Measured
from tasks.benchmark.readings import Reading, reading
from tasks.layout import CURRENT
from tasks.steps import course, job, job_shell
from tasks.steps.refusal import Refused
from tasks.steps.step import LOST, run

NAME = "benchmark"
FOLDER = f"{job.FOLDER}/{NAME}"
UNIT = f"gpuwright-{NAME}.service"
WATCH = "gpuwright-benchmark-turn"
"""The unit that watches, and its folder in /run."""
CONTAINER = f"gpuwright-{NAME}"
ALONE_S = 90
"""After the last look of somebody who waits, until all ends."""
LONGEST_S = 6 * 3600
"""Of a whole benchmark: fifty runs of two sides at three minutes each, and a little."""
INSIDE, VOLUME = "/benchmark", "/volume"
"""Where a container has the programs and the files that are loaded."""
AWAITED = f"[ ! -d /run/{WATCH} ] || touch /run/{WATCH}/alive"
"""Shell that tells a host's watch that somebody waits."""
MOST_BYTES = 500_000
PYTHON = f"{CURRENT}/bin/python"


_LAST = """sed -n 's/.*"metric": "\\([a-z0-9_]*\\)".*/\\1 measured/p'"""


@dataclass(frozen=True)
class Side:
    """One of the two."""

    label: str
    """``native``, ``image``, or a host's name."""
    host: Host
    image: str = ""
    """What a container is made of; empty: the host's own environment."""
    gpu_words: tuple[str, ...] = ()
    started_by: str = "a process"
    cpu: int = 0
    """Processes at tiny sizes; 0: on GPUs."""
    skip: tuple[str, ...] = ()
    """Parts that are left out."""

    @property
    def words(self) -> Mapping[str, Any]:
        """How the program starts what it measures on this side."""
        if not self.image:
            return {}
        mounts = ((f"{FOLDER}/programs", INSIDE), (f"{FOLDER}/volume", VOLUME))
        before = [
            *("docker", "run", "--rm", "--name", CONTAINER, "--network", "none"),
            *self.gpu_words,
            *("--shm-size", "1g"),
            *(
                word
                for source, target in mounts
                for word in ("--mount", f"type=bind,source={source},target={target},readonly")
            ),
            self.image,
        ]
        return {"before": before, "python": PYTHON, "folder": INSIDE, "volume": VOLUME}


@dataclass
class Turns:
    """What has been measured so far."""

    warm: list[Reading] = field(default_factory=list)
    rows: tuple[list[Reading], list[Reading]] = field(default_factory=lambda: ([], []))


def measured(sides: tuple[Side, Side], runs: int) -> Measured:
    """Measure both sides by turns; fewer runs than asked for where a host failed meanwhile.

    Raises:
        Refused: BENCH-RUNNING: a host has a benchmark already.
    """
    made = Turns()
    hosts = list(dict.fromkeys(side.host for side in sides))
    with _alone(hosts):
        for side in sides:
            if (first := one(side, "to warm up", same=True)) is None:
                return _all(sides, made, runs)
            made.warm.append(first)
        turns = order(runs)
        for count, which in enumerate(turns, 1):
            found = one(sides[which], f"{count} of {len(turns)}")
            if found is None:
                break
            made.rows[which].append(found)
    return _all(sides, made, runs)


def _all(sides: tuple[Side, Side], made: Turns, runs: int) -> Measured:
    same = [
        {**first.same, "started by": side.started_by} if first.same else {}
        for side, first in zip(sides, [*made.warm, Reading(), Reading()], strict=False)
    ]
    return Measured((sides[0].label, sides[1].label), made.rows, (same[0], same[1]), runs)


def one(side: Side, which: str, same: bool = False) -> Reading | None:
    """One run of one side; None: the job could not be carried out, which has been said."""
    logger.info(f"{side.host.print_prefix}benchmark: {side.label}, run {which}")
    work = job_of(side, which, same)
    try:
        if not job.ran(side.host, work):
            return None
        good, told = run(side.host, f"tail -c {MOST_BYTES} {FOLDER}/result")
    except LOST as error:
        course.stopped(side.host, course.words(error), at=work.title)
        return None
    return reading(told.splitlines()) if good else None


def job_of(side: Side, which: str, same: bool = False) -> job.Job:
    """The job of one run."""
    texts = programs.files()
    names = {path: f"file{number}" for number, path in enumerate(texts)}
    words = [
        *(PYTHON, "-I", "-B", "programs", "run", "--volume", f"{FOLDER}/volume"),
        *("--side", json.dumps(side.words), "--cpu", str(side.cpu), *(["--same"] if same else [])),
        *(["--skip", ",".join(side.skip)] if side.skip else []),
    ]
    lines = [
        "umask 022; rm -rf programs",
        *(f"install -D -m 644 {name} programs/{path}" for path, name in names.items()),
        "chmod 755 . programs programs/image programs/image/programs",
        f"docker rm --force {CONTAINER} >/dev/null 2>&1 || :" if side.image else ":",
        f"{shlex.join(words)} >result 2>errors || echo "
        f'\'##gpuwright-benchmark {{"part": "run", "why": "\'"exit status $?"\'"}}\' >>result',
    ]
    return job.Job(
        NAME,
        f"benchmark of {side.label}, run {which}",
        "\n".join(lines),
        progress=f"touch /run/{WATCH}/alive; {_LAST} result | tail -n 1",
        inputs=tuple((names[path], text) for path, text in texts.items()),
    )


@contextmanager
def _alone(hosts: Sequence[Host]) -> Iterator[None]:
    """With these hosts for this benchmark alone; nothing of it stays there."""
    taken: list[Host] = []
    try:
        for host in hosts:
            good, said = run(host, take_script())
            if not good or not said.endswith("taken"):
                raise Refused(running(said))
            taken.append(host)
        with _awaited(taken):
            yield
    finally:
        for host in taken:
            with suppress(*LOST):  # it ends by itself then
                run(host, f"systemctl stop {WATCH}.service")


@contextmanager
def _awaited(hosts: Sequence[Host]) -> Iterator[None]:
    """While one of several hosts is measured, tell the others' watches that somebody waits."""
    telling = gevent.spawn(_tell, hosts) if len(hosts) > 1 else None
    try:
        yield
    finally:
        if telling is not None:
            telling.kill()


def _tell(hosts: Sequence[Host]) -> None:
    while True:
        gevent.sleep(ALONE_S / 4)
        for host in hosts:
            with suppress(*LOST):  # the job there says it
                run(host, AWAITED)


def running(said: str) -> Conflict:
    """BENCH-RUNNING, or why there can be none."""
    return Conflict(
        "BENCH-RUNNING",
        "another benchmark is running on this host, or none can be started",
        said or "systemd gives no answer",
        (
            f"wait until it has ended: systemctl status {WATCH}.service; it ends by itself within "
            f"{ALONE_S} s once nobody waits for it",
            f"or end it: systemctl stop {WATCH}.service",
        ),
        "tasks/benchmark/running.py",
    )


def take_script() -> str:
    """Shell that begins the watch; its last word is ``taken``, or it fails and says why."""
    watch = (
        f"cd /run/{WATCH} && touch alive && "
        f"while [ $(($(date +%s) - $(stat -c %Y alive))) -lt {ALONE_S} ]; do sleep 2; done"
    )
    # systemd reads these words by itself: "%" and "$" mean something to it.
    end = (
        f"systemctl stop {UNIT}; docker rm --force {CONTAINER}; "
        f"rm -rf {FOLDER}; systemctl reset-failed {UNIT}"
    )
    return "\n".join(
        [
            job_shell.SYSTEMD_HERE,
            f"if systemctl is-active --quiet {WATCH}.service; then",
            f'echo "it began $(systemctl show -P ActiveEnterTimestamp {WATCH}.service)"',
            "exit 1; fi",
            f"systemd-run --quiet --unit={WATCH}.service --collect --service-type=exec "
            f"--property=RuntimeMaxSec={LONGEST_S} --property=RuntimeDirectory={WATCH} "
            "--property=RuntimeDirectoryMode=0700 "
            f"--property={shlex.quote(f'ExecStopPost=-/bin/sh -c {shlex.quote(end)}')} "
            f"/bin/sh -c {shlex.quote(watch)} 2>&1 || exit 1",
            "echo taken",
        ]
    )
