"""What a virtual machine takes over at each boot."""

import os
import tarfile
from pathlib import Path

import pytest

from sandbox.vm import machine


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to other users")
def test_seed_has_keys_and_bus_but_neither_the_guests_folders_nor_its_id(tmp_path: Path) -> None:
    tree = machine.staging(tmp_path)
    (tree / "root/.ssh").mkdir(mode=0o700)
    (tree / "root/.ssh/authorized_keys").write_text("key\n")
    machine.write_seed(tmp_path, tree, ("t4",))
    with tarfile.open(tmp_path / "seed.tar") as archive:
        names = archive.getnames()
    assert {"root/.ssh", "root/.ssh/authorized_keys"} <= set(names)
    assert "run/gpuwright-sandbox/pci/0000:17:00.0/simulated" in names
    assert not {"root", "etc", "etc/machine-id"} & set(names)
