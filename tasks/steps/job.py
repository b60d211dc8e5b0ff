"""Long steps as jobs of the host: they outlive the connection, show that they live, and overlap.

A job is a transient systemd unit ``gpuwright-<name>.service``. If the connection or this program
dies, the job goes on; the next run finds it and waits for it instead of starting a second one.
What it prints stays in ``/var/lib/gpuwright/jobs/<name>/log``.
"""

from __future__ import annotations

import hashlib
import secrets
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
from tasks.steps import around, course, job_shell
from tasks.steps.connection import patience
from tasks.steps.files import place_script
from tasks.steps.step import run, this_host
from tasks.templates import waits

FOLDER = "/var/lib/gpuwright/jobs"
QUIET_S = 10  # a line on the screen at most this often
LOG_LINES, LOG_BYTES = 15, 1 << 15  # a line may never end

_begun: WeakKeyDictionary[Host, dict[str, Job]] = WeakKeyDictionary()
"""By name, the jobs as they were started: only those have left the mark of their own end."""


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

    @property
    def text(self) -> str:
        """The script as it lies on the host. It looks first whether its inputs are whole."""
        lines = ["set -eu", f"cd {self.folder}"]
        if self.inputs:
            sums = " ".join(f"'{_digest(text)}  {name}'" for name, text in self.inputs)
            check = f"printf '%s\\n' {sums} | sha256sum --check --status"
            lines.append(f"{check} || {{ {job_shell.NOT_WHOLE} exit 1; }}")
        return "\n".join([*lines, self.script, ""])

    @property
    def digest(self) -> str:
        """SHA-256 of `text`: stands beside the exit status, so that no other job's is believed."""
        return _digest(self.text)


def start(job: Job) -> FunctionCommand:
    """The command that starts the job and comes back at once."""
    return FunctionCommand(_start, (job,), {})


def begun(job_name: str) -> bool:
    """Whether this run started a job of this name on this host and has not waited for it."""
    return job_name in _begun.get(this_host(), {})


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


def start_script(job: Job, lock_wait: int = LOCK_WAIT_S, limit_s: int = waits.JOB_S) -> str:
    """Shell that starts the job on the host, or joins one that runs already.

    It reads `payload`: a script and its inputs may hold a password, and what is in a command line
    stands in the list of processes, and in the log of sudo.

    A unit of the same name that still runs belongs to a run that was cut off: it is never
    stopped. The script says ``joined`` then, else ``started``. systemd ends the job, with all that
    it has begun, when it is over its limit, whether somebody waits for it or not.
    """
    wrapper = (
        f"cd {job.folder} || exit 1; {{ if {_is_whole('script', job.text)}; "
        f"then nice -n {job.nice} sh ./script; else {job_shell.NOT_WHOLE} false; fi; }} "
        ">log 2>&1; code=$?; "
        f"echo $code {job.digest} >exit.new && sync exit.new && mv exit.new exit; exit $code"
    )
    undo = f"--property={shlex.quote('ExecStopPost=-/bin/sh ' + job.folder + '/undo')} "
    lines = [
        "umask 077",
        job_shell.SYSTEMD_HERE,
        job_shell.alive(job.unit),
        f"if alive; then cat >/dev/null; echo joined; exit 0; fi; {job_shell.UNLESS_KNOWN}",
        f"systemctl reset-failed {job.unit} 2>/dev/null || true",
        f"{place_script(job.folder)} && chmod 700 {FOLDER} {job.folder} || exit 1",
        f"cd {job.folder} || exit 1",
        # Files of before are gone before those of now come: what is there is of this job.
        f"rm -f exit exit.new log status script undo {shlex.join(n for n, _ in job.inputs)}",
        f"lacks() {{ {job_shell.NOT_WHOLE} exit 1; }}",
        *(_taken(name, text) for name, text in _texts(job)),
        f"{_is_whole('script', job.text)} || lacks",
        f"systemd-run --quiet --unit={job.unit} --collect --service-type=exec "
        f"--property=RuntimeMaxSec={limit_s} --property=TimeoutStopSec={waits.TERMINATE_S} "
        "--setenv=DEBIAN_FRONTEND=noninteractive --setenv=NEEDRESTART_MODE=a "
        f"--setenv=UCF_FORCE_CONFFOLD=1 --setenv=LC_ALL=C.UTF-8 --setenv=HOME=/root "
        f"--setenv=LOCK_WAIT={lock_wait} "
        + (undo if job.undo else "")
        + f"/bin/sh -c {shlex.quote(wrapper)} 2>&1 || {{ {job_shell.REFUSED} exit 1; }}",
        "echo started",
    ]
    return "\n".join(lines)


def payload(job: Job) -> str:
    """What `start_script` reads: the texts of the job's files, one behind the other."""
    return "".join(text for _, text in _texts(job))


