"""Shell for dnf: what it refuses to do, and how streams and headers are chosen.

The scripts run for real, with stand-ins for dnf and rpm on the path; the tables are dnf's own, from
a sandbox host.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.packages import dnf, dnf_transaction
from tasks.packages.transaction import Installation, Transaction
from tests.unit.tasks.packages.test_apt import Machine

HEAD = """\
Dependencies resolved.
================================================================================
 Package                 Arch   Version                  Repository        Size
================================================================================
"""
TAIL = """
Transaction Summary
================================================================================
Install  2 Packages

Operation aborted.
"""
COMES = """\
Installing:
 kernel-devel            x86_64 5.14.0-427.16.1.el9_4    appstream        785 k
 nvidia-driver-cuda      x86_64 3:580.178.04-1.el9       gpuwright-nvidia 6.8 k
Installing dependencies:
 a-package-with-a-name-that-takes-a-line-of-its-own
                         noarch 3.0.10-1.el9             epel              37 k
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    found = Machine(tmp_path)
    found.write("rpm", "exit 1\n")
    return found


def install(
    machine: Machine, table: str, transaction: Transaction | None = None, headers_need: str = ""
) -> tuple[int, str, list[str]]:
    """Exit status, output, and the calls of dnf.

    Args:
        machine: Where.
        table: What dnf would do for the whole transaction.
        transaction: What is allowed.
        headers_need: What it would do for the headers alone.
    """
    (machine.folder / "whole-table").write_text(HEAD + table + TAIL)
    (machine.folder / "needs-table").write_text(HEAD + headers_need + TAIL)
    machine.write(
        "dnf",
        'echo "$*" >>"$LOG"\n'
        'case "$*" in *nvidia-driver*) which=whole ;; *) which=needs ;; esac\n'
        f'case "$*" in *--assumeno*) cat {machine.folder}/$which-table; exit 1 ;; esac\n',
    )
    names = ["nvidia-driver-cuda-580.178.04-*"]
    done = machine.run(
        dnf.install(Installation(names, more="kernel-devel", transaction=transaction))
    )
    return done.returncode, done.stdout, (machine.folder / "calls").read_text().splitlines()


def test_new_packages_come(machine: Machine) -> None:
    code, said, calls = install(machine, COMES, Transaction(ours=("nvidia-*",)))
    assert code == 0, said
    assert [("--assumeno" in call) for call in calls] == [True, False]
    assert "nvidia-driver-cuda-580.178.04-* kernel-devel" in calls[-1]


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (
            "Removing dependent packages:\n firefox  x86_64 1-1 @appstream 1 k\n",
            "firefox would be removed",
        ),
        (
            "Installing:\n new  x86_64 1-1 baseos 1 k\n     replacing  firefox.x86_64 1-1\n",
            "firefox would be removed",
        ),
        (
            "Installing dependencies:\n kernel-core x86_64 5.14.0-500 baseos 1 k\n",
            "kernel-core would change the kernel",
        ),
        ("Upgrading:\n glibc x86_64 2.34-100 baseos 1 k\n", "glibc would be moved"),
        ("Downgrading:\n glibc x86_64 2.34-50 baseos 1 k\n", "glibc would be put back"),
        (
            "Downgrading:\n nvidia-driver-cuda x86_64 3:570-1 nvidia 1 k\n",
            "nvidia-driver-cuda would be put back",
        ),
    ],
)
def test_transaction_that_does_more_is_refused_before_anything_changes(
    machine: Machine, table: str, complaint: str
) -> None:
    code, said, calls = install(machine, table, Transaction(ours=("nvidia-*",)))
    assert code == 1
    assert f"  {complaint}" in said
    assert "Nothing was changed" in said
    assert all("--assumeno" in call for call in calls)


