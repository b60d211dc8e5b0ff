"""Start the services that were asked for, and end together with the first of them that ends."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from image.programs import place, sshd
from image.programs.settings import PORTS, USAGE, RefusalError, Settings, read

PATIENCE_S = 8
"""Docker kills what is left 10 s after SIGTERM (docker stop)."""


def main() -> int:
    """Run the services until one ends or a signal comes; give the exit status."""
    try:
        settings = _with_token(read(os.environ))
        started = _start(settings)
    except RefusalError as refusal:
        print(refusal, file=sys.stderr)
        return USAGE
    warning = place.small_shm()
    if warning:
        print(warning, file=sys.stderr)
    return _watch(started)


def commands(settings: Settings) -> dict[str, list[str]]:
    """Each service's command. No secret is in one: everybody on the host can read them."""
    bin_folder = f"{place.ENVIRONMENT}/bin"
    every = {
        "jupyter": [
            f"{bin_folder}/jupyter-lab",
            f"--ServerApp.ip={settings.bind}",
            f"--ServerApp.port={PORTS['jupyter']}",
        ],
        "tensorboard": [
            f"{bin_folder}/tensorboard",
            f"--logdir={settings.logdir}",
            f"--host={settings.bind}",
            f"--port={PORTS['tensorboard']}",
        ],
        "sshd": ["/usr/sbin/sshd", "-D", "-e", "-f", str(sshd.CONFIG)],
    }
    return {name: every[name] for name in settings.services}


def _with_token(settings: Settings) -> Settings:
    if "jupyter" not in settings.services or settings.token:
        return settings
    if not sys.stdin.isatty():
        raise RefusalError(
            "IMAGE-NO-TOKEN",
            "JupyterLab runs whatever its visitor types; it does not start without a token",
            "openssl rand -hex 24 >token && "
            "docker run -v $PWD/token:/run/secrets/jupyter_token:ro …",
        )
    name = os.uname().nodename
    print(f"A token was made for this container. The URL with it: docker exec {name} jupyter-token")
    return replace(settings, token=secrets.token_urlsafe(24))


def _start(settings: Settings) -> dict[int, tuple[str, subprocess.Popen[bytes]]]:
    if os.getuid() == 0:
        raise RefusalError(
            "IMAGE-ROOT", "services do not run as root", "leave --user 0 away, or name another uid"
        )
    folder = place.own_folder()
    environment = dict(os.environ)
    # It lies in a file from here on: a notebook's own programs need not inherit it.
    environment.pop("JUPYTER_TOKEN", None)
    if settings.token:
        place.write(place.TOKEN, settings.token)
        environment["JUPYTER_TOKEN_FILE"] = str(place.TOKEN)
    environment["JUPYTER_RUNTIME_DIR"] = str(folder / "jupyter")
    if "sshd" in settings.services:
        sshd.prepare(settings, environment)
    place.write(place.RUNNING, " ".join([settings.bind, *settings.services]))
    working = "/workspace" if Path("/workspace").is_dir() else environment["HOME"]
    started = {}
    for name, command in commands(settings).items():
        process = subprocess.Popen(
            command, env=environment, cwd=working, stdin=subprocess.DEVNULL, start_new_session=True
        )
        started[process.pid] = (name, process)
        print(f"{name} starts on port {PORTS[name]}", flush=True)
    return started


def _watch(started: dict[int, tuple[str, subprocess.Popen[bytes]]]) -> int:
    """Wait as process 1 must: for every orphan too, and with signals handed on."""
    told: list[int] = []

    def pass_on(number: int, frame: object) -> None:
        told.append(number)
        _signal_all(started, signal.SIGTERM)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, pass_on)
    while True:
        pid, status = os.wait()
        if pid in started:
            break
    code = os.waitstatus_to_exitcode(status)
    name = started.pop(pid)[0]
    if not told:
        print(f"{name} ended with status {code}: the container ends too", file=sys.stderr)
    _end(started)
    return 0 if told else (code if code > 0 else 1)


def _end(started: dict[int, tuple[str, subprocess.Popen[bytes]]]) -> None:
    _signal_all(started, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_S
    while started and time.monotonic() < deadline:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        started.pop(pid, None)
        time.sleep(0.05)
    _signal_all(started, signal.SIGKILL)


def _signal_all(
    started: dict[int, tuple[str, subprocess.Popen[bytes]]], number: signal.Signals
) -> None:
    for pid in started:
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            continue
