"""Each module of some size has a test of its name in the mirrored place, or is named here.

``tasks/cuda/toolkit.py`` is tested by ``tests/unit/tasks/cuda/test_toolkit.py``: who changes one of
them finds the other without a search.
"""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

from tests.unit import trees

HOUSE = Path(__file__).parents[2]
UNIT = HOUSE / "tests/unit"
ROOMS = ("tasks", "stacks", "facts", "gpuwright", "sandbox", "vagrant")
MOST_LINES = 40
"""Lines inside functions, docstrings and comments aside, that a module may have without a test."""

JUDGED_BY: dict[str, tuple[str, ...]] = {
    # Many rules, one answer: the rules are judged by what is resolved, diagnosed or found in the
    # end, and not by how they share it out among themselves.
    "stacks/rules/test_containers": (
        "stacks/rules/container_repositories",
        "stacks/rules/engines",
        "stacks/rules/injection",
    ),
    "stacks/rules/test_cuda": ("stacks/rules/cudnn",),
    "stacks/rules/test_driver": (
        "stacks/rules/driver_refusals",
        "stacks/rules/fabric",
        "stacks/rules/gpu",
        "stacks/rules/kernel",
    ),
    "stacks/rules/test_jetson": ("stacks/rules/jetson_torch", "stacks/rules/jetson_ways"),
    "stacks/rules/test_torch": ("stacks/rules/torch_requests",),
    "stacks/test_command_line": ("stacks/explain/arguments",),
    "stacks/test_resolve_image": ("stacks/rules/image",),
    "tasks/doctor/test_tree": ("tasks/doctor/*_rules", "tasks/health/*"),
    "tasks/verify/test_comparison": ("tasks/driver/findings",),
    "tasks/guard/test_policy": ("tasks/guard/kernel_guard", "tasks/guard/kernel_holds"),
    "tasks/packages/test_dnf": ("tasks/packages/dnf_transaction",),
    "tasks/repair/test_repair_plan": (
        "tasks/repair/means",
        "tasks/repair/obstacles",
        "tasks/repair/wording",
    ),
    "tasks/host/test_plans": ("tasks/host/resolution",),
    # By way of real runs of pyinfra over stand-in hosts.
    "gpuwright/roll/test_command": (
        "gpuwright/roll/asking",
        "gpuwright/roll/listening",
    ),
    # Words and data by way of what reads them.
    "stacks/catalog/test_read": ("stacks/catalog/decode",),
    "stacks/explain/test_grid": ("stacks/explain/lines", "stacks/explain/words"),
    "tasks/hostdata/test_table": ("tasks/hostdata/image", "tasks/hostdata/reading"),
    "facts/parse/test_grub": ("facts/parse/kernels",),
    "facts/parse/test_machine": ("facts/parse/system",),
    "facts/parse/test_toolkits": ("facts/parse/interpreters",),
    "facts/test_program": ("facts/onhost/*", "facts/parse/answers"),
    "tasks/bundle/test_supply": ("tasks/bundle/bundle_conflicts",),
    "tasks/containers/test_cdi_state": ("tasks/containers/findings", "tasks/containers/proof"),
    "tasks/host/test_mirror_opening": ("tasks/mirrors/standing",),
    "tasks/image/test_image_opening": ("tasks/recipe/conflicts",),
    "tasks/image/test_work": ("facts/parse/images", "tasks/image/image_conflicts"),
    "tasks/repositories/test_components": ("tasks/repositories/archives",),
    "tasks/workspace/test_container": ("tasks/workspace/gpus",),
    "tasks/workspace/test_images": ("tasks/workspace/findings",),
    "tasks/workspace/test_service": ("tasks/workspace/placing",),
}
"""Test of another name, below ``tests/unit`` and without suffix, to modules that it judges."""

