"""The Vagrantfile, as Vagrant itself reads it: what its variables may say."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from sandbox.checkout import SOURCE

pytestmark = pytest.mark.skipif(
    not shutil.which("vagrant"), reason="Vagrant is missing: apt-get install vagrant"
)


def validated(**said: str) -> subprocess.CompletedProcess[str]:
    """`vagrant validate` with these variables."""
    return subprocess.run(
        ["vagrant", "validate"],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("GPUWRIGHT_VAGRANT")},
            "VAGRANT_CWD": str(SOURCE / "vagrant"),
            "VAGRANT_CHECKPOINT_DISABLE": "1",
            **{f"GPUWRIGHT_VAGRANT_{name}": value for name, value in said.items()},
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("CPUS", "0", "number from 1 to 512"),
        ("CPUS", "four", "number from 1 to 512"),
        ("MEMORY", "8X", "size from 512M to 16T"),
        ("MEMORY", "64", "size from 512M to 16T"),
        ("DISK", "-1G", "size from 1024M to 16T"),
        ("BOX", "no such file", "a name such as gpuwright/debian-12, or a file"),
        ("ACCELERATOR", "hvf", "say kvm or tcg"),
        ("GPU", "1:0", "such as 01:00.0"),
        ("GPU", "10de:2330", "such as 01:00.0"),
        ("GPU", "01:00.0,01:00.9", "such as 01:00.0"),
    ],
)
def test_value_that_cannot_be_meant_is_refused_before_anything_starts(
    name: str, value: str, wanted: str
) -> None:
    done = validated(**{name: value})
    assert done.returncode == 1
    assert f"gpuwright: GPUWRIGHT_VAGRANT_{name}=" in done.stderr
    assert wanted in done.stderr
    assert "Nothing was started." in done.stderr
    assert ".rb:" not in done.stderr


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"CPUS": "8", "MEMORY": "16GiB", "DISK": "100 GB", "BOX": "gpuwright/debian-12"},
        {"MEMORY": "8192", "DISK": "1T", "ACCELERATOR": "TCG"},
        {"GPU": "01:00.0, 0000:01:00.1", "ACCELERATOR": "kvm"},
        {"GPU": "", "CPUS": " "},
    ],
)
def test_values_as_people_write_them(said: dict[str, str]) -> None:
    done = validated(**said)
    assert done.returncode == 0, done.stdout + done.stderr
