"""What the pages name is there: paths, modules, `make` targets, links; and the order of rooms."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tests.unit.test_house import Graph, house, inside

HOUSE = Path(__file__).parents[2]
PAGES = [*sorted(HOUSE.glob("*.md")), *sorted((HOUSE / "docs").glob("*.md"))]
CALLERS = [HOUSE / ".ci/run", HOUSE / ".github/workflows/check.yml"]
ARCHITECTURE = HOUSE / "docs/architecture.md"
FOLDERS = (
    *("stacks", "facts", "tasks", "deploys", "inventories", "image", "sandbox", "tests", "bench"),
    *("docs", "make", ".ci", ".github", "packer", "vagrant"),
)
_FOLDER = "|".join(map(re.escape, FOLDERS))
_FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Not within a longer path, and no host of pyinfra's: `/opt/gpuwright/image/…`, `@vagrant/gpu1`.
_PATH = re.compile(rf"(?<![\w/.@-])(?:{_FOLDER})/[\w./*-]*[\w/*]")
_DOTTED = re.compile(rf"(?:{_FOLDER})(?:\.[A-Za-z_]\w*)+")
_FILE = re.compile(r"\.(?:py|yaml|sh|md|txt|json)$")
_PLACEHOLDER = re.compile(r"[A-Z]{4,}")
_TARGET = re.compile(r"(?:^|&& |\|\| |run: (?:sudo )?|[$#] )make ([a-z][\w-]*)", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def code(text: str) -> list[str]:
    """What is in code blocks, and each span of code in one line."""
    spans = re.findall(r"`([^`]+)`", _FENCE.sub("", text))
    return [*_FENCE.findall(text), *(" ".join(span.split()) for span in spans)]


def missing_paths(text: str) -> list[str]:
    """Paths of the project that are not there. A word in capitals stands for a name of one's own.

    A pattern (`stacks/*.yaml`) must fit something. What git ignores is made by a run.
    """
    ignored = set((HOUSE / ".gitignore").read_text().split())
    named = {path for piece in code(text) for path in _PATH.findall(piece)}
    return sorted(
        path
        for path in named - ignored
        if not _PLACEHOLDER.search(path) and not any(HOUSE.glob(path.rstrip("/")))
    )


def missing_names(text: str) -> list[str]:
    """Modules, and things in them, that cannot be imported: `tasks.steps.step`."""

    def there(name: str) -> bool:
        try:
            pkgutil.resolve_name(name)
        except (ImportError, AttributeError):
            return False
        return True

    named = {piece for piece in code(text) if _DOTTED.fullmatch(piece) and not _FILE.search(piece)}
    return sorted(name for name in named if not there(name))


def missing_programs(text: str) -> list[str]:
    """Modules after `python -m` that cannot be run."""

    def runs(name: str) -> bool:
        try:
            spec = find_spec(name)
            package = spec is not None and spec.submodule_search_locations is not None
            return find_spec(f"{name}.__main__") is not None if package else spec is not None
        except ModuleNotFoundError:
            return False

    named = {name for piece in code(text) for name in re.findall(r"python -m ([\w.]+)", piece)}
    # A wheel has the rooms below its one name (`make/rooms.py`).
    return sorted(name for name in named if not runs(name.removeprefix("gpuwright.")))


def targets() -> set[str]:
    """Targets of the Makefile."""
    makefile = (HOUSE / "Makefile").read_text()
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE))


def missing_targets(text: str) -> list[str]:
    """Targets of `make` that the Makefile does not have."""
    named = {target for piece in code(text) for target in _TARGET.findall(piece)}
    return sorted(named - targets())


def anchors(page: Path) -> set[str]:
    """Names by which links reach the headings of a page, as the forge makes them."""
    headings = (
        re.sub(r"[^\w\- ]", "", title.lower()) for title in _HEADING.findall(page.read_text())
    )
    return {heading.strip().replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """Links to files or headings that are not there."""
    broken = []
    for path, anchor in _LINK.findall(_FENCE.sub("", page.read_text())):
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(f"{path}#{anchor}" if anchor else path)
    return broken


def row_order(page: str) -> list[str]:
    """Rooms of tasks/ in the order of the page's table of them."""
    table = page.split("## Inside tasks/", 1)[1]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([\w.]+)/?`", row.split("|")[1])]


def against_order(graph: Graph, order: list[str]) -> list[str]:
    """Imports of a room from one that is in a later row."""
    place = {name: number for number, name in enumerate(order)}
    pairs = [(a.split(".")[1], b.split(".")[1]) for a in graph for b in graph[a]]
    return sorted(
        f"{a} imports {b}" for a, b in pairs if "__init__" not in (a, b) and place[a] < place[b]
    )


CHECKS = (missing_paths, missing_names, missing_programs, missing_targets)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path, check: Callable[[str], list[str]]) -> None:
    assert check(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize(
    ("check", "text", "named"),
    [
        (
            missing_paths,
            "`tasks/none.py`, `deploys/gpu_host.py`, `deploys/MINE.py`",
            "tasks/none.py",
        ),
        (missing_paths, "```\n$ ls stacks/*.yml stacks/*.yaml /x/tasks/y\n```\n", "stacks/*.yml"),
        (missing_names, "`tasks.steps.nostep`, `tasks.steps.step`, `facts.none`", "facts.none"),
        (missing_programs, "`python -m stacks`, `python -m\ntasks list`", "tasks"),
        (missing_targets, "`make check`\n```\n$ make nothing\n```\n", "nothing"),
    ],
)
def test_what_is_not_there_is_found(
    check: Callable[[str], list[str]], text: str, named: str
) -> None:
    found = check(text)
    assert named in found
    assert set(found) <= {named, "tasks.steps.nostep"}


def test_link_to_no_file_and_to_no_heading_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A `b`: c\n[1](#a-b-c) [2](#d) [3](page.md) [4](e.md) [5](https://f/g.md)\n")
    assert broken_links(page) == ["#d", "e.md"]


@pytest.mark.parametrize("file", CALLERS, ids=lambda file: file.name)
def test_ci_calls_targets_that_there_are(file: Path) -> None:
    called = set(_TARGET.findall(re.sub(r"^\s+", "", file.read_text(), flags=re.MULTILINE)))
    assert called and called <= targets()


def test_hooks_run_what_make_check_runs() -> None:
    recipe = (HOUSE / "Makefile").read_text().split("\ncheck: env\n", 1)[1].split("\n\n", 1)[0]
    checks = {line.strip() for line in recipe.splitlines() if "pytest" not in line}
    (repository,) = yaml.safe_load((HOUSE / ".pre-commit-config.yaml").read_text())["repos"]
    entries = {hook["entry"] for hook in repository["hooks"]}
    assert repository["repo"] == "local"
    assert entries == {f".venv/bin/{check}" for check in checks} | {"make check"}


def test_readme_takes_the_environment_before_it_calls_pyinfra() -> None:
    blocks = "".join(_FENCE.findall((HOUSE / "README.md").read_text()))
    made, taken, called = (
        blocks.index(line) for line in ("$ make env", "$ . .venv/bin/activate", "$ pyinfra ")
    )
    assert made < taken < called


def test_page_of_the_architecture_names_every_contract() -> None:
    settings = (HOUSE / "pyproject.toml").read_text().split("[tool.importlinter]", 1)[1]
    names = re.findall(r'^name = "(.+)"$', settings, re.MULTILINE)
    page = " ".join(ARCHITECTURE.read_text().split())
    assert names
    assert [name for name in names if name not in page] == []


def test_page_of_the_architecture_has_every_room_of_tasks_in_an_order_that_holds() -> None:
    order = row_order(ARCHITECTURE.read_text())
    rooms = {path.stem for path in (HOUSE / "tasks").iterdir() if path.name[0] not in "_."}
    assert sorted(order) == sorted(rooms)
    assert against_order(inside(house(), "tasks"), order) == []


def test_import_from_a_later_row_is_found() -> None:
    graph = {"tasks.high": {"tasks.low"}, "tasks.low": {"tasks.high"}}
    assert row_order("## Inside tasks/\n| `low/`, `x` | y |\n| `high/` | z |\n") == [
        *("low", "x", "high"),
    ]
    assert against_order(graph, ["low", "high"]) == ["low imports high"]
