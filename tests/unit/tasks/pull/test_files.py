"""What is laid on a host that provisions itself."""

from __future__ import annotations

import ast
import json
import sys

import pytest

from tasks.pull import files
from tasks.pull.onhost import files as onhost
from tests.plain_shell import assert_plain

PULL = files.Pull(
    place="https://f.example.org/g.tar.xz",
    sha256="0" * 64,
    size=7,
    data={"stack": "pytorch-2.9"},
    deploys=("gpu_host",),
    webhook="https://hooks.example.org/x",
)


def laid(path: str) -> files.Laid:
    return next(file for file in files.laid(PULL) if file.path.endswith(path))


def test_settings_are_for_root_alone() -> None:
    assert laid("settings.json").mode == 0o600
    assert json.loads(laid("settings.json").body) == PULL.settings


def test_every_file_lies_where_only_root_writes() -> None:
    folders = (f"{onhost.HERE}/", "/etc/systemd/system/")
    assert all(file.path.startswith(folders) for file in files.laid(PULL))


def test_no_target_waits_for_the_unit_s_end() -> None:
    """The last stage of cloud-init comes after that target, and the deploy waits for it."""
    unit = laid(files.UNIT).body.decode()
    assert "\nType=simple\n" in unit and "\nRemainAfterExit=yes\n" in unit
    assert "cloud" not in unit.replace("# Not oneshot", "").split("[Service]")[0]


def test_start_is_plain_shell() -> None:
    assert_plain(laid("/start").body.decode())


def test_archive_is_laid_only_where_it_is_carried() -> None:
    assert not any(file.path == "/x" for file in files.laid(PULL))
    carried = files.Pull(
        place="/x", sha256="", size=1, data={}, deploys=("gpu_host",), carried=b"\xff"
    )
    assert files.laid(carried)[-1] == files.Laid("/x", b"\xff")


@pytest.mark.parametrize(
    "file",
    [f for f in files.laid(PULL) if f.path.endswith(".py")],
    ids=lambda f: f.path.rsplit("/", 1)[-1],
)
def test_program_is_python_that_old_systems_read_and_needs_nothing_of_others(
    file: files.Laid,
) -> None:
    tree = ast.parse(file.body, feature_version=(3, 8))
    found = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.level)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
        )
    }
    assert found <= sys.stdlib_module_names
