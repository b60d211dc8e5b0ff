"""Making apt whole takes nothing of others away. For real, with stand-ins for apt and dpkg."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.packages import apt
from tests.unit.tasks.packages.test_apt import Machine

OURS = ("nvidia-*", "libnvidia-*")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine where dpkg is whole and apt has nothing to do."""
    (tmp_path / "bin").mkdir()
    found = Machine(tmp_path)
    for command in ("apt-get", "apt-cache", "dpkg", "dpkg-query", "sleep"):
        found.says(command)
    return found


def simulates(machine: Machine, *lines: str) -> None:
    """``apt-get -s`` prints these lines."""
    told = "\n".join(lines)
    machine.write(
        "apt-get",
        f'echo "apt-get $*" >>"$LOG"\ncase " $* " in *\' -s \'*) cat <<\'END\'\n{told}\nEND\n'
        ";; esac\n",
    )


def fixed(machine: Machine) -> bool:
    """Whether ``--fix-broken install`` was run, and not only tried."""
    calls = machine.called("apt-get")
    return any("--fix-broken" in call and " -s " not in call for call in calls)


def test_repair_without_harm_is_made(machine: Machine) -> None:
    simulates(machine, "Inst libacme (1.0 acme [amd64])", "Conf acme (1.0)")
    assert machine.run(apt.repaired(OURS)).returncode == 0
    assert fixed(machine)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("Remv acme-agent [1.0]", "acme-agent would be removed"),
        ("Remv acme-agent:i386 [1.0]", "acme-agent would be removed"),
        ("Inst libc6 [2.36] (2.37 Debian)", "libc6 [2.36] would be moved"),
        ("Inst linux-image-6.1.0-99-amd64 (6.1 Debian)", "would change the kernel"),
        ("Remv my-nvidia-tools [1.0]", "my-nvidia-tools would be removed"),
    ],
)
def test_repair_that_would_touch_what_is_not_ours_is_refused_and_named(
    machine: Machine, line: str, complaint: str
) -> None:
    simulates(machine, line)
    done = machine.run(apt.repaired(OURS))
    assert done.returncode == 1
    assert complaint in done.stdout
    assert not fixed(machine)


def test_own_half_installed_parts_may_go_and_move(machine: Machine) -> None:
    simulates(machine, "Remv libnvidia-ml1 [535]", "Inst nvidia-smi [535] (550 x)")
    assert machine.run(apt.repaired(OURS)).returncode == 0
    assert fixed(machine)


def test_without_a_set_nothing_may_go(machine: Machine) -> None:
    simulates(machine, "Remv libnvidia-ml1 [535]")
    assert machine.run(apt.repaired()).returncode == 1
    assert not fixed(machine)


def test_broken_package_itself_may_come_in_another_version(machine: Machine) -> None:
    machine.write("dpkg-query", "printf 'ii |bash|1\\niU |acme|1\\n' | cut -d'|' -f1,2\n")
    simulates(machine, "Inst acme [1.0] (1.1 acme)")
    assert machine.run(apt.repaired(OURS)).returncode == 0


def cut_off(machine: Machine, name: str, version: str, offered: str) -> None:
    """The package must be unpacked again; the sources have it in these versions."""
    machine.write("dpkg-query", f"printf 'ii |bash|5\\niHR|{name}|{version}\\n'\n")
    rows = "".join(
        f" {name} | {one} | http://a.example stable/main Packages\\n" for one in offered.split()
    )
    machine.write("apt-cache", f"printf '{rows}'\n")
    machine.write(
        "apt-get",
        'echo "apt-get $*" >>"$LOG"\ncase " $* " in *" download "*) : >a.deb ;; esac\n',
    )


def test_package_cut_off_while_unpacking_is_fetched_and_unpacked_again(machine: Machine) -> None:
    cut_off(machine, "less", "590-2", "600-1 590-2")
    done = machine.run(apt.repaired(OURS))
    assert done.returncode == 0, done.stdout
    assert machine.called("apt-get download")[0].endswith(" less=590-2")
    assert machine.called("dpkg --unpack")


def test_stranger_whose_version_is_gone_is_left_and_both_ways_out_are_told(
    machine: Machine,
) -> None:
    cut_off(machine, "less", "590-2", "600-1")
    done = machine.run(apt.repaired(OURS))
    assert done.returncode == 1
    assert "apt-get download less=600-1" in done.stdout
    assert "dpkg --remove --force-remove-reinstreq less" in done.stdout
    assert not machine.called("dpkg --unpack")


def test_own_part_whose_version_is_gone_comes_in_the_newest(machine: Machine) -> None:
    cut_off(machine, "nvidia-smi", "535.1-1", "550.1-1 540.1-1")
    assert machine.run(apt.repaired(OURS)).returncode == 0
    assert machine.called("apt-get download")[0].endswith(" nvidia-smi=550.1-1")


def test_apt_that_finds_no_way_ends_the_job_in_its_words(machine: Machine) -> None:
    machine.write("apt-get", 'echo "E: Unmet dependencies." >&2; exit 100\n')
    done = machine.run(apt.repaired(OURS))
    assert done.returncode == 1
    assert "E: Unmet dependencies." in done.stdout
