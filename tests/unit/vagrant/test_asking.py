"""What Vagrant is asked, and what becomes of its failures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.vagrant.fake import Vagrant
from vagrant import asking
from vagrant.asking import VagrantError


def test_machine_that_is_off_hides_no_other(fake: Vagrant) -> None:
    fake.has(gpu1="running", gpu2="shutoff", gpu3="not_created")
    found = asking.machines()
    assert [*found.access] == ["gpu1"]
    assert found.access["gpu1"].keys == (str(fake.project / "gpu1 key"),)
    assert found.absence("gpu1") == ""
    assert found.absence("gpu2") == "gpu2 is off: vagrant up gpu2"
    assert fake.asked() == [
        f"{fake.project} status --machine-readable",
        f"{fake.project} ssh-config gpu1",
    ]


def test_machine_without_an_address_yet_hides_no_other(fake: Vagrant) -> None:
    fake.has(gpu1="running", gpu2="running", gpu3="running")
    (fake.folder / "ssh-config-gpu2").unlink()
    found = asking.machines()
    assert [*found.access] == ["gpu1", "gpu3"]
    assert "tells no address of it yet: vagrant ssh-config gpu2" in found.absence("gpu2")


def test_several_machines_are_asked_for_at_once(fake: Vagrant) -> None:
    fake.has(gpu1="running", gpu2="running", gpu3="running")
    assert [*asking.machines(["gpu1", "gpu3"]).access] == ["gpu1", "gpu3"]
    assert fake.asked()[1:] == [f"{fake.project} ssh-config gpu1 gpu3"]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo '1,,error-exit,Some::Error,There is a syntax error.'; exit 1", "a syntax error."),
        ("echo 'gpuwright: GPUWRIGHT_VAGRANT_CPUS=0: no' >&2; exit 1", "GPUWRIGHT_VAGRANT_CPUS=0"),
        ("exit 3", "no reason"),
        ("echo only noise", "names no machine"),
    ],
)
def test_failure_is_told_with_a_command_that_shows_all_of_it(
    fake: Vagrant, script: str, said: str
) -> None:
    (fake.folder / "bin/vagrant").write_text(f"#!/bin/sh\n{script}\n")
    with pytest.raises(VagrantError) as error:
        asking.machines()
    assert said in str(error.value)
    assert f"VAGRANT_CWD='{fake.project}' vagrant status" in str(error.value)


def test_missing_vagrant_is_told_with_its_packages(fake: Vagrant) -> None:
    (fake.folder / "bin/vagrant").unlink()
    with pytest.raises(VagrantError, match=r"cannot be started .*apt-get install vagrant"):
        asking.machines()


def test_vagrant_that_hangs_is_ended(fake: Vagrant, monkeypatch: pytest.MonkeyPatch) -> None:
    (fake.folder / "bin/vagrant").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(asking, "LIMIT_S", 0.2)
    with pytest.raises(VagrantError, match="did not answer within"):
        asking.machines()


def test_host_data_beside_the_vagrantfile_or_in_the_current_folder(fake: Vagrant) -> None:
    fake.has(gpu1="running")
    (fake.project / "@vagrant.json").write_text('{"data": {"gpu1": {"stack": "a"}}}')
    assert asking.machines().options.data == {"gpu1": {"stack": "a"}}
    (fake.folder / "@vagrant.json").write_text('{"data": {"gpu1": {"stack": "b"}}}')
    assert asking.machines().options.data == {"gpu1": {"stack": "b"}}
    (fake.folder / "@vagrant.json").write_text('{"data": {"gpu": {}}}')
    with pytest.raises(VagrantError, match=r"@vagrant.json: 'gpu' is no machine in data; 'gpu1'"):
        asking.machines()


@pytest.mark.parametrize(
    ("environment", "has", "found"),
    [
        ({}, (), asking.OURS),
        ({}, ("Vagrantfile",), Path()),
        ({"VAGRANT_VAGRANTFILE": "Lab"}, ("Vagrantfile",), asking.OURS),
        ({"VAGRANT_VAGRANTFILE": "Lab"}, ("Lab",), Path()),
        ({"VAGRANT_CWD": "there"}, ("Vagrantfile",), Path("there")),
        ({"VAGRANT_CWD": "/far"}, ("Vagrantfile",), Path("/far")),
    ],
)
def test_folder_of_the_vagrantfile(
    tmp_path: Path, environment: dict[str, str], has: tuple[str, ...], found: Path
) -> None:
    for name in has:
        (tmp_path / name).touch()
    assert asking.folder(tmp_path, environment) == tmp_path / found
