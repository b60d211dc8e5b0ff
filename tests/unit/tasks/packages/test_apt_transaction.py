"""What a transaction may do to packages that are there: judged before it is made.

The scripts run for real, with a stand-in for apt that answers with a recorded simulation.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.packages import apt, apt_transaction
from tasks.packages.transaction import Installation, Transaction
from tasks.steps import before

NEW = "Inst libnvidia-compute-580 (580.178.04-1ubuntu1 NVIDIA CUDA:mirror.example.org [amd64])"
UPGRADE = "Inst nvidia-utils-580 [580.159.04-1ubuntu1] (580.178.04-1ubuntu1 NVIDIA CUDA:x [amd64])"
LIBC = "Inst libc6 [2.35-1] (2.35-2 Ubuntu:22.04/jammy-updates [amd64])"
KERNEL = "Inst linux-image-5.15.0-161-generic (5.15.0-161.171 Ubuntu:22.04/jammy-updates [amd64])"
OLD = "Remv nvidia-utils-535 [535.309.01-0ubuntu1]"
HELD = "E: Unable to correct problems, you have held broken packages."


class Apt:
    """An apt whose simulations say this; the real installation is noted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        trial = 'case "$*" in *" -s "*gcc) : ;; *" -s "*) cat said ;; esac'
        self.says("apt-get", f'echo "$*" >>calls; {trial}')
        self.says("apt-mark", "cat held 2>/dev/null")
        self.says("apt-cache", "echo $2:")
        self.says("dpkg", 'case "$1" in --compare-versions) [ "$3" = ">=" ] ;; esac')
        self.says("dpkg-query", ":")

    def says(self, name: str, script: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def install(
        self, transaction: Transaction, *simulation: str, first: str = ":"
    ) -> tuple[int, str]:
        """Install nvidia-utils-580 within the move's limits; gives status and output."""
        (self.folder / "said").write_text("".join(f"{line}\n" for line in simulation))
        script = apt.install(
            Installation(["nvidia-utils-580=580.178.04-*"], transaction=transaction, first=first)
        )
        done = subprocess.run(
            ["sh", "-euc", script.replace(before.STATE, f"{self.folder}/state")],
            cwd=self.folder,
            env={"PATH": f"{self.folder}/bin:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    @property
    def installed(self) -> str:
        """The call that was no simulation."""
        calls = (self.folder / "calls").read_text().splitlines()
        return next((c for c in calls if " -s " not in c), "")


@pytest.fixture
def machine(tmp_path: Path) -> Apt:
    return Apt(tmp_path)


SET = Transaction(
    ours=("nvidia-*", "libnvidia-*"), goes=("nvidia-utils-535",), prerequisites=("gcc",)
)


def test_new_packages_upgrades_of_the_set_and_what_goes_are_allowed(machine: Apt) -> None:
    code, said = machine.install(SET, NEW, UPGRADE, OLD)
    assert code == 0, said
    assert machine.installed.endswith("nvidia-utils-580=580.178.04-*")


def test_package_that_goes_and_would_stay_is_told_to_go(machine: Apt) -> None:
    code, _ = machine.install(SET, NEW)
    assert code == 0
    assert machine.installed.endswith(" nvidia-utils-535-")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Remv precious [1.0]", "precious would be removed"),
        ("Inst precious [1.0] (2.0 X:1 [amd64])", "precious [1.0] would be moved"),
        (KERNEL, "linux-image-5.15.0-161-generic would change the kernel"),
        ("Remv libnvidia-cfg1-580:i386 [580.1]", "libnvidia-cfg1-580 would be removed"),
    ],
)
def test_everything_else_is_refused_by_its_name(machine: Apt, line: str, words: str) -> None:
    code, said = machine.install(SET, NEW, line)
    assert code == 1
    assert words in said
    assert "Nothing was changed" in said
    assert machine.installed == ""


def test_what_headers_and_compilers_need_may_come_up_to_date(machine: Apt) -> None:
    """A cloud image is older than its archive: libc6-dev brings the libc6 of its own version."""
    answers = 'case "$*" in *" -s "*gcc*) cat needs-said;; *" -s "*) cat said;; esac'
    machine.says("apt-get", f'echo "$*" >>calls; {answers}')
    (machine.folder / "needs-said").write_text(LIBC + "\n")
    code, said = machine.install(SET, NEW, LIBC)
    assert code == 0, said
    assert "comes up to date: libc6 [2.35-1]" in said


def test_hold_of_others_is_not_passed_over(machine: Apt) -> None:
    (machine.folder / "held").write_text("libc6\n")
    code, said = machine.install(SET, NEW, LIBC)
    assert code == 1
    assert "libc6 is held: apt-mark unhold libc6" in said


@pytest.mark.parametrize(
    ("announced", "code"),
    [("5.15.0-161-generic", 0), ("5.15.0-160-generic", 1), ("", 1)],
)
def test_only_the_kernel_that_was_announced_may_come(
    machine: Apt, announced: str, code: int
) -> None:
    (machine.folder / "headers").write_text("linux-headers-generic\nlinux-image-generic\n")
    found, said = machine.install(replace(SET, kernel=announced), NEW, KERNEL)
    assert found == code, said


def test_unsolvable_transaction_names_holds_and_pins_in_its_way(machine: Apt) -> None:
    refusal = f"echo ' nvidia-utils-580 : Depends: libc6 (>= 3)'; echo '{HELD}' >&2"
    machine.says("apt-get", f'echo "$*" >>calls; {refusal}; exit 100')
    (machine.folder / "held").write_text("libc6\nnvidia-utils-580\n")
    code, said = machine.install(SET)
    assert code == 100
    assert HELD in said
    assert "libc6 is held" in said
    assert "nvidia-utils-580 is held" not in said, "holds of the set are left aside"
    assert machine.installed == ""


def test_package_of_others_that_needs_another_version_is_named(machine: Apt) -> None:
    """Apt itself speaks only of the set, and of "held broken packages"."""
    machine.says("apt-get", f'echo "$*" >>calls; echo "{HELD}" >&2; exit 100')
    machine.says("apt-cache", "echo $3; echo 'Reverse Depends:'; echo '  monitor'; echo ' |viewer'")
    machine.says(
        "dpkg-query",
        'case "$*" in *monitor) echo ", libc6, libnvidia-ml1 (<< 570)" ;; '
        '*viewer) echo ", libnvidia-ml1:amd64 (>= 450)" ;; '
        "*) echo libc6; echo libnvidia-ml1 ;; esac",
    )
    (machine.folder / "held").write_text("monitor\n")
    transaction = replace(SET, pins=(("nvidia-* libnvidia-*", "580.178.04-*"),))
    code, said = machine.install(transaction)
    assert code == 100
    assert "monitor is in the way: it needs libnvidia-ml1 (<< 570)" in said
    assert "apt-mark unhold monitor" in said
    assert (
        "Take it to a version that goes with 580.178.04-1, or out: apt-get remove monitor" in said
    )
    assert "viewer" not in said


def test_what_comes_first_waits_for_the_simulation(machine: Apt) -> None:
    code, _ = machine.install(SET, NEW, "Remv precious [1.0]", first=": >begun")
    assert code == 1
    assert not (machine.folder / "begun").exists()
    code, said = machine.install(SET, NEW, first=": >begun")
    assert code == 0, said
    assert (machine.folder / "begun").exists()


def test_lists_are_read_again_where_they_do_not_have_the_version(machine: Apt) -> None:
    """They may be half a day old, and the plan was made with what is there now."""
    fails = "echo \"E: Version '580.178.04-*' for 'nvidia-utils-580' was not found\" >&2; exit 100"
    trial = f'*" -s "*) [ -e read ] || {{ {fails}; }}; cat said ;;'
    machine.says("apt-get", f'echo "$*" >>calls; case "$*" in update*) : >read ;; {trial} esac')
    code, said = machine.install(SET, NEW)
    assert code == 0, said
    assert machine.installed.startswith("update")
    calls = (machine.folder / "calls").read_text().splitlines()
    assert [c.split()[0] for c in calls if " -s " not in c] == ["update", "install"]


def test_version_that_is_not_there_is_looked_for_once(machine: Apt) -> None:
    fails = "echo \"E: Version '580.178.04-*' for 'nvidia-utils-580' was not found\" >&2; exit 100"
    machine.says("apt-get", f'echo "$*" >>calls; case "$*" in *" -s "*) {fails} ;; esac')
    code, said = machine.install(SET)
    assert code == 100
    assert "was not found" in said
    assert machine.installed.startswith("update")


def test_planned_versions_stand_before_the_hosts_own_preferences(machine: Apt) -> None:
    machine.install(Transaction(pins=(("nvidia-* libnvidia-*", "580.178.04-*"),)), NEW)
    text = (machine.folder / apt_transaction.PINS).read_text()
    assert text.startswith(
        "Package: nvidia-* libnvidia-*\nPin: version 580.178.04-*\nPin-Priority: 32767\n"
    )
    assert f"Dir::Etc::Preferences={machine.folder}/preferences" in machine.installed


def test_older_version_comes_only_where_the_move_allows_it(machine: Apt) -> None:
    machine.install(SET, NEW)
    assert "--allow-downgrades" not in machine.installed
    (machine.folder / "calls").unlink()
    machine.install(Transaction(ours=("nvidia-*",), back=True), NEW)
    assert "--allow-downgrades" in machine.installed


@pytest.mark.parametrize(
    ("patterns", "name", "matches"),
    [
        (("nvidia-*",), "nvidia-utils", True),
        (("nvidia-*",), "xnvidia-utils", False),
        (("libstdc++6",), "libstdc++6", True),
        (("a.b",), "axb", False),
        ((), "anything", False),
    ],
)
def test_shell_patterns_are_the_same_to_awk(
    patterns: tuple[str, ...], name: str, matches: bool
) -> None:
    script = f'$0 ~ "{apt_transaction.expression(patterns)}"'
    done = subprocess.run(["awk", script], input=name, capture_output=True, text=True, check=True)
    assert bool(done.stdout) is matches
