"""What an ordinary login finds: the script runs for real, on a machine that is a folder.

Its torch is a file of one line. In place of setpriv stands a program that stays who it is.
"""

from __future__ import annotations

import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from facts.evidence import login_program
from facts.evidence_model import Login
from facts.parse.evidence import login
from facts.parse.sections import split
from facts.script import text

SETPRIV = '#!/bin/sh\nwhile [ "$1" != env ]; do shift; done\nexec "$@"\n'


@dataclass
class Machine:
    """A machine with an environment of ours."""

    folder: Path

    def put(self, path: str, content: str) -> Path:
        """Write a file below its root."""
        file = self.folder / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def looked(self, imports: bool = False) -> Login:
        """What a login finds here."""
        script = login_program(imports) + text("frame", "login")
        for place in ("/etc/", "/opt/gpuwright"):
            script = script.replace(place, f"{self.folder}{place}")
        # A login of this machine would read this machine's own profile.
        profile = f". {self.folder}/etc/profile 2>/dev/null\n      for d in "
        script = script.replace("for d in '", f"{profile}'", 1)
        script = script.replace('[ "$(id -u)" = 0 ]', "true").replace("-l -c", "-c")
        script = script.replace("\nhave() ", f"\nPATH={self.folder}/bin:$PATH\nhave() ")
        done = subprocess.run(
            ["sh", "-s"],
            input=f"{script}\nframed login | printable\n",
            capture_output=True,
            text=True,
            check=True,
        )
        found = login(split(done.stdout.splitlines())["login"])
        assert found is not None, done.stdout + done.stderr
        return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("machine").resolve()
    env = folder / "opt/gpuwright/envs/pytorch-2.9-0123456789ab"
    venv.create(env, symlinks=True)
    (env.parent.parent / "current").symlink_to(env)
    (site,) = env.glob("lib/python3*/site-packages")
    (site / "torch.py").write_text("__version__ = '2.9.1'\n")
    (site / "numpy.py").write_text("")
    (folder / "bin").mkdir()
    (folder / "bin/setpriv").write_text(SETPRIV)
    (folder / "bin/setpriv").chmod(0o755)
    return folder


@pytest.fixture
def machine(made: Path) -> Machine:
    for left in (made / "etc").rglob("*") if (made / "etc").is_dir() else ():
        if left.is_file():
            left.unlink()
    return Machine(made)


def test_healthy_login_takes_the_environment_s_own_torch(machine: Machine) -> None:
    found = machine.looked()
    env = str(machine.folder / "opt/gpuwright/envs/pytorch-2.9-0123456789ab")
    assert (found.stopped, found.reached, found.prefix, found.why) == (None, True, env, None)
    assert (found.torch or "").startswith(f"{env}/lib/python3")
    assert (dict(found.variables), found.paths, found.hides, found.files) == ({}, (), (), ())
    assert found.version is None


def test_torch_is_imported_where_that_is_asked_for(machine: Machine) -> None:
    assert machine.looked(imports=True).version == "2.9.1"


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("/etc/environment", "PYTHONPATH={srv}"),
        ("/etc/environment", '  export PYTHONPATH="{srv}"'),
        ("/etc/profile", "export PYTHONPATH={srv}"),
        ("/etc/security/pam_env.conf", "PYTHONPATH DEFAULT={srv}"),
    ],
)
def test_folder_before_the_environment_is_seen_with_what_it_hides(
    machine: Machine, file: str, line: str
) -> None:
    torch = machine.put("/srv/lib/torch/__init__.py", "")
    machine.put("/srv/lib/random.py", "")
    machine.put("/srv/lib/mine.py", "")
    srv = str(torch.parent.parent)
    machine.put(file, line.format(srv=srv) + "\n")
    found = machine.looked()
    assert found.torch == str(torch)
    assert found.variables == {"PYTHONPATH": srv}
    assert found.paths == (srv,)
    assert found.hides == (f"{srv}: random", f"{srv}: torch")
    assert len(found.files) == 1 and "PYTHONPATH" in found.files[0]


def test_profile_that_prints_and_leaves_gpus_out_is_understood(machine: Machine) -> None:
    machine.put("/etc/profile", "echo Welcome\necho 'gpuwright'\nexport CUDA_VISIBLE_DEVICES=\n")
    found = machine.looked()
    assert found.variables == {"CUDA_VISIBLE_DEVICES": ""}
    assert found.torch and found.why is None


def test_startup_file_that_turns_imports_elsewhere_is_seen_by_what_it_does(
    machine: Machine,
) -> None:
    place = machine.folder / "srv/custom"
    machine.put("/srv/custom/torch.py", "raise SystemExit('not yours')\n")
    (site,) = (machine.folder / "opt/gpuwright/current").glob("lib/python3*/site-packages")
    custom = site / "sitecustomize.py"
    custom.write_text(f"import sys\nsys.path.insert(0, {str(place)!r})\n")
    try:
        found = machine.looked(imports=True)
    finally:
        custom.unlink()
    assert found.torch == str(place / "torch.py")
    assert (found.version, found.why) == (None, "SystemExit: not yours")


def test_python_that_does_not_start_is_told_in_its_own_words(machine: Machine) -> None:
    machine.put("/etc/environment", "PYTHONHOME=/nowhere\n")
    found = machine.looked()
    assert (found.reached, found.prefix) == (True, None)
    assert found.why and "encodings" in found.why


def test_folder_that_nobody_may_enter_is_named_with_its_mode(machine: Machine) -> None:
    """Root may enter everything, so the shell is told that it may not."""
    machine.put("/etc/profile", '[() { command [ "$@" && case $2 in */envs) false ;; esac; }\n')
    found = machine.looked()
    assert not found.reached
    assert (found.stopped or "").startswith(f"{machine.folder}/opt/gpuwright/envs (755 ")
