"""Bad input: the answer says what is wrong, what was seen and what to do, and nothing is touched.

Each test asks the way a user asks, with pyinfra's command line on a bare sandbox host.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts, pcibus
from sandbox.hosts import HostSpec, SandboxHost
from tests.hosts import runner
from tests.hosts.able import needs_hosts
from tests.hosts.runner import Outcome, untouched

pytestmark = needs_hosts()

PLAN = "deploys/plan.py"
Bare = Callable[[str], SandboxHost]


@pytest.fixture(scope="module")
def bare() -> Iterator[Bare]:
    """Bare Debian 12 hosts by GPU model (``none`` for no GPU), made when first asked for."""
    made: dict[str, SandboxHost] = {}

    def give(model: str) -> SandboxHost:
        if model not in made:
            gpus = () if model == "none" else pcibus.parse_gpus([model])
            made[model] = hosts.up(HostSpec(f"badinput-{model}", gpus=gpus), fresh=True)
        return made[model]

    yield give
    for host in made.values():
        host.down()


def assert_refused(outcome: Outcome, code: str, *words: str) -> None:
    """The run failed with this code and a full answer, and none of Python's."""
    assert outcome.code == 1
    assert "Traceback" not in outcome.said
    assert "verdict REFUSED" in outcome.said
    assert f"{code}:" in outcome.line(f"] {code}:")
    answer = outcome.said[outcome.said.index(f"] {code}:") :]
    why, do = answer.splitlines()[1:3]
    assert "    why: " in why
    assert "    do:  " in do
    for word in words:
        assert word in outcome.said


def refuse(host: SandboxHost, folder: Path, code: str, *words: str, **data: Any) -> None:
    """Run on ``host`` with ``data``: it is refused with ``code``, and nothing was touched."""
    with untouched(host):
        assert_refused(runner.run(host, folder, **data), code, *words)


def test_unknown_stack_names_the_nearest(bare: Bare, tmp_path: Path) -> None:
    refuse(bare("h100"), tmp_path, "STACK-INVALID", 'Did you mean "pytorch-2.9"', stack="pytorch29")


def test_name_that_no_deploy_reads_is_told_with_the_nearest_once(
    bare: Bare, tmp_path: Path
) -> None:
    outcome = runner.run(bare("h100"), tmp_path, "--dry", driver_brnach="535", rack="12")
    assert outcome.code == 0, outcome.said
    assert '"driver_brnach". Did you mean "driver_branch"?' in outcome.line("DATA-NAME")
    assert outcome.said.count("DATA-NAME") == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('  versoin: "11.8"', 'unknown key "versoin" in "cuda": did you mean "version"?'),
        ("  version: 11.8", "\"cuda.version\" is '11.8' (a number), expected text in quotes"),
        ('  version: ["11.8"', "this is not valid YAML"),
    ],
    ids=["wrong key", "wrong type", "no YAML"],
)
def test_own_stack_with_a_mistake_names_file_line_and_what_was_expected(
    bare: Bare, tmp_path: Path, line: str, words: str
) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(f"summary: mine\ncuda:\n{line}\n")
    place = f"{file}:{3 if 'valid' not in words else 4}: "
    refuse(bare("h100"), tmp_path, "STACK-INVALID", place, words, stack=str(file))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"rollback": "x"}, "\"rollback\" is 'x', expected a whole number"),
        ({"lock_wait": -1}, '"lock_wait" is -1, expected a whole number'),
        ({"expected_gpus": "weird"}, "\"expected_gpus\" names 'weird'"),
        ({"expected_gpus": "h10"}, "Did you mean h100"),
        ({"expected_gpus": "h100:many"}, "\"expected_gpus\" is 'h100:many', expected a count"),
        (
            {"mirrors": "mirror.example.org"},
            "\"mirrors\" is 'mirror.example.org', expected a set (china",
        ),
        ({"mirrors": {"pip": "http://mirror.example.org"}}, "expected one of the kinds pypi"),
        ({"mirrors": {"pypi": "mirror.example.org"}}, "expected an address such as https://"),
        ({"driver_flavour": "opn"}, 'Did you mean "open"? Choices: open, proprietary'),
        ({"torch_version": 2.9}, '"torch_version" is 2.9 (a float), expected text in quotes'),
        ({"without": "cudda"}, 'Did you mean "cuda"?'),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_host_data_names_key_value_and_what_was_expected(
    bare: Bare, tmp_path: Path, data: dict[str, Any], words: str
) -> None:
    refuse(bare("h100"), tmp_path, "STACK-INVALID", words, **data)


def test_host_without_gpu_is_refused_and_told_of_expected_gpus(bare: Bare, tmp_path: Path) -> None:
    refuse(bare("none"), tmp_path, "NO-GPU", "expected_gpus: [h100]")


def test_host_without_gpu_is_planned_for_the_expected_one(bare: Bare, tmp_path: Path) -> None:
    with untouched(bare("none")):
        outcome = runner.run(bare("none"), tmp_path, "--dry", expected_gpus="h100:8")
    assert outcome.code == 0
    assert "GPU-EXPECTED" in outcome.said
    assert "8 × h100" in outcome.said


def test_dry_run_of_a_refused_host_fails_too(bare: Bare, tmp_path: Path) -> None:
    assert_refused(runner.run(bare("none"), tmp_path, "--dry"), "NO-GPU")


@pytest.mark.parametrize(
    ("model", "data", "code", "words"),
    [
        ("k80", {}, "GPU-KEPLER", "pytorch-2.7-cu118"),
        ("b200", {}, "GPU-118-BLACKWELL", "without: [cuda]"),
        ("v100", {"driver_flavour": "open"}, "FLAVOUR-GPU", "driver_flavour: proprietary"),
    ],
)
def test_gpu_that_the_stack_cannot_serve_is_refused_with_the_way_out(
    bare: Bare, tmp_path: Path, model: str, data: dict[str, Any], code: str, words: str
) -> None:
    refuse(bare(model), tmp_path, code, words, **data)


