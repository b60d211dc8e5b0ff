"""The examples of docs/ci.md: they can be read as what they are, and name what there is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.layout import CURRENT
from tasks.python.selftest import NAME
from tasks.recipe.recipe import PROGRAMS

PAGE = (Path(__file__).parents[2] / "docs/ci.md").read_text()
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def jobs() -> list[dict[str, Any]]:
    """Each job of both forges."""
    return [job for one in EXAMPLES for job in one.get("jobs", one).values()]


def commands() -> list[str]:
    """Each command of each job."""
    github = [step.get("run") for job in jobs() for step in job.get("steps", ())]
    gitlab = [line for job in jobs() for line in job.get("script", ())]
    return [command for command in (*github, *gitlab) if command]


def test_both_forges_have_a_job_in_the_image_and_one_on_a_runner_of_one_s_own() -> None:
    of_github = [job for job in jobs() if "runs-on" in job]
    of_gitlab = [job for job in jobs() if "script" in job]
    assert ["self-hosted" in job["runs-on"] for job in of_github] == [False, True]
    assert ["gpu" in job.get("tags", ()) for job in of_gitlab] == [False, True]
    assert all({"steps"} <= set(job) for job in of_github)


def test_image_is_named_so_that_it_never_moves() -> None:
    named = re.findall(r"registry\.example\.org:5000/team/pytorch-cuda:(\S+)", PAGE)
    assert len(named) == 3
    assert all(re.fullmatch(r"v2\.9-[0-9a-f]{12}", tag) for tag in named)


@pytest.mark.parametrize("command", commands())
def test_command_is_shell(command: str) -> None:
    subprocess.run(["sh", "-n"], input=command, text=True, check=True)


def test_programs_of_ours_are_those_that_there_are() -> None:
    assert f"{CURRENT}/bin/{NAME}" in commands()
    assert "selftest" in commands() and "selftest" in PROGRAMS
