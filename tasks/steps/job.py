"""Long steps as jobs of the host: they outlive the connection, show that they live, and overlap.

A job is a transient systemd unit ``gpuwright-<name>.service``. If the connection or this program
dies, the job goes on; the next run finds it and waits for it instead of starting a second one.
What it prints stays in ``/var/lib/gpuwright/jobs/<name>/log``.
"""

from __future__ import annotations

import hashlib
import shlex
import time
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import gevent
from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host

from tasks.hostdata import host as host_data
from tasks.hostdata.host import LOCK_WAIT_S
from tasks.steps import around
from tasks.steps.step import run, this_host

FOLDER = "/var/lib/gpuwright/jobs"
QUIET_S = 10  # a line on the screen at most this often
LOG_LINES = 15
LOG_BYTES = 1 << 15
"""Of these lines together: a program may print one that never ends."""

_begun: WeakKeyDictionary[Host, set[str]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Job:
    """A long step.

    ``script`` is POSIX shell, run as root with ``set -eu`` in a folder of its own. ``progress`` is
    POSIX shell that prints one short line: what is being done, how much of it. ``undo`` always
    runs at the end, even if the script is killed.
    """

    name: str
    title: str
    script: str
    progress: str = ""
    undo: str = ""
    nice: int = 0
    inputs: tuple[tuple[str, str], ...] = ()
    """Name and text of files that lie beside the script, in a folder that only root may enter."""

    @property
    def unit(self) -> str:
        """Name of the transient unit."""
        return f"gpuwright-{self.name}.service"

    @property
    def folder(self) -> str:
        """Where script, log and exit status lie on the host."""
        return f"{FOLDER}/{self.name}"


def start(job: Job) -> FunctionCommand:
    """The command that starts the job and comes back at once."""
    return FunctionCommand(_start, (job,), {})


def begun(job_name: str) -> bool:
    """Whether this run started a job of this name on this host and has not waited for it."""
    return job_name in _begun.get(this_host(), ())


def finish(job: Job) -> FunctionCommand:
    """The command that waits for the job if this run began it, else does it from start to end.

    It fails with the end of the job's log.
    """
    return FunctionCommand(_finish, (job,), {})


def complete(job: Job) -> FunctionCommand:
    """The command that starts the job and waits for its end."""
    return FunctionCommand(_complete, (job,), {})


def ran(host: Host, job: Job) -> bool:
    """Start the job and wait for its end, within a step; whether it went well."""
    return _complete(None, host, job)


def start_script(job: Job, lock_wait: int = LOCK_WAIT_S) -> str:
    """Shell that starts the job on the host, or joins one that runs already.

    It reads `payload`: a script and its inputs may hold a password, and what is in a command line
    stands in the list of processes, and in the log of sudo.

    A unit of the same name that still runs belongs to a run that was cut off: it is never
    stopped. The script says ``joined`` then, else ``started``.
    """
    wrapper = (
        f"cd {job.folder} && nice -n {job.nice} sh ./script >log 2>&1; code=$?; "
        f"echo $code >exit.new && mv exit.new exit; exit $code"
    )
    undo = f"--property={shlex.quote('ExecStopPost=-/bin/sh ' + job.folder + '/undo')} "
    lines = [
        _alive(job),
        "if alive; then cat >/dev/null; echo joined; exit 0; fi",
        f"systemctl reset-failed {job.unit} 2>/dev/null || true",
        f"mkdir -p {job.folder} && chmod 700 {FOLDER} && cd {job.folder} || exit 1",
        "rm -f exit log status",
        *(_taken(name, text) for name, text in _texts(job)),
        f"systemd-run --quiet --unit={job.unit} --collect --service-type=exec "
        "--setenv=DEBIAN_FRONTEND=noninteractive --setenv=NEEDRESTART_MODE=a "
        f"--setenv=UCF_FORCE_CONFFOLD=1 --setenv=LC_ALL=C.UTF-8 --setenv=HOME=/root "
        f"--setenv=LOCK_WAIT={lock_wait} "
        + (undo if job.undo else "")
        + f"/bin/sh -c {shlex.quote(wrapper)}",
        "echo started",
    ]
    return "\n".join(lines)


def payload(job: Job) -> str:
    """What `start_script` reads: the texts of the job's files, one behind the other."""
    return "".join(text for _, text in _texts(job))


def poll_script(job: Job, seconds: int) -> str:
    """Shell that waits up to some seconds for the job's end and prints where it stands.

    Prints ``state <done CODE|running|lost>``, then the progress line, then after a failure the end
    of the log.
    """
    progress = (
        f"( cd {job.folder}; {job.progress} ) 2>/dev/null | tail -n 1 | head -c 1000"
        if job.progress
        else ":"
    )
    return "\n".join(
        [
            _alive(job),
            f"i=0; while [ $i -lt {seconds * 4} ] && alive; do sleep 0.25; i=$((i+1)); done",
            f"if alive; then echo state running; {progress}; exit 0; fi",
            f"code=$(cat {job.folder}/exit 2>/dev/null)",
            'if [ -n "$code" ]; then echo "state done $code"; else echo state lost; fi',
            f'if [ "$code" != 0 ]; then echo ---; tail -c {LOG_BYTES} {job.folder}/log |',
            f"tail -n {LOG_LINES}; fi",
        ]
    )


def _alive(job: Job) -> str:
    return (
        f"alive() {{ case $(systemctl is-active {job.unit}) in "
        "active|activating|deactivating|reloading) return 0;; esac; return 1; }"
    )


def _texts(job: Job) -> list[tuple[str, str]]:
    body = f"set -eu\ncd {job.folder}\n{job.script}\n"
    return [*job.inputs, ("script", body), ("undo", job.undo + "\n")]


def _taken(name: str, text: str) -> str:
    """Shell that takes one file out of what is read; `head` reads no byte further."""
    content = text.encode()
    whole = f'echo "{hashlib.sha256(content).hexdigest()}  {name}" | sha256sum --check --status'
    cut = shlex.quote(f"{name} did not come whole to this host: df -P {FOLDER} shows its room")
    return f"head -c {len(content)} >{name} && {whole} || {{ echo {cut}; exit 1; }}"


def _start(state: object, host: Host, job: Job) -> bool:
    job = replace(job, script=f"{around.of_host(host)}{job.script}")
    start_it = start_script(job, host_data.lock_wait(host.data))
    good, output = run(host, start_it, timeout=60, stdin=payload(job))
    while good and output.endswith("joined"):
        # A run that was cut off left it. It must end before we look at what is still to do.
        _say(host, f"{job.title}: still running since an earlier run; waiting for it")
        good, output = run(host, poll_script(job, 60), timeout=120)
        if good and not output.startswith("state running"):
            good, output = run(host, start_it, timeout=60, stdin=payload(job))
        else:
            output = "joined"
    if not good:
        logger.error(f"{host.print_prefix}{job.title}: the job did not start: {output}")
        return False
    _begun.setdefault(host, set()).add(job.name)
    return True


def _wait(host: Host, job: Job) -> bool:
    began = time.monotonic()
    said = began
    while True:
        good, output = run(host, poll_script(job, 5), timeout=120)
        if not good:
            logger.error(f"{host.print_prefix}{job.title}: cannot ask how it goes: {output}")
            return False
        lines = output.splitlines() or ["state lost"]
        words = lines[0].split()
        seconds = int(time.monotonic() - began)
        if words[:2] == ["state", "running"]:
            if time.monotonic() - said >= QUIET_S:
                said = time.monotonic()
                what = lines[1] if len(lines) > 1 else "running"
                _say(host, f"{job.title}: {what}, {_clock(seconds)}")
            gevent.sleep(0)
            continue
        if words[:3] == ["state", "done", "0"]:
            return True
        _failed(host, job, words, lines[1:])
        return False


def _complete(state: object, host: Host, job: Job) -> bool:
    return _start(state, host, job) and _finish(state, host, job)


def _finish(state: object, host: Host, job: Job) -> bool:
    if job.name not in _begun.get(host, ()) and not _start(state, host, job):
        return False
    good = _wait(host, job)
    _begun[host].discard(job.name)
    return good


def _failed(host: Host, job: Job, words: list[str], rest: list[str]) -> None:
    code = words[2] if words[1:2] == ["done"] and len(words) > 2 else None
    why = f"exit status {code}" if code else "it was killed before it ended"
    tail = rest[rest.index("---") + 1 :] if "---" in rest else rest
    logger.error(f"{host.print_prefix}{job.title}: failed ({why})")
    for line in tail:
        logger.error(f"{host.print_prefix}    {line}")
    logger.error(
        f"{host.print_prefix}    The whole log: {job.folder}/log on the host. "
        "Nothing was left half-applied; fix the cause and run the same command again."
    )


def _say(host: Host, text: str) -> None:
    logger.info(f"{host.print_prefix}{text}")


def _clock(seconds: int) -> str:
    return f"{seconds // 60}m{seconds % 60:02d}s" if seconds >= 60 else f"{seconds}s"