ON_HOSTS: dict[str, tuple[str, ...]] = {
    # They send what pure modules beside them decide; only real engines answer as engines do.
    "test_container_host": ("tasks/containers/cdi",),
    "test_container_host_13": ("tasks/containers/rootless",),
    "test_image": ("tasks/image/image_verdict", "tasks/image/store"),
    "test_image_ways": ("tasks/bundle/collect",),
    "test_workspace": ("tasks/workspace/workspace_verdict",),
    # They change this machine, or make what real package managers and kernels must accept.
    "test_sandbox": (
        "sandbox/clean",
        "sandbox/container/nspawn",
        "sandbox/doubles/*",
        "sandbox/hosts",
        "sandbox/lifecycle/power",
        "sandbox/local/ssh",
        "sandbox/mirror/cache",
        "sandbox/roots/*",
    ),
}
"""Test below ``tests/hosts`` to modules that nothing but a host can judge."""


def lines(text: str) -> int:
    """Lines inside the functions of a module, without docstrings, comments and empty ones."""
    functions = [n for n in trees.nodes(text) if isinstance(n, ast.FunctionDef)]
    inside = {i for node in functions for i in range(node.lineno, (node.end_lineno or 0) + 1)}
    words = [
        statement
        for node in functions
        for statement in node.body
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    ]
    said = {i for node in words for i in range(node.lineno, (node.end_lineno or 0) + 1)}
    written = {
        number
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.strip().startswith("#")
    }
    return len((inside & written) - said)


def own_test(module: str) -> Path:
    """Where the test of a module lies that is tested under its own name."""
    folder, _, name = module.rpartition("/")
    return UNIT / folder / f"test_{'command_line' if name == '__main__' else name}.py"


@cache
def of_some_size() -> dict[str, int]:
    """Modules that must have a test, and how long they are."""
    files = [file for room in ROOMS for file in (HOUSE / room).rglob("*.py")]
    found = {
        file.relative_to(HOUSE).with_suffix("").as_posix(): lines(file.read_text(encoding="utf-8"))
        for file in files
    }
    return {module: count for module, count in sorted(found.items()) if count > MOST_LINES}


def excused(module: str) -> bool:
    patterns = [p for group in (JUDGED_BY, ON_HOSTS) for listed in group.values() for p in listed]
    return any(fnmatchcase(module, pattern) for pattern in patterns)


def test_every_module_of_some_size_has_a_test_in_the_mirrored_place() -> None:
    modules = of_some_size()
    assert modules
    missing = [
        f"{module}.py ({count} lines): {own_test(module).relative_to(HOUSE)}"
        for module, count in modules.items()
        if not own_test(module).exists() and not excused(module)
    ]
    assert missing == []


def test_no_excuse_outlives_its_reason() -> None:
    without = [module for module in of_some_size() if not own_test(module).exists()]
    stale = [
        pattern
        for group in (JUDGED_BY, ON_HOSTS)
        for patterns in group.values()
        for pattern in patterns
        if not any(fnmatchcase(module, pattern) for module in without)
    ]
    assert stale == []


@pytest.mark.parametrize(
    "test",
    [*(UNIT / f"{name}.py" for name in JUDGED_BY)]
    + [*(HOUSE / f"tests/hosts/{name}.py" for name in ON_HOSTS)],
    ids=lambda path: path.stem,
)
def test_judge_that_is_named_exists(test: Path) -> None:
    assert test.is_file()


def test_no_test_lies_flat_beside_the_rooms_of_its_module() -> None:
    """A test right in the folder of a room is about a module there, or about the whole room."""
    whole = {"test_deploy_names", "test_deploys", "test_fetch", "test_templates"}
    whole |= {"test_resolve_properties", "test_resolve_remedies", "test_schedule", "test_wheel"}
    whole |= {"test_two_hosts", "test_uv_add"}
    flat = [file for room in ROOMS for file in (UNIT / room).glob("test_*.py")]
    homes = {own_test(f"{r}/{f.stem}") for r in ROOMS for f in (HOUSE / r).glob("*.py")}
    assert [file.name for file in flat if file not in homes and file.stem not in whole] == []


def test_lines_are_those_that_run() -> None:
    text = (
        '''"""Words."""\nNUMBER = 1\n\ndef one():\n    """Words."""\n    # why\n\n    return 1\n'''
    )
    assert lines(text) == 2