def poll_script(job: Job, seconds: int) -> str:
    """Shell that waits up to some seconds for the job's end and prints where it stands.

    Prints ``state <done CODE|running QUIET|lost AGE>``, then the progress line, then after a
    failure the end of the log. Done is only what this very script has left a whole mark of. QUIET
    are the seconds since anything was written in the job's folder, AGE those since it began.
    """
    progress = (
        f"( cd {job.folder}; {job.progress} ) 2>/dev/null | tail -n 1 | head -c 1000"
        if job.progress
        else ":"
    )
    return "\n".join(
        [
            job_shell.alive(job.unit),
            f"i=0; while [ $i -lt {seconds * 4} ] && alive; do sleep 0.25; i=$((i+1)); done",
            'since() { echo $(($(date +%s) - $(stat -c %Y -- "$@" | sort -n | tail -n 1))); }',
            f"if alive; then echo state running $(since {job.folder}/*); {progress}; exit 0; fi",
            job_shell.UNLESS_KNOWN,
            f"cd {job.folder} 2>/dev/null",
            "code= mark= rest=; { read -r code mark rest <exit; } 2>/dev/null",
            f'[ "$mark$rest" = {job.digest} ] || code=',
            'if [ -n "$code" ]; then echo "state done $code"',
            "else echo state lost $(since script); fi",
            f'if [ "$code" != 0 ]; then echo ---; tail -c {LOG_BYTES} log | tail -n {LOG_LINES};',
            f"{job_shell.UNMARKED} fi",
        ]
    )


def _texts(job: Job) -> list[tuple[str, str]]:
    return [*job.inputs, ("script", job.text), ("undo", job.undo + "\n")]


def _taken(name: str, text: str) -> str:
    """Shell that takes one file out of what is read; `head` reads no byte further.

    It is judged by its size here, and by what runs it: a digest might tell of a secret in it.
    """
    size = len(text.encode())
    return f"head -c {size} >{name} && [ $(wc -c <{name}) = {size} ] || lacks"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _is_whole(name: str, text: str) -> str:
    return f"echo '{_digest(text)}  {name}' | sha256sum --check --status"


def _start(state: object, host: Host, job: Job) -> bool:
    # Its digest is in a command line: with a number that nobody knows it tells of no secret.
    script = f"# {secrets.token_hex(16)}\n{around.of_host(host)}{job.script}"
    job = replace(job, script=script, undo=around.put_away(host, job.name) + job.undo)
    start_it = start_script(job, host_data.lock_wait(host.data), patience(host).job)
    good, output = run(host, start_it, timeout=waits.JOB_START_S, stdin=payload(job))
    course.of_host(host).jobs[job.unit] = f"{job.title} (log: {job.folder}/log)"
    limit = time.monotonic() + patience(host).job
    while good and output.endswith("joined"):
        if time.monotonic() > limit:
            good, output = False, f"one of an earlier run does not end: systemctl stop {job.unit}"
            break
        # A run that was cut off left it. It must end before we look at what is still to do.
        _say(host, f"{job.title}: still running since an earlier run; waiting for it")
        good, output = run(host, poll_script(job, 60), timeout=120)
        if good and not output.startswith("state running"):
            good, output = run(host, start_it, timeout=waits.JOB_START_S, stdin=payload(job))
        else:
            output = "joined"
    if not good:
        course.of_host(host).jobs.pop(job.unit)
        course.stopped(host, f"the job did not start: {output}", at=job.title)
        return False
    _begun.setdefault(host, {})[job.name] = job
    return True


def _wait(host: Host, job: Job) -> bool:
    began = said = moved = time.monotonic()
    what = ""
    while True:
        good, output = run(host, poll_script(job, 5), timeout=5 + waits.JOB_START_S)
        if not good:
            why = f"cannot ask how it goes: {output or 'the connection was lost'}"
            course.stopped(host, f"{why}. The job goes on there by itself", at=job.title)
            return False
        lines = output.splitlines() or ["state lost"]
        words = lines[0].split()
        now = time.monotonic()
        if words[:2] == ["state", "running"]:
            if lines[1:] and lines[1] != what:
                what, moved = lines[1], now
            if now - said >= QUIET_S:
                said = now
                quiet = min(now - moved, _number(words[2:]))
                nothing = f", no output for {_clock(int(quiet))}" if quiet >= waits.QUIET_S else ""
                _say(host, f"{job.title}: {what or 'running'}, {_clock(int(now - began))}{nothing}")
            gevent.sleep(0)
            continue
        course.of_host(host).jobs.pop(job.unit, None)
        if words[:3] == ["state", "done", "0"]:
            return True
        _failed(host, job, words, lines[1:])
        return False


def _complete(state: object, host: Host, job: Job) -> bool:
    return _start(state, host, job) and _finish(state, host, job)


def _finish(state: object, host: Host, job: Job) -> bool:
    if job.name not in _begun.get(host, {}) and not _start(state, host, job):
        return False
    return _wait(host, _begun[host].pop(job.name))


def _failed(host: Host, job: Job, words: list[str], rest: list[str]) -> None:
    code = words[2] if words[1:2] == ["done"] and len(words) > 2 else None
    why = f"exit status {code}" if code else "it was killed before it ended"
    limit = patience(host).job
    if words[1:2] == ["lost"] and _number(words[2:]) >= limit:
        why = f"it was ended at its limit of {_clock(limit)}; host data job_limit allows more"
    tail = rest[rest.index("---") + 1 :] if "---" in rest else rest
    logger.error(f"{host.print_prefix}{job.title}: failed ({why})")
    for line in tail:
        logger.error(f"{host.print_prefix}    {line}")
    logger.error(
        f"{host.print_prefix}    The whole log: {job.folder}/log on the host. "
        "Nothing was left half-applied; fix the cause and run the same command again."
    )


def _number(words: list[str]) -> int:
    """The seconds that the host says; 0 where it says none."""
    return int(words[0]) if words and words[0].isascii() and words[0].isdigit() else 0


def _say(host: Host, text: str) -> None:
    logger.info(f"{host.print_prefix}{text}")


def _clock(seconds: int) -> str:
    return f"{seconds // 60}m{seconds % 60:02d}s" if seconds >= 60 else f"{seconds}s"