def test_without_limits_an_upgrade_is_allowed_and_a_removal_is_not(machine: Machine) -> None:
    assert install(machine, "Upgrading:\n glibc x86_64 2.34-100 baseos 1 k\n")[0] == 0
    assert install(machine, "Removing:\n glibc x86_64 2.34-100 baseos 1 k\n")[0] == 1


def test_own_set_may_move_and_go_back_when_asked(machine: Machine) -> None:
    table = "Downgrading:\n nvidia-driver-cuda x86_64 3:570-1 nvidia 1 k\n"
    assert install(machine, table, Transaction(ours=("nvidia-*",), back=True))[0] == 0


def test_what_the_headers_need_may_come_up_to_date(machine: Machine) -> None:
    table = "Upgrading:\n glibc x86_64 2.34-100 baseos 1 k\n"
    code, said, calls = install(machine, table, Transaction(ours=("nvidia-*",)), headers_need=table)
    assert code == 0, said
    assert "with them comes up to date: glibc" in said
    assert "--assumeno" not in calls[-1]


def test_package_that_must_go_may_go(machine: Machine) -> None:
    table = "Removing dependent packages:\n kmod-old x86_64 1-1 @nvidia 1 k\n"
    code, said, calls = install(machine, table, Transaction(ours=("nvidia-*",), goes=("kmod-old",)))
    assert code == 0, said
    assert "--allowerasing" in calls[-1]


def test_package_that_did_not_give_way_is_taken_out_afterwards(machine: Machine) -> None:
    machine.write("rpm", "exit 0\n")
    code, said, calls = install(
        machine, COMES, Transaction(ours=("nvidia-*",), goes=("nvidia-old",))
    )
    assert code == 0, said
    assert calls[-1].startswith("remove ") and calls[-1].endswith(" nvidia-old")


def test_package_of_the_set_that_somebody_locked_is_named(machine: Machine) -> None:
    locks = machine.folder / "locks"
    locks.write_text(
        "nvidia-driver-cuda-3:570-1.*\n# gpuwright: begin (x)\nlibnvidia-ml-3:570-1.*\n"
        "# gpuwright: end\n"
    )
    table = (
        "Upgrading:\n nvidia-driver-cuda x86_64 3:580-1 n 1 k\n libnvidia-ml x86_64 3:580-1 n 1 k\n"
    )
    (machine.folder / "table").write_text(HEAD + table + TAIL)
    machine.write("dnf", f"cat {machine.folder}/table; exit 1\n")
    transaction = Transaction(ours=("nvidia-*", "libnvidia-*"))
    script = dnf_transaction.simulation(transaction, "nvidia-driver-cuda", "", "")
    done = machine.run(script.replace(dnf_transaction.LOCKS, str(locks)))
    assert done.returncode == 1
    assert "dnf versionlock delete nvidia-driver-cuda" in done.stdout
    assert "libnvidia-ml is locked" not in done.stdout


def test_dnf_that_fails_is_not_taken_for_a_plan(machine: Machine) -> None:
    machine.write("dnf", "echo 'Error: Unable to find a match: nonsense'; exit 1\n")
    done = machine.run(dnf.install(Installation(["nonsense"])))
    assert done.returncode == 1
    assert "Unable to find a match" in done.stdout


def test_lists_are_read_again_before_a_package_is_called_unknown(machine: Machine) -> None:
    machine.write(
        "dnf",
        'echo "$*" >>"$LOG"\ncase "$*" in\n'
        "*--refresh*) echo 'Operation aborted.'; exit 1 ;;\n"
        "*--assumeno*) echo 'No match for argument: new'; exit 1 ;;\nesac\n",
    )
    done = machine.run(dnf.install(Installation(["new"])))
    assert done.returncode == 0, done.stdout
    calls = (machine.folder / "calls").read_text().splitlines()
    assert [("--refresh" in c, "--assumeno" in c) for c in calls] == [
        (False, True),
        (True, True),
        (False, False),
    ]


