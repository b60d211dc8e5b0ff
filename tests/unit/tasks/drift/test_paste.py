"""What is pasted into a bug report names nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.drift import paste
from tasks.drift.reading import Component, Reading, Seen
from tests.unit.tasks.drift.a_fleet import host

SECRETS = {
    "UUID GPU-5f2a0c1e-1b2c-4d3e-8f90-0123456789ab": "0123456789ab",
    "root=UUID=0a1b2c3d-1111-2222-3333-444455556666": "444455556666",
    "link 0c:42:a1:7f:00:01 up": "0c:42:a1:7f:00:01",
    "at 10.20.30.40 now": "10.20.30.40",
    "at fe80:0:0:1:2:3:4:5 now": "fe80",
    "https://mirror.corp.example/simple": "corp.example",
    "Serial Number: 1652421004711": "1652421004711",
    "in /home/ana/venv": "ana",
    "node-17.corp.example says": "node-17",
    "node-17 says": "node-17",
}


@pytest.mark.parametrize(("words", "secret"), SECRETS.items())
def test_names_serial_numbers_and_addresses_are_masked(words: str, secret: str) -> None:
    reading = replace(
        host("node-17.corp.example", kernel_policy=Component(words)),
        proof=words,
        next_boot_why=words,
        facts={"topology": f"GPU0\n{words}", "kernel command line": words},
        findings=(Seen("D1", "WARN", words, words),),
    )
    text = paste.text([reading])
    assert secret not in text
    assert text.startswith("host-1:\n")


def test_versions_are_no_addresses_and_stay() -> None:
    text = paste.text([host("gpu1", driver=Component("580.95.05"), cuDNN=Component("9.10.2.21"))])
    assert "580.95.05" in text
    assert "9.10.2.21" in text


def test_what_collect_env_lacks_is_there() -> None:
    text = paste.text([host("gpu1")])
    for words in ("nvidia-nccl-cu12 2.27.5", "ECC on", "holds:", "NV18", "kernel of the next boot"):
        assert words in text


def test_host_that_was_never_read_says_why() -> None:
    silent = Reading("gpu1", answered=False, why="gpu1 could not be reached")
    assert paste.text([silent]) == "host-1:\n  not read: host-1 could not be reached\n"
