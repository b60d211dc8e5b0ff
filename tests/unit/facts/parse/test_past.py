"""Who moved which package, by three logs; kept results; and the script that brings them."""

from __future__ import annotations

import subprocess

import pytest

from facts.parse.past import past
from facts.parse.sections import ProbeError
from facts.past import script
from facts.past_model import Move

APT = """\
Start-Date: 2026-11-24  06:12:33
Commandline: /usr/bin/unattended-upgrade
Upgrade: libcuda1:amd64 (580.95.05-1, 580.105.08-1), vim:amd64 (9.0, 9.1)
Start-Date: 2026-11-25  10:00:00
Commandline: apt-get install nvidia-smi
Requested-By: ana (1000)
Install: nvidia-smi:amd64 (580.105.08-1, automatic)
Remove: docker.io:amd64 (26.1)"""
DPKG = """\
2026-11-24 06:12:40 upgrade libcuda1:amd64 580.95.05-1 580.105.08-1
2026-11-26 01:00:00 install linux-image-6.1.0-56-amd64:amd64 <none> 6.1.147-1
2026-11-26 02:00:00 remove vim:amd64 9.1 <none>"""
RPM = """\
2026-11-24T06:12:33+0100 SUBDEBUG Upgrade: kmod-nvidia-open-dkms-3:580.105.08-1.el9.noarch
2026-11-24T06:12:39+0100 SUBDEBUG Upgraded: kmod-nvidia-open-dkms-3:580.95.05-1.el9.noarch
2026-11-25T06:12:39+0100 SUBDEBUG Erase: nvidia-driver-3:580.105.08-1.el9.x86_64"""
COMMANDS = "2026-11-24T06:10:00+0100 DDEBUG Command: dnf -y upgrade"


def answer(**parts: str) -> list[str]:
    """A whole answer."""
    lines = ["##gpuwright-probe 1 n", "##n results"]
    for name in ("verify", "benchmark"):
        lines += [f"##n @{name}", *parts.get(name, "").split("\n")]
    lines += ["##n moves"]
    for name in ("zone", "apt", "dpkg", "dnf", "dnf_commands"):
        lines += [f"##n @{name}", *parts.get(name, "").split("\n")]
    lines += ["##n machine", "##n @cpu", parts.get("cpu", ""), "##n @topology"]
    return [*lines, parts.get("topology", ""), "##n end"]


def test_log_of_apt_says_when_in_utc_and_who() -> None:
    found = past(answer(zone="+0100", apt=APT)).moves
    who = "apt-get install nvidia-smi (ana)"
    assert found == (
        Move(
            *("2026-11-24T05:12:33Z", "libcuda1", "580.95.05-1", "580.105.08-1"),
            "unattended-upgrades",
        ),
        Move("2026-11-25T09:00:00Z", "nvidia-smi", None, "580.105.08-1", who),
        Move("2026-11-25T09:00:00Z", "docker.io", "26.1", None, who),
    )


def test_log_of_dpkg_tells_what_apt_does_not_know() -> None:
    found = past(answer(zone="+0000", apt=APT, dpkg=DPKG)).moves
    assert [m.package for m in found if m.by == "dpkg"] == ["linux-image-6.1.0-56-amd64"]


def test_log_of_dnf_says_when_and_by_which_command() -> None:
    first, second = past(answer(dnf=RPM, dnf_commands=COMMANDS)).moves
    name, old, new = "kmod-nvidia-open-dkms", "3:580.95.05-1.el9", "3:580.105.08-1.el9"
    assert first == Move("2026-11-24T05:12:33Z", name, old, new, "dnf -y upgrade")
    assert (second.package, second.after, second.by) == ("nvidia-driver", None, "dnf")


@pytest.mark.parametrize(
    "log",
    [
        "Start-Date: 9999-99-99  06:12:33\nUpgrade: libcuda1:amd64 (1, 2)",
        "Upgrade: libcuda1:amd64 (1, 2)",
        "Start-Date: 2026-11-24  06:12:33\nUpgrade: (((, )))",
        "\x1b]52;c;x",
    ],
)
def test_line_of_no_such_format_is_passed_over(log: str) -> None:
    assert past(answer(zone="+9999", apt=log, dpkg=log, dnf=log, dnf_commands=log)).moves == ()


def test_kept_result_that_is_no_object_is_told_as_unread() -> None:
    found = past(answer(verify='{"verdict": "OK"}', benchmark="[1]"))
    assert found.verify == {"verdict": "OK"}
    assert (found.benchmark, found.unread) == (
        None,
        {"benchmark": "benchmark.json holds no JSON object"},
    )
    deep = past(answer(verify="[" * 5000))
    assert deep.verify is None
    assert "verify" in deep.unread


def test_half_an_answer_is_refused() -> None:
    with pytest.raises(ProbeError):
        past(answer(apt=APT)[:-1])


def test_script_brings_a_whole_answer_from_this_machine() -> None:
    done = subprocess.run(["sh", "-s"], input=script(), capture_output=True, text=True, check=True)
    assert past(done.stdout.splitlines()).cpu is not None
