"""What a wheel has in place of the checkout's files, by their text."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from make import rooms
from tests.unit import trees

HOUSE = Path(__file__).parents[3]
FILES = rooms.files(HOUSE)
MODULES = [name for name in FILES if name.suffix == ".py"]


@cache
def packed(name: Path) -> str:
    """What a wheel has of a file."""
    return rooms.text(name, (HOUSE / name).read_text("utf-8"))


def sent(name: Path) -> bool:
    return any(name.is_relative_to(folder) for folder in rooms.SENT)


@cache
def imported(name: Path) -> frozenset[str]:
    """Every module that a file of a wheel imports by its whole name, wherever the import stands."""
    found = set[str]()
    for node in trees.nodes(packed(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("from tasks.x import y\n", "from gpuwright.tasks.x import y\n"),
        ("from tasks import x as y\n", "from gpuwright.tasks import x as y\n"),
        ("from  tasks . x import y\n", "from  gpuwright.tasks . x import y\n"),
        ("from \\\n  facts import (\n  a,\n)\n", "from \\\n  gpuwright.facts import (\n  a,\n)\n"),
        ("é = 1; from stacks import a\n", "é = 1; from gpuwright.stacks import a\n"),
        ("import stacks\n", "from gpuwright import stacks\n"),
        ("import os, stacks\n", "import os; from gpuwright import stacks\n"),
        ("import stacks.load as s\n", "import gpuwright.stacks.load as s\n"),
        ("import facts as f\n", "import gpuwright.facts as f\n"),
        ("import tasks.x\n", "import gpuwright.tasks.x; from gpuwright import tasks\n"),
        ("def f():\n    import image\n", "def f():\n    from gpuwright import image\n"),
        ("from . import tasks\n", "from . import tasks\n"),
        ("from gpuwright.tasks import x\n", "from gpuwright.tasks import x\n"),
        ("import tasksetter, images\n", "import tasksetter, images\n"),
        ("tasks = 'from tasks import x'\n", "tasks = 'from tasks import x'\n"),
        ("x = 'run: python -m stacks list'\n", "x = 'run: python -m gpuwright.stacks list'\n"),
        ("x = f'{1} python -m stacks {2}'\n", "x = f'{1} python -m gpuwright.stacks {2}'\n"),
        ("# python -m tasks.workspace\n", "# python -m gpuwright.tasks.workspace\n"),
        ("x = 'python -m venv'\n", "x = 'python -m venv'\n"),
        (
            "'fact facts.gpu.Gpus facts.a.B'\n",
            "'fact gpuwright.facts.gpu.Gpus gpuwright.facts.a.B'\n",
        ),
        ("x = 'the facts. Then'\n", "x = 'the facts. Then'\n"),
    ],
)
def test_imports_and_words_of_commands_name_the_rooms_below_the_package(
    said: str, wanted: str
) -> None:
    assert rooms.module(said) == wanted
    assert rooms.module(wanted) == wanted


def test_script_puts_no_folder_on_python_s_path() -> None:
    said = "import sys\n\nsys.path.insert(\n    0, 'x'\n)\n\nfrom tasks import x\n"
    wanted = "import sys\n\npass\n\nfrom gpuwright.tasks import x\n"
    assert rooms.module(said, script=True) == wanted
    assert "sys.path" in rooms.module(said)


def test_checkout_has_modules_and_programs_for_hosts() -> None:
    assert len(MODULES) > 400
    assert sum(map(sent, FILES)) > 10


def test_no_room_is_imported_by_its_own_name() -> None:
    own = (*rooms.ROOMS, "sandbox", "make", "tests", "bench")
    left = {
        str(name): [module for module in imported(name) if module.split(".")[0] in own]
        for name in MODULES
        if not sent(name)
    }
    assert {name: modules for name, modules in left.items() if modules} == {}


def test_program_for_hosts_is_as_it_is() -> None:
    for name in filter(sent, FILES):
        text = (HOUSE / name).read_text("utf-8")
        assert rooms.text(name, text) == text


def test_program_for_hosts_is_imported_by_no_module_of_the_controller() -> None:
    inside = tuple(f"gpuwright.{folder.replace('/', '.')}" for folder in rooms.SENT)
    assert [str(n) for n in MODULES if any(m.startswith(inside) for m in imported(n))] == []


def test_only_what_people_read_and_python_runs_is_changed() -> None:
    changed = {name.suffix for name in FILES if packed(name) != (HOUSE / name).read_text("utf-8")}
    assert changed == {".py", ".yaml"}


def test_no_command_names_a_room_that_is_not_there() -> None:
    texts = {n: (HOUSE / n).read_text("utf-8") for n in FILES if n.suffix in (".py", ".yaml")}
    assert sum("python -m stacks" in text for text in texts.values()) > 10
    for name in texts:
        if not sent(name):
            assert "-m stacks" not in packed(name) and "-m tasks" not in packed(name), name


def test_changing_twice_changes_no_more() -> None:
    for name in MODULES[::7]:
        assert rooms.text(name, packed(name)) == packed(name)


def test_lines_keep_their_numbers() -> None:
    for name in MODULES[::7]:
        text = (HOUSE / name).read_text("utf-8")
        if name.parts[0] not in rooms.SCRIPTS:
            assert packed(name).count("\n") == text.count("\n")
