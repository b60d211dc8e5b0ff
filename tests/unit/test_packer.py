"""`packer/pyinfra.sh`, with stand-ins for ssh-keyscan and pyinfra: what it hands on, and leaves."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.test_house import HOUSE

_KEY = '-----BEGIN KEY-----\nit\'s "a" $key\n-----END KEY-----'
_KEYSCAN = 'echo "keyscan $*" >>"$ROOM/did"\n[ "$FAILS" != keyscan ] || exit 1\necho known\n'
_PYINFRA = """\
echo "pyinfra $*" >>"$ROOM/did"
[ -z "${BUILD_KEY+set}" ] || echo "the key is in the environment" >>"$ROOM/did"
cp -p "$BUILD_FOLDER"/key "$BUILD_FOLDER"/known_hosts "$ROOM"
python3 -B - <<'END' >>"$ROOM/did"
import runpy
((name, data),) = runpy.run_path("packer/inventory.py")["images"]
print(name, data["ssh_port"], data["ssh_user"], data["expected_gpus"], data["reboot"])
END
[ "$FAILS" != pyinfra ] || exit 7
[ "$FAILS" != stopped ] || kill -TERM "$PPID"
"""


def baked(room: Path, *words: str, fails: str = "") -> tuple[int, list[str]]:
    """Run it as Packer does; gives its exit status and what was done, in order."""
    for name, text in (("ssh-keyscan", _KEYSCAN), ("pyinfra", _PYINFRA)):
        program = room / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{text}")
        program.chmod(0o755)
    (room / "a b").mkdir()
    done = subprocess.run(
        ["sh", "packer/pyinfra.sh", *words],
        cwd=HOUSE,
        env={
            **os.environ,
            "PATH": f"{room / 'bin'}:{os.environ['PATH']}",
            "TMPDIR": str(room / "a b"),
            **{"ROOM": str(room), "FAILS": fails},
            **{"BUILD_HOST": "192.0.2.7", "BUILD_PORT": "2222", "BUILD_USER": "admin"},
            **{"BUILD_KEY": _KEY, "EXPECTED_GPUS": "h100:8"},
        },
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, (room / "did").read_text().splitlines()


def test_machine_of_packer_is_a_host_with_its_key_and_the_gpus_to_come(tmp_path: Path) -> None:
    code, did = baked(tmp_path)
    assert code == 0
    assert did == [
        "keyscan -p 2222 192.0.2.7",
        "pyinfra -y packer/inventory.py deploys/gpu_host.py",
        "192.0.2.7 2222 admin h100:8 if-needed",
    ]
    assert (tmp_path / "key").read_text() == f"{_KEY}\n"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "known_hosts").read_text() == "known\n"


def test_another_deploy_can_be_named(tmp_path: Path) -> None:
    assert (
        "pyinfra -y packer/inventory.py deploys/container_host.py"
        in (baked(tmp_path, "deploys/container_host.py")[1])
    )


@pytest.mark.parametrize(
    ("fails", "status"), [("", 0), ("keyscan", 1), ("pyinfra", 7), ("stopped", 130)]
)
def test_key_is_gone_however_it_ends_and_packer_learns_how(
    tmp_path: Path, fails: str, status: int
) -> None:
    assert baked(tmp_path, fails=fails)[0] == status
    assert list((tmp_path / "a b").iterdir()) == []
