"""The records on a host: what is read of them, what is written, and the page that tells of them."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from tasks.steps.record import (
    UNSAID,
    AcceptanceCode,
    AcceptanceReading,
    AcceptanceRecord,
    Containers,
    HostRecord,
    ImageRecord,
    Part,
    PastImage,
    Reboots,
    SelfTest,
    TorchImport,
    Unsaid,
    Versions,
    WorkspaceRecord,
    as_data,
    read,
    record_script,
)

OLD: dict[str, Any] = {
    "tool": "gpuwright 0.1.0",
    "stack": "pytorch-2.9",
    "environments": ["/opt/gpuwright/envs/a"],
    "torch": {"key": {"boot": "b", "driver": None}, "version": "2.9.1", "cuda": None},
    "versions": {"driver": "535.1", "driver_origin": None, "next_boot_ready": False},
    "containers": {"verdict": "OK", "key": None, "versions": {"engine": "Docker 20.10"}},
}
PAGE = Path("docs/record.md").read_text()
SECTIONS: dict[str, type[Part]] = {
    "/var/lib/gpuwright/state.json": HostRecord,
    "torch": TorchImport,
    "versions": Versions,
    "reboots": Reboots,
    "containers": Containers,
    "/var/lib/gpuwright/image.json": ImageRecord,
    "selftest": SelfTest,
    "/var/lib/gpuwright/verify.json": AcceptanceRecord,
    "codes": AcceptanceCode,
    "readings": AcceptanceReading,
    "record.json": WorkspaceRecord,
    "images": PastImage,
}


def sent(record: Part) -> str:
    """The text that the writer sends."""
    match = re.search(r"printf %s (\S+) \|", record_script("/x/y.json", record))
    assert match is not None
    return base64.b64decode(match[1]).decode()


@pytest.mark.parametrize("noted", [{}, OLD, {**OLD, "torch": {}}])
def test_record_of_before_is_written_back_byte_by_byte(noted: dict[str, Any]) -> None:
    text = json.dumps(noted, indent=2, sort_keys=True) + "\n"
    assert sent(read(HostRecord, json.loads(text))) == text


def test_null_and_a_key_that_is_not_there_are_two_things() -> None:
    versions = read(HostRecord, OLD).versions
    assert versions and versions.driver_origin is None and versions.cuda is UNSAID
    assert not versions.cuda, "both are false"


def test_what_is_read_has_its_type() -> None:
    record = read(HostRecord, OLD)
    assert record.environments == ("/opt/gpuwright/envs/a",)
    assert record.torch and record.torch.key == {"boot": "b", "driver": None}
    assert record.containers and record.containers.verdict == "OK"


def test_key_of_a_newer_release_stays_wherever_it_is() -> None:
    newer = {**OLD, "fleet": [1], "others": 2, "versions": {"firmware": "95.02"}}
    assert as_data(replace(read(HostRecord, newer), verdict="OK")) == {**newer, "verdict": "OK"}


@pytest.mark.parametrize(
    ("kind", "noted", "left"),
    [
        (HostRecord, {"stack": 7, "plan": None, "environments": "a", "tool": "x"}, {"tool": "x"}),
        (HostRecord, {"torch": [], "versions": 3, "containers": "x"}, {}),
        (HostRecord, {"environments": ["a", 3, None]}, {"environments": ["a"]}),
        (HostRecord, {"versions": {"next_boot_ready": "yes", "cuda": []}}, {"versions": {}}),
        (ImageRecord, {"history": {"a": 1}, "depends_on": [], "selftest": None}, {}),
        (WorkspaceRecord, {"images": [3, {"id": "i"}]}, {"images": [{"id": "i"}]}),
        (AcceptanceRecord, {"version": True, "at": 3, "codes": {}, "readings": None}, {}),
        (AcceptanceRecord, {"version": 1.5, "verdict": "OK"}, {"verdict": "OK"}),
        (
            AcceptanceRecord,
            {"readings": [{"value": "7", "metric": "x"}, 3, {"value": 7}, {"value": True}]},
            {"readings": [{"metric": "x"}, {"value": 7}, {}]},
        ),
        (AcceptanceReading, {"value": float("nan")}, {}),
        (AcceptanceReading, {"value": 1e400}, {}),
        (AcceptanceReading, {"value": 10**400}, {}),
    ],
)
def test_wrong_type_counts_as_not_there(
    kind: type[Part], noted: dict[str, Any], left: dict[str, Any]
) -> None:
    assert as_data(read(kind, noted)) == left


def test_host_without_a_record_has_an_empty_one() -> None:
    assert read(HostRecord, None) == HostRecord() and as_data(HostRecord()) == {}


def test_record_takes_its_place_whole_and_readable(tmp_path: Path) -> None:
    path = tmp_path / "lib" / "state.json"
    for record in (HostRecord(stack="a"), HostRecord(stack="b")):
        subprocess.run(["sh", "-c", record_script(str(path), record)], check=True)
    assert json.loads(path.read_text()) == {"stack": "b"}
    assert path.stat().st_mode & 0o777 == 0o644
    assert [file.name for file in path.parent.iterdir()] == ["state.json"]


def test_page_tells_of_each_key_with_its_type() -> None:
    on_page = {name: dict(_rows(text)) for name, text in _sections()}
    assert on_page == {name: _keys(kind) for name, kind in SECTIONS.items()}


def test_page_says_of_each_key_what_it_means_and_who_writes_it() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
    assert rows and all(len(row) == 4 and all(row) for row in rows)


def test_every_writer_on_the_page_is_a_deploy() -> None:
    for name in set(re.findall(r"`(\w+\.py)`", PAGE)):
        assert Path("deploys", name).is_file(), name


def _sections() -> Iterator[tuple[str, str]]:
    for part in re.split(r"^##+ ", PAGE, flags=re.M)[1:]:
        yield part.split("`")[1], part


def _rows(text: str) -> Iterator[tuple[str, str]]:
    yield from re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.M)


def _keys(kind: type[Part]) -> dict[str, str]:
    hints = get_type_hints(kind)
    return {f.name: _words(hints[f.name]) for f in fields(kind) if f.name != "others"}


def _words(hint: Any) -> str:
    """The type of a field in the words of the page."""
    names: dict[Any, str] = {str: "text", bool: "true, false", type(None): "null"}
    names |= {int: "whole number", float: "number"}
    words = []
    for form in get_args(hint):
        if get_origin(form) is tuple:
            of = get_args(form)[0]
            words.append("list of texts" if of is str else "list of objects")
        elif get_origin(form) is Mapping or (isinstance(form, type) and issubclass(form, Part)):
            words.append("object")
        elif form is not Unsaid:
            words.append(names[form])
    return " or ".join(words)
