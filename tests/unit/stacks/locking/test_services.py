"""Locks of what images have beside PyTorch: nothing twice, nothing that PyTorch's lock forbids."""

from __future__ import annotations

import re
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from stacks.catalog.read import FOLDER
from stacks.load import load_stack
from stacks.locking import services as workspace_lock
from stacks.locking import torch as lock
from tests.unit.stacks.hosts import CATALOG
from tests.unit.stacks.locking.test_torch import a_wheel

STACK = load_stack("pytorch-2.9")
TORCH = lock.Target("2.9.1", "cu128", "3.11", "x86_64")
DIGESTS = tuple(digit * 64 for digit in "012")
SHIPPED = sorted(path.name for path in (FOLDER / "locks").glob("workspace-*.txt"))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_lock_has_nothing_that_its_torch_lock_has(name: str) -> None:
    torch = CATALOG.locks[name.removeprefix("workspace-")]
    services = CATALOG.locks[name]
    assert services.packages
    assert not set(services.packages) & set(torch.packages)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_lock_has_the_services_of_the_catalogue(name: str) -> None:
    packages = CATALOG.locks[name].packages
    for service, version in CATALOG.image.services.rows.items():
        assert packages[service] == version


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_lock_names_the_torch_lock_that_it_goes_with(name: str) -> None:
    text = (FOLDER / "locks" / name).read_text()
    assert f"goes with {name.removeprefix('workspace-')};" in text.splitlines()[2]


def test_the_default_image_is_locked() -> None:
    assert "workspace-torch-2.9.1-cu128-cp311-x86_64.txt" in SHIPPED


def test_a_lock_is_asked_for_with_pytorch_s_pins_and_without_pytorch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[str, str] = {}

    def run(command: list[str], *, input: str, **_: Any) -> CompletedProcess[str]:
        if "--format=pylock.toml" in command:
            return CompletedProcess(command, 0, "".join(map(a_wheel, "jlt", DIGESTS)), "")
        (path,) = (w.partition("=")[2] for w in command if w.startswith("--constraints="))
        seen.update(asked=input, pins=Path(path).read_text())
        pins = ("jinja2==3.1.6", "jupyterlab==4.6.6", "Typing_Extensions==4.16.0")
        both = zip(pins, DIGESTS, strict=True)
        answer = "".join(f"{pin} \\\n    --hash=sha256:{digest}\n" for pin, digest in both)
        return CompletedProcess(command, 0, answer, "")

    monkeypatch.setattr("stacks.locking.torch.subprocess.run", run)
    text = workspace_lock.make(workspace_lock.Target(TORCH), STACK, CATALOG)
    assert "torch" not in seen["asked"] and "jupyterlab==" in seen["asked"]
    assert "torch==2.9.1\n" in seen["pins"] and "numpy==" in seen["pins"]
    assert re.findall(r"^(\S+)==", text, re.MULTILINE) == ["jupyterlab"]
    assert DIGESTS[1] in text and DIGESTS[2] not in text


def test_without_its_torch_lock_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(lock.LockError, match=r"torch-2\.9\.1-cu128-cp311-x86_64\.txt"):
        workspace_lock.make(workspace_lock.Target(TORCH), STACK, CATALOG, tmp_path)


def test_only_pythons_of_base_images_are_locked() -> None:
    torch = lock.targets(STACK, CATALOG, variants=("cu128",))
    pythons = {target.torch.python for target in workspace_lock.targets(torch, CATALOG)}
    assert pythons == {"3.10", "3.11", "3.12", "3.13", "3.14"}
