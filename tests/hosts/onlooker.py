"""Somebody with an ordinary account who watches while we work, and what they get to see.

Command lines are watched from this machine, whose list of processes holds those of its hosts and
of the controller. What a host shows of its units, writes into files, and notes in its journal is
searched afterwards.
"""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.hosts import SandboxHost
from sandbox.mirror.faults import Faults

USER = "ana"
PASSWORD = "nobody-may-see-this-one"
PATTERN = f"{PASSWORD[:-1]}[{PASSWORD[-1]}]"
"""Finds the password and does not hold it: another host's onlooker sees the search too."""
LOGIN = f"{USER}:{PASSWORD}"
NOBODY = 65534
_MARK = "/run/onlooker"
_WATCHER = """\
import json, os, select, sys

words = [word.encode() for word in json.loads(sys.stdin.readline())]
seen, rounds, own = {}, 0, str(os.getpid())
while not select.select([sys.stdin], [], [], 0.02)[0]:
    rounds += 1
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    text = file.read()
            except OSError:
                continue
            if pid != own and any(word in text for word in words):
                seen[text.replace(b"\\0", b" ")[:400].decode(errors="replace")] = name
print(json.dumps([rounds, seen]))
"""
_LOOK = f"""\
exec 2>/dev/null
while [ -e {_MARK}/goes-on ]; do
    systemctl show 'gpuwright-*' docker.service
    sleep 1
done >{_MARK}/units
"""


@dataclass
class Seen:
    """What they saw of the password."""

    rounds: int = 0
    """How often the list of processes was read."""
    places: list[str] = field(default_factory=list)
    """Where it was seen; empty: nowhere."""


def words() -> list[str]:
    """The password, and each of the three ways in which base64 writes it within a longer text."""
    found = [PASSWORD]
    for before in range(3):
        packed = base64.b64encode(b" " * before + PASSWORD.encode()).decode()
        # The first and the last group hold bits of the neighbours too.
        found.append(packed[4 * bool(before) : (before + len(PASSWORD)) // 3 * 4])
    return found


def with_login(url: str) -> str:
    """The mirror's address with user and password."""
    return url.replace("://", f"://{LOGIN}@", 1)


@contextlib.contextmanager
def watched(host: SandboxHost) -> Iterator[Seen]:
    """Watch a host whose mirror wants the password; what was seen is told after the block."""
    seen = Seen()
    begun = _on(
        host,
        f"set -e; mkdir -p -m 755 {_MARK}; touch {_MARK}/began {_MARK}/goes-on\n"
        f"cat >{_MARK}/look <<'END'\n{_LOOK}END\n"
        # A host that begins to start lets one in before its systemd takes units.
        "for second in $(seq 30); do\n"
        "    systemctl is-system-running --wait >/dev/null 2>&1 || :\n"
        f"    systemd-run -q --unit=onlooker sh {_MARK}/look && echo looks && break; sleep 1\n"
        "done 2>&1",
    )
    assert begun.endswith("looks\n"), begun
    with (
        subprocess.Popen(
            ["/usr/bin/python3", "-c", _WATCHER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
        ) as watcher,
        host.faults(Faults(login=LOGIN)),
    ):
        assert watcher.stdin and watcher.stdout
        watcher.stdin.write(json.dumps(words()) + "\n")
        watcher.stdin.flush()
        try:
            yield seen
        finally:
            watcher.stdin.close()
            seen.rounds, found = json.loads(watcher.stdout.read())
    seen.places += [f"{name}: {text}" for text, name in found.items()]
    seen.places += _on(host, _search()).splitlines()


def _search() -> str:
    """Shell that names what shows the password: the journal to root, the rest to any user."""
    octal = "".join(f"\\{byte:03o}" for byte in "\n".join([*words(), ""]).encode())
    as_nobody = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups"
    return "\n".join(
        [
            f"cd {_MARK}; rm -f goes-on",
            "while systemctl -q is-active onlooker; do sleep 0.2; done",
            f"printf '{octal}' >words; chown {NOBODY} words; chmod 600 words",
            "[ -s units ] || echo 'systemctl show said nothing'",
            "grep -qF -f words units && echo 'systemctl show'",
            "journalctl -q --no-pager -o cat | grep -aF -f words | head -n 3",
            # Files that came or changed since.
            "find / -xdev -type f -cnewer began -size -2048k ! -path '/proc/*' -print0 >files",
            f"{as_nobody} xargs -0 -r grep -laFs -f words <files | grep -v '^{_MARK}/'",
            f"cd /; rm -rf {_MARK}",
        ]
    )


def _on(host: SandboxHost, command: str) -> str:
    done = host.run(command)
    assert done.returncode != 255, f"ssh: {done.stderr}"
    return str(done.stdout)
