"""The program on the host: tries with pauses, a reboot in between, one verdict in the end."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasks.pull.onhost import __main__ as program
from tasks.pull.onhost import files, source

TOLD: dict[str, Any] = {
    "archive": {"from": "/g", "sha256": "0" * 64, "size": 1},
    "data": {"stack": "s", "lock_wait": "7", "mirrors": {"pypi": "https://m"}},
    "deploys": ["gpu_host"],
    "tries": 4,
    "pause_s": 30,
    "most_pause_s": 100,
    "reboots": 2,
    "network_wait_s": 1,
    "webhook": "",
    "verdict_file": "",
}


@dataclass
class Machine:
    """A host on which runs end as they are told to."""

    folder: Path
    runs: list[Any] = field(default_factory=list)
    """How each ends: an exit status, causes of a reboot, or trouble before it."""
    pauses: list[float] = field(default_factory=list)
    reboots: int = 0
    told: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

    def boot(self, *words: str, **told: Any) -> int:
        (files.HERE / "settings.json").write_text(json.dumps({**TOLD, **told}))
        return program.main(list(words))

    def record(self, verdict: str, **more: Any) -> None:
        said = {"verdict": verdict, "time": "9", "proof": "none (x)", "stack": "s", **more}
        files.RECORD.write_text(json.dumps(said))

    @property
    def verdict(self) -> dict[str, Any]:
        return files.mapping(files.STATE / "verdict.json")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    for name in ("HERE", "STATE", "RUN"):
        monkeypatch.setattr(files, name, tmp_path / name)
        (tmp_path / name).mkdir()
    monkeypatch.setattr(files, "RECORD", tmp_path / "record")
    monkeypatch.setattr(files, "OWN_DATA", tmp_path / "own")
    monkeypatch.setattr(program, "MACHINE", (str(tmp_path / "machine-id"),))
    monkeypatch.setattr(program, "BOOT", tmp_path / "boot")
    (tmp_path / "boot").write_text("one\n")

    def fetched(archive: dict[str, Any]) -> Path:
        if made.runs and isinstance(made.runs[0], str):
            raise source.Trouble(made.runs.pop(0))
        return tmp_path

    def run(words: list[str], **more: Any) -> subprocess.CompletedProcess[bytes]:
        if words[0] == "systemctl":
            made.reboots += 1
            (tmp_path / "boot").write_text(f"boot {made.reboots}\n")
            return subprocess.CompletedProcess(words, 0)
        made.data = json.loads(Path(more["env"]["GPUWRIGHT_HOST_DATA"]).read_text())
        end = made.runs.pop(0)
        if isinstance(end, list):
            (files.RUN / "reboot").write_text("\n".join(end))
            end = 1
        return subprocess.CompletedProcess(words, end)

    monkeypatch.setattr(program.source, "network", lambda address, limit: None)
    monkeypatch.setattr(program.source, "fetched", fetched)
    monkeypatch.setattr(program.source, "environment", lambda *words: tmp_path / "python")
    monkeypatch.setattr(program.subprocess, "run", run)
    monkeypatch.setattr(program.time, "sleep", made.pauses.append)
    monkeypatch.setattr(program.telling, "_post", lambda address, body: made.told.append(address))
    return made


@pytest.mark.parametrize(("verdict", "code"), [("OK", 0), ("WARN", 1)])
def test_done_is_done_until_it_is_asked_for_again(
    machine: Machine, verdict: str, code: int
) -> None:
    machine.record(verdict)
    machine.runs = [0]
    assert machine.boot() == code
    assert (machine.verdict["verdict"], machine.verdict["done"]) == (verdict, True)
    assert machine.boot() == code  # no run is left: it would raise
    assert machine.boot("--again") == 0
    machine.runs = [0]
    assert machine.boot() == code and machine.runs == []


@pytest.mark.parametrize("what", ["another machine", "other settings"])
def test_image_of_a_machine_that_is_done_is_not(machine: Machine, what: str) -> None:
    machine.record("OK")
    machine.runs = [0, 0]
    machine.boot()
    more: dict[str, Any] = {"data": {}} if what == "other settings" else {}
    if what == "another machine":
        (machine.folder / "machine-id").write_text("other")
    machine.boot(**more)
    assert machine.runs == []


def test_failures_are_tried_again_after_growing_pauses_and_given_up(machine: Machine) -> None:
    machine.runs = ["no network", 1, 1, 1]
    assert machine.boot() == 3
    assert machine.pauses == [30, 60, 100]
    assert machine.verdict["done"] is False
    assert machine.verdict["why"].startswith("given up after 4 tries: gpu_host ended with 1")
    machine.record("OK")
    machine.runs = [0]
    assert machine.boot() == 0  # another start, another count


def test_verdict_of_an_earlier_run_is_not_told_as_this_one_s(machine: Machine) -> None:
    machine.record("CRITICAL", time="2000-01-01T00:00:00Z")
    machine.runs = [1, 1, 1, 1]
    assert machine.boot() == 3
    machine.record("CRITICAL")
    machine.runs = [1, 1, 1, 1]
    assert machine.boot() == 2


def test_it_reboots_where_the_run_asks_and_goes_on_where_it_was(machine: Machine) -> None:
    machine.runs = [1, ["D8"]]
    assert machine.boot() == 0
    assert (machine.reboots, machine.verdict) == (1, {})
    machine.record("OK")
    machine.runs = [0]
    assert machine.boot() == 0
    assert (files.RUN / "rebooted-for").read_text() == "D8\n"
    assert (machine.verdict["reboots"], machine.verdict["tries"]) == (1, 2)


def test_reboots_have_an_end(machine: Machine) -> None:
    for _ in range(2):
        machine.runs = [["D8"]]
        machine.boot()
    machine.runs = [["D8"]] * 4
    assert machine.boot() == 3
    assert machine.reboots == 2


def test_boot_that_was_not_ours_begins_from_the_start(machine: Machine) -> None:
    (files.STATE / "progress.json").write_text(
        json.dumps({"tries": 3, "machine": program.machine(TOLD), "boot": "zero"})
    )
    machine.record("OK")
    machine.runs = [0]
    machine.boot()
    assert machine.verdict["tries"] == 1


def test_data_of_the_image_win_over_user_data(machine: Machine) -> None:
    (machine.folder / "own").write_text(
        '{"proxy": "http://u:p@x:1", "stack": "t", "webhook": "https://w"}'
    )
    machine.record("OK")
    machine.runs = [0]
    machine.boot()
    assert machine.data == {**TOLD["data"], "proxy": "http://u:p@x:1", "stack": "t"}
    assert machine.told == ["https://w"]


def test_container_host_has_its_own_verdict_and_the_worst_counts(machine: Machine) -> None:
    machine.record("OK", containers={"verdict": "WARN", "time": "9", "proof": "none (c)"})
    machine.runs = [0, 0]
    assert machine.boot(deploys=["gpu_host", "container_host"]) == 1
    assert machine.verdict["proof"] == "none (c)"


def test_missing_settings_and_odd_records_are_unknown(machine: Machine) -> None:
    assert program.main([]) == 3
    for odd in ("[", "[]", '{"verdict": ["OK"]}', "\0"):
        files.RECORD.write_text(odd)
        machine.runs = [0]
        assert machine.boot() == 3
        assert machine.verdict["verdict"] == "UNKNOWN"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (None, [""]),
        ("china", [""]),
        ({"pypi": "https://m/simple"}, ["https://m/simple"]),
        ({"pypi": ["https://a/simple", "upstream"]}, ["https://a/simple", ""]),
        ({"pypi": ["tuna", 7, None]}, [""]),
        ({"nvidia": "https://m/repos"}, [""]),
    ],
)
def test_indexes_are_what_host_data_say_in_their_order(said: object, found: list[str]) -> None:
    assert program.indexes({"mirrors": said}) == found


def test_next_index_is_tried_where_one_does_not_have_all(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried: list[str] = []

    def environment(folder: Path, index: str, *_: object) -> Path:
        tried.append(index)
        if index:
            raise source.Trouble("the environment is not whole")
        return tmp_path / "python"

    monkeypatch.setattr(program.source, "environment", environment)
    machine.record("OK")
    machine.runs = [0]
    assert machine.boot(data={"mirrors": {"pypi": ["https://a/simple", "upstream"]}}) == 0
    assert tried == ["https://a/simple", ""]
