"""What a host should be like, written down and read back."""

import dataclasses
import json

from sandbox.spec import HostSpec, differs, from_record


def test_spec_survives_its_record() -> None:
    spec = HostSpec("a", gpus=("h100",), vm=True, memory_mib=2048, secure_boot=True, disk_of="b")
    assert from_record(json.loads(json.dumps(dataclasses.asdict(spec)))) == spec


def test_record_of_before_there_were_machines_is_a_container() -> None:
    assert not from_record({"name": "a", "gpus": []}).vm


def test_container_and_machine_of_one_name_differ() -> None:
    assert "vm is False, asked for True" in differs(HostSpec("a"), HostSpec("a", vm=True))