def test_stream_of_another_branch_is_reset_first(machine: Machine) -> None:
    machine.says("dnf")
    script = dnf.stream("nvidia-driver:580-open", {"nvidia-driver": "570-open"})
    assert machine.run(script).returncode == 0
    calls = (machine.folder / "calls").read_text().splitlines()
    assert [" ".join(call.split()[1:3]) for call in calls] == ["module reset", "module enable"]
    assert calls[1].endswith(" nvidia-driver:580-open")


@pytest.mark.parametrize("enabled", [{"nvidia-driver": "580-open"}, {}])
def test_stream_that_is_right_or_not_planned_is_left_alone(enabled: dict[str, str]) -> None:
    assert dnf.stream("nvidia-driver:580-open" if enabled else "", enabled) == ":"


def test_stream_comes_back_if_the_transaction_fails(machine: Machine) -> None:
    modules = machine.folder / "modules.d"
    modules.mkdir()
    file = modules / "nvidia-driver.module"
    file.write_text("stream=570-open\n")
    machine.write("dnf", f'case "$*" in *enable*) echo stream=580-open >{file} ;; esac\n')
    script = dnf_transaction.stream("nvidia-driver:580-open", "570-open", "")
    script = script.replace("/etc/dnf/modules.d", str(modules))
    assert machine.run(script + "\nfalse").returncode == 1
    assert file.read_text() == "stream=570-open\n"
    assert machine.run(script).returncode == 0
    assert file.read_text() == "stream=580-open\n"


def headers(machine: Machine, offered: str, *coming: str) -> list[str]:
    machine.write("dnf", f'case "$*" in *{offered}*) echo found ;; esac\n')
    kernels = ["5.14.0-427.13.1.el9_4.x86_64", "5.14.0-427.16.1.el9_4.x86_64"]
    done = machine.run(dnf.kernel_headers(kernels, [*coming, "kernel-devel"]))
    assert done.returncode == 0, done.stdout
    return (machine.folder / "headers").read_text().split()


def test_headers_come_for_each_kernel(machine: Machine) -> None:
    assert headers(machine, "kernel-devel") == [
        "kernel-devel-5.14.0-427.13.1.el9_4.x86_64",
        "kernel-devel-5.14.0-427.16.1.el9_4.x86_64",
    ]


def test_kernel_whose_headers_are_gone_brings_no_other_kernel(machine: Machine) -> None:
    assert headers(machine, "427.16.1") == ["kernel-devel-5.14.0-427.16.1.el9_4.x86_64"]


def test_kernel_that_was_announced_comes_with_its_headers(machine: Machine) -> None:
    assert headers(machine, "427.16.1", "kernel") == [
        "kernel",
        "kernel-devel",
        "kernel-devel-5.14.0-427.16.1.el9_4.x86_64",
    ]


def test_only_a_kernel_that_was_announced_may_come(machine: Machine) -> None:
    table = "Installing dependencies:\n kernel-core x86_64 5.14.0-500 baseos 1 k\n"
    assert install(machine, table, Transaction(ours=("nvidia-*",)))[0] == 1
    announced = Transaction(ours=("nvidia-*",), kernel="5.14.0-500.x86_64")
    assert install(machine, table, announced)[0] == 0


def test_doubles_go_and_nothing_that_needs_them(machine: Machine) -> None:
    machine.write("rpm", "printf 'glibc\nglibc\nkernel\nkernel\nbash\n'\n")
    for row, code in ((" glibc x86_64 2.34-1 @baseos 1 k\n", 0), (" acme x86_64 1 @acme 1 k\n", 1)):
        table = HEAD + "Removing:\n" + row + TAIL
        (machine.folder / "table").write_text(table)
        machine.write("dnf", f'echo "$*" >>"$LOG"; cat {machine.folder}/table\n')
        done = machine.run(dnf.repaired(("nvidia-*",)))
        assert done.returncode == code, done.stdout
    assert "acme would be removed" in done.stdout
    assert "--assumeno" in machine.calls[-1]