@contextlib.contextmanager
def mounted(host: SandboxHost, mount: str, path: str) -> Iterator[None]:
    """Something else lies over ``path`` for a while."""
    done = host.run(mount)
    assert done.returncode == 0, done.stderr
    try:
        yield
    finally:
        host.run(f"umount {path}")


def test_unsupported_distribution_is_refused_with_the_known_ones(
    bare: Bare, tmp_path: Path
) -> None:
    other = "NAME=Slackware\\nID=slackware\\nVERSION_ID=15.0\\n"
    mount = f"printf '{other}' >/run/other && mount --bind /run/other /etc/os-release"
    with mounted(bare("h100"), mount, "/etc/os-release"):
        refuse(bare("h100"), tmp_path, "OS-UNSUPPORTED", '"slackware-15.0"', "Known: debian-12")


def test_unknown_distribution_is_placed_by_what_it_says_it_is_like(
    bare: Bare, tmp_path: Path
) -> None:
    other = "ID=amzn\\nID_LIKE=fedora\\nVERSION_ID=2023\\n"
    mount = f"printf '{other}' >/run/other && mount --bind /run/other /etc/os-release"
    with mounted(bare("h100"), mount, "/etc/os-release"):
        words = ("Amazon Linux 2023", "Nearest is RHEL 9", "ID_LIKE=fedora", "--os rhel-9")
        refuse(bare("h100"), tmp_path, "OS-UNSUPPORTED", *words)


def test_repository_with_a_key_that_nobody_knows_is_refused(bare: Bare, tmp_path: Path) -> None:
    other = "NAME=RHEL\\nID=rhel\\nID_LIKE=fedora\\nVERSION_ID=10.0\\n"
    mount = f"printf '{other}' >/run/other && mount --bind /run/other /etc/os-release"
    with mounted(bare("h100"), mount, "/etc/os-release"):
        told = ("CDF6BA43.pub", "--os rhel-9")
        refuse(bare("h100"), tmp_path, "REPO-KEY-UNKNOWN", *told, driver_origin="nvidia")


def test_distribution_that_is_only_planned_is_refused(bare: Bare, tmp_path: Path) -> None:
    other = "ID=ubuntu\\nID_LIKE=debian\\nVERSION_ID=22.04\\n"
    mount = f"printf '{other}' >/run/other && mount --bind /run/other /etc/os-release"
    with mounted(bare("v100"), mount, "/etc/os-release"):
        own = {"driver_origin": "ubuntu", "driver_branch": "470", "without": ["cuda", "torch"]}
        refuse(bare("v100"), tmp_path, "PLAN-ONLY", "does not install it on", **own)


def test_stack_without_a_lock_is_refused_with_the_wheel_whose_digest_is_missing(
    bare: Bare, tmp_path: Path
) -> None:
    wheel = "torch-2.3.1+cu118-cp311-cp311-linux_x86_64.whl"
    stack = "pytorch-2.3-cu118-cudnn8"
    refuse(bare("h100"), tmp_path, "LOCK-MISSING", wheel, stack=stack)


def test_small_disk_is_refused_with_the_numbers(bare: Bare, tmp_path: Path) -> None:
    with mounted(bare("h100"), "mount -t tmpfs -o size=3g gpuwright-test /opt", "/opt"):
        refuse(
            bare("h100"),
            tmp_path,
            "DISK-SMALL",
            "the disk of /opt is too small",
            "3,072 MiB are free on gpuwright-test; needed are ",
            "1,024 MiB of headroom",
        )


def test_user_without_sudo_is_refused_with_sudos_own_words(bare: Bare, tmp_path: Path) -> None:
    refuse(
        bare("h100"),
        tmp_path,
        "NO-ROOT",
        "sudo: a password is required",
        "nosudo ALL=(ALL) NOPASSWD: ALL",
        ssh_user="nosudo",
    )


def test_refused_host_does_not_stop_the_others(bare: Bare, tmp_path: Path) -> None:
    good, bad = bare("h100"), bare("none")
    data = {host.name: runner.host_data(host) for host in (good, bad)}
    runner.inventory(tmp_path, **data)
    outcome = runner.wait(runner.start(tmp_path, "--dry"), tmp_path)
    assert f"{bad.name}: verdict REFUSED" in outcome.said
    assert f"{good.name}: verdict PLANNED" in outcome.said
    assert outcome.code == 1


def test_plan_of_a_bare_host_is_told_as_json_and_touches_nothing(
    bare: Bare, tmp_path: Path
) -> None:
    host = bare("h100")
    with untouched(host):
        outcome = runner.run(host, tmp_path, "--data", "format=json", deploy=PLAN)
    assert outcome.code == 0, outcome.said
    (told,) = [line for line in outcome.said.splitlines() if line.startswith('{"verdict"')]
    answer = json.loads(told)
    assert answer["verdict"] == "plan"
    (of_host,) = answer["hosts"].values()
    assert of_host["plan"]["torch"]["version"] == "2.9.1"
    assert of_host["facts"]["os"] == "debian-12"


def test_host_that_cannot_be_planned_ends_with_two(bare: Bare, tmp_path: Path) -> None:
    host = bare("h100")
    with untouched(host):
        outcome = runner.run(host, tmp_path, deploy=PLAN, driver_branch="9999")
    assert outcome.code == 2, outcome.said
    assert "DRIVER-NONE" in outcome.said
    assert "Traceback" not in outcome.said
