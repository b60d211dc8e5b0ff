"""A fleet of stand-in hosts for real runs of pyinfra, and how a roll over it is called.

The hosts answer what a real one once answered (pyinfra's connector `@fake`); what a deploy does to
each is written in its host data. One host is a port of this machine where nobody listens.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).parents[4]
BARE = HOUSE / "tests/unit/facts/golden/debian-12-plain-2xh100.txt"
INVENTORY = """
import re as _re
from pathlib import Path as _Path

_bare = _Path(BARE).read_text()


def _host(name, does, owners):
    said = _re.sub(r"(?<=@boot_id\\n)\\S+", name, _bare).splitlines()
    told = [*owners, "##gpuwright-gpu-owners-end"]
    answers = {"GPUWRIGHT_PROBE_ENDS": said, "gpuwright-gpu-owners-end": told}
    fake = {"fake_delay": 0, "fake_delay_jitter": 0, "fake_responses": answers}
    return ("@fake/" + name, {**fake, "does": does})


hosts = [_host(*each) for each in HOSTS]
lost = [("gpu99", {"ssh_hostname": "127.0.0.1", "ssh_port": 9})] if LOST else []
"""
DEPLOY = """
import os
import sys
import time
from pathlib import Path

from pyinfra import host
from pyinfra.api import FunctionCommand, operation
from stacks.model.messages import Conflict
from tasks.steps import refusal
from tasks.steps.step import this_host


def carried_out(state, host):
    does = host.data.does
    with open(Path(__file__).with_name("touched"), "a") as file:
        file.write(host.name + "\\\\n")
    if does == "hangs":
        time.sleep(600)
    if does == "dies":
        os.kill(os.getpid(), 9)
    if does == "says":
        print("the secret is", host.data.get("key"), os.environ.get("LAB_KEY"), file=sys.stderr)
        print(open("/proc/self/cmdline").read().replace("\\\\0", " "), file=sys.stderr)
    return does != "fails"


@operation()
def work():
    yield FunctionCommand(carried_out, (), {})


if host.data.does == "refuses":
    refusal.refuse(this_host(), (Conflict("NO-DISK", "no room", "1 MB", ("make room",), "df(1)"),))
else:
    work(name="The work")
""".replace("\\\\", "\\")


@dataclass
class Fleet:
    """A folder with a deploy and an inventory; rolls are kept beside them."""

    folder: Path
    said: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path, hosts: Mapping[str, Any], lost: bool = False) -> Fleet:
        """Hosts by name, with what the deploy does to each, or a pair of that and who uses it."""
        place = folder / "our läb"
        place.mkdir()
        rows = [(n, *(d if isinstance(d, tuple) else (d, []))) for n, d in hosts.items()]
        text = INVENTORY.replace("BARE", repr(str(BARE))).replace("HOSTS", repr(rows))
        (place / "lab of ours.py").write_text(text.replace("LOST", repr(lost)))
        (place / "change it.py").write_text(DEPLOY)
        return cls(place)

    @property
    def touched(self) -> list[str]:
        """Hosts that the deploy was carried out on, in that order."""
        file = self.folder / "touched"
        return file.read_text().replace("@fake/", "").split() if file.exists() else []

    @property
    def rolls(self) -> Path:
        return self.folder / "rolls"

    def words(self, *options: str) -> list[str]:
        resumes = "--resume" in options
        named = [] if resumes else ["change it.py", "lab of ours.py"]
        more = [] if resumes or "--gate" in options else ["--gate", "none"]
        at = options.index("--") if "--" in options else len(options)
        ours, theirs = options[:at], options[at:]
        state = ["--state", str(self.rolls), "--json"]
        return [sys.executable, "-m", "gpuwright", "roll", *named, *more, *state, *ours, *theirs]

    def start(self, *options: str) -> subprocess.Popen[str]:
        env = {**os.environ, "PYTHONPATH": str(HOUSE), **self.environment}
        return subprocess.Popen(
            self.words(*options),
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell's background programs are born deaf to it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
        )

    def roll(self, *options: str, code: int = 0) -> dict[str, Any]:
        """Roll to the end; gives the summary of its hosts by their short names."""
        return self.ended(self.start(*options), code)

    def ended(self, process: subprocess.Popen[str], code: int) -> dict[str, Any]:
        out, self.said = process.communicate(timeout=120)
        assert process.returncode == code, self.said
        if not out:
            return {}
        hosts = json.loads(out)["hosts"]
        return {name.removeprefix("@fake/"): told for name, told in hosts.items()}

    def states(self, *options: str, code: int = 0) -> dict[str, str]:
        return {name: told["state"] for name, told in self.roll(*options, code=code).items()}

    def wait_for(self, *names: str) -> None:
        """Until the deploy is at work on these hosts."""
        limit = time.monotonic() + 60
        while not set(names) <= set(self.touched):
            assert time.monotonic() < limit, "nothing begins"
            time.sleep(0.05)


def workers(folder: Path) -> list[int]:
    """Living runs of pyinfra that were begun in a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            said = (place / "cmdline").read_bytes()
            if b"gpuwright.roll.worker" in said and (place / "cwd").readlink() == folder:
                found.append(int(place.name))
    return found


@contextlib.contextmanager
def cleaned(process: subprocess.Popen[str]) -> Iterator[None]:
    """Leave no roll behind."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
