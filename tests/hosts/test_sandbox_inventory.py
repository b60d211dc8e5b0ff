"""`inventories/sandbox.py` as pyinfra loads it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import checkout
from sandbox.roots import build
from tests.hosts.able import needs_hosts

pytestmark = needs_hosts()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a sandbox of its own, removed afterwards."""
    build.root("debian-12")
    folder = tmp_path_factory.mktemp("sandbox")
    (folder / "roots").symlink_to(checkout.ROOTS)
    environment = {**os.environ, "GPUWRIGHT_SANDBOX_DIR": str(folder)}
    yield environment
    _run(environment, "sandbox", "clean")


def _run(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=checkout.SOURCE,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _execute(environment: dict[str, str], hosts: str, command: str) -> tuple[int, str]:
    """Exit status and all output of `command` on every host of the inventory."""
    told = {**environment, "GPUWRIGHT_SANDBOX": hosts}
    done = _run(told, "pyinfra", "-y", "inventories/sandbox.py", "exec", "--", command)
    return done.returncode, done.stdout + done.stderr


def test_hosts_are_brought_up_with_the_gpus_that_the_words_name(
    environment: dict[str, str],
) -> None:
    status, said = _execute(
        environment, "a:debian-12:h100*2+t4,b:debian-12:none", "lspci -nd 10de:"
    )
    assert status == 0, said
    assert [said.count(f"[{name}]") > 0 for name in ("a", "b")] == [True, True]
    assert (said.count("10de:2330"), said.count("10de:1eb8")) == (2, 1)


def test_each_host_is_announced_once_in_one_line(environment: dict[str, str]) -> None:
    _, said = _execute(environment, "a:debian-12:h100*2+t4", "true")
    lines = [line for line in said.splitlines() if line.startswith("sandbox: ")]
    assert len(lines) == 1
    assert "a (debian-12, simulated: h100+h100+t4) is up" in lines[0]


def test_host_is_told_in_what_it_differs_from_another_real_one(
    environment: dict[str, str],
) -> None:
    """``deploys/plan.py`` with host data ``like``; the host it is held against has no row."""
    told = {
        **environment,
        "GPUWRIGHT_SANDBOX": "a:debian-12:h100*2+t4,b:debian-12:none",
        "COLUMNS": "120",
    }
    words = ("inventories/sandbox.py", "deploys/plan.py", "--data", "like=a")
    done = _run(told, "pyinfra", "-y", *words)
    assert done.returncode == 2, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if " differs from a in " in line] == [
        "  b differs from a in 1 of 19 components: GPUs"
    ]
    (gpus,) = [line for line in lines if line.split()[:1] == ["GPUs"]]
    assert [word in gpus for word in ("none", "h100", "t4")] == [True] * 3


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("a:fedora", "Unknown --os 'fedora'"),
        ("a:debian-12:h1000", "Unknown GPU model 'h1000'"),
        ("a:debian-12:t4:x", "a host is NAME:OS:GPUS"),
        ("Big:debian-12", "cannot be a sandbox host's name"),
    ],
)
def test_words_that_name_no_host_end_in_one_sentence(
    environment: dict[str, str], words: str, answer: str
) -> None:
    status, said = _execute(environment, words, "true")
    assert status == 1
    assert answer in said
    assert "Traceback" not in said


def test_user_who_is_not_root_is_told_so(environment: dict[str, str]) -> None:
    # Only the user id changes: the files of the checkout may be root's alone.
    code = (
        "import os, runpy, sys; os.geteuid = lambda: 1000;"
        "runpy.run_path('inventories/sandbox.py', run_name='inventory')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=checkout.SOURCE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("sandbox: The sandbox needs root")
    assert len(done.stderr.splitlines()) == 1


def test_nothing_of_the_inventory_but_its_hosts_becomes_a_group(
    environment: dict[str, str],
) -> None:
    told = {**environment, "GPUWRIGHT_SANDBOX": "a:debian-12:h100*2+t4"}
    code = (
        "import runpy;"
        "names = runpy.run_path('inventories/sandbox.py');"
        "print(sorted(n for n, v in names.items() if not n.startswith('_') and type(v) is list))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=checkout.SOURCE,
        env=told,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "['sandbox']\n"


def test_checkout_is_found_from_another_folder(environment: dict[str, str], tmp_path: Path) -> None:
    told = {**environment, "GPUWRIGHT_SANDBOX": "a:debian-12:h100*2+t4"}
    inventory = checkout.SOURCE / "inventories" / "sandbox.py"
    done = subprocess.run(
        [sys.executable, "-m", "pyinfra", "-y", str(inventory), "exec", "--", "true"],
        cwd=tmp_path,
        env=told,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
