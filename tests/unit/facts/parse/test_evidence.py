"""The second look: its script runs anywhere, and its answer is read as it stands."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from facts.engine_model import CdiDevice, Node
from facts.evidence import HostEvidence, evidence_command
from facts.evidence_model import Headers, Holder, InitramfsCopy, Smi
from facts.parse.evidence import evidence
from facts.parse.sections import ProbeError
from facts.script import text

LEAST = {
    "build_logs": "",
    "kernel_log": "@uptime\n100.5\n@lines",
    "headers": "",
    "initramfs": "",
    "loading": "",
    "holders": "",
    "daemons": "",
    "packages": "@broken\n@upgrades",
    "login": "",
    "containers": "",
    "cdi": "",
}


def lines(**sections: str) -> list[str]:
    text = ["##gpuwright-probe 1 N"]
    for name, body in {**LEAST, **sections}.items():
        text.append(f"##N {name}")
        text += [f"##N {line}" if line[:1] in ("@", "!") else line for line in body.splitlines()]
    return [*text, "##N end"]


def test_script_runs_on_this_machine_and_is_read() -> None:
    done = subprocess.run(
        ["sh", "-c", evidence_command(["6.1.0-0-none"])], capture_output=True, text=True, check=True
    )
    seen = HostEvidence().process(done.stdout.splitlines())
    assert seen.uptime_s


def test_cut_off_answer_is_refused() -> None:
    with pytest.raises(ProbeError, match="cut off"):
        evidence(lines()[:-1])


def test_build_log_names_its_kernel_and_says_each_line_once() -> None:
    log = "@/var/lib/dkms/nvidia/1/build/make.log\n{}\nx.c:1: error: a\nx.c:1: error: a"
    head = "DKMS make.log for nvidia-1 for kernel 6.1.0-56-amd64 (x86_64)"
    (found,) = evidence(lines(build_logs=log.format(head))).build_logs
    assert (found.kernel, found.lines) == ("6.1.0-56-amd64", (head, "x.c:1: error: a"))


def test_kernel_log_that_cannot_be_read_is_unknown_not_empty() -> None:
    assert evidence(lines()).kernel_log == ()
    assert evidence(lines(kernel_log="!kernel_log no right")).kernel_log is None


def test_headers_that_nobody_offers_differ_from_those_nobody_asked_about() -> None:
    seen = evidence(lines(headers="a|/usr/src/gone|\nb||?\nc||6.1-1")).headers
    assert seen == {
        "a": Headers("/usr/src/gone", ""),
        "b": Headers(None, None),
        "c": Headers(None, "6.1-1"),
    }


def test_copy_in_the_initramfs() -> None:
    seen = evidence(lines(initramfs="6.1|/boot/initrd.img-6.1|usr/lib/nvidia.ko|10|yes|12"))
    assert seen.initramfs == (
        InitramfsCopy("6.1", "/boot/initrd.img-6.1", "usr/lib/nvidia.ko", 10, True, 12),
    )


def test_device_files_and_majors() -> None:
    seen = evidence(
        lines(loading="@majors\n195 nvidia\n511 nvidia-uvm\n@nodes\n/dev/nvidia-uvm|511|0|yes")
    )
    assert (seen.majors["nvidia-uvm"], seen.nodes) == (511, (Node("/dev/nvidia-uvm", 511, 0),))


def test_holder_in_a_container_carries_its_name() -> None:
    sha = "a" * 64
    seen = evidence(lines(holders=f"@names\n{sha} trainer\n@pids\n42|python|{sha}\n43|python|"))
    assert seen.holders == (Holder(42, "python", "trainer"), Holder(43, "python", None))


def test_smi_that_was_not_run_is_none() -> None:
    assert evidence(lines()).smi is None
    assert evidence(lines(daemons="@smi\nNo devices\n@smi_exit\n6")).smi == Smi(6, ("No devices",))


def test_cdi_spec_keeps_device_majors_and_what_is_missing() -> None:
    spec = (
        "@/etc/cdi/nvidia.yaml\npath|/dev/nvidia-uvm\nmajor|236\nhostPath|/usr/lib/libcuda.so.1.2\n"
        "library|/usr/lib/libnvidia-ml.so.1.3"
    )
    (found,) = evidence(lines(cdi=spec)).engine.cdi
    assert found.devices == (CdiDevice("/dev/nvidia-uvm", 236),)
    assert found.missing == ("/usr/lib/libcuda.so.1.2",)
    assert found.libraries == ("/usr/lib/libnvidia-ml.so.1.3",)


def test_docker_behind_a_snap_is_seen() -> None:
    assert evidence(lines(containers="@docker\n/usr/bin/snap\n/snap/bin/docker")).engine.snap
    assert not evidence(lines(containers="@docker\n/usr/bin/docker\n/usr/bin/docker")).engine.snap


def test_script_keeps_what_the_password_of_an_address_is_to_itself(tmp_path: Path) -> None:
    script = text("frame", "theirs", "engines", "evidence").replace("/etc/docker", str(tmp_path))
    (tmp_path / "daemon.json").write_text('{"proxies": {"http-proxy": "http://me:pw@p/"}}')
    done = subprocess.run(
        ["sh", "-s"], input=script, capture_output=True, text=True, check=True
    ).stdout
    assert "http://HIDDEN@p/" in done
    assert "me:pw" not in done
