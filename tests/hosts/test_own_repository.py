"""A team's own repository: a wheel is installed, `gpuwright init` lays it out, a host becomes OK.

One bare Debian 12 host. The team's stack is a driver alone, so that no PyTorch is fetched.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.hosts import HostSpec, SandboxHost
from tests.hosts import runner
from tests.hosts.able import needs_hosts
from tests.unit.gpuwright.a_release import Installed, release

pytestmark = needs_hosts()

STACK = "summary: our driver, and nothing else\ndriver: {origin: debian}\n"
GROUP_DATA = """from pathlib import Path as _Path

stack = str(_Path(__file__).resolve().parents[2] / "stacks/our.yaml")
"""


@dataclass(frozen=True)
class Team:
    """The repository, and what it is used with."""

    package: Installed
    folder: Path
    host: SandboxHost

    def pyinfra(self, deploy: str, *words: str) -> tuple[dict[str, Any], str]:
        """Run a deploy of the repository, called elsewhere; gives its JSON and what it told."""
        inventory = self.folder / "inventories/lab.py"
        done = subprocess.run(
            [str(self.package.python), "-m", "pyinfra", "--json", "-y", *words]
            + [str(inventory), str(self.folder / "deploys" / deploy)],
            cwd="/",
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "160"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout)), done.stderr


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """An empty folder, laid out, with one host and a stack of its own."""
    place = tmp_path_factory.mktemp("a team")
    package = release(place / "release")
    package.run("init", "our lab", "--no-lock", cwd=place)
    folder = place / "our lab"
    host = hosts.up(HostSpec("own-repository", gpus=("h100",)), fresh=True)
    runner.inventory(folder, **{host.name: runner.host_data(host)}).rename(
        folder / "inventories/lab.py"
    )
    (folder / "stacks/our.yaml").write_text(STACK)
    (folder / "inventories/group_data/all.py").write_text(GROUP_DATA)
    yield Team(package, folder, host)
    host.down()


def test_bare_host_becomes_what_the_team_s_stack_says_and_a_second_run_changes_nothing(
    team: Team,
) -> None:
    first, told = team.pyinfra("our_host.py")
    assert "own-repository: verdict OK" in told
    changed = {row["name"] for row in first["results"]["operations"] if row["success"]}
    assert {"NVIDIA driver and kernel headers", "Welcome text"} <= changed
    assert "Questions" in team.host.run("cat /etc/motd").stdout
    assert '"our"' in team.host.run("cat /var/lib/gpuwright/state.json").stdout
    second, told = team.pyinfra("our_host.py")
    assert second["results"]["totals"]["success"] == 0, second["results"]["operations"]
    assert "own-repository: verdict OK" in told


def test_upgrade_reads_the_host_with_both_releases_and_touches_nothing(team: Team) -> None:
    with runner.untouched(team.host):
        said = team.package.run(
            *("upgrade", "--python", str(team.package.python), "inventories/lab.py"),
            cwd=team.folder,
        )
    assert "own-repository: the same plan" in said


def test_upgrade_names_what_a_newer_release_plans_for_the_real_host(
    team: Team, tmp_path: Path
) -> None:
    changed = {
        "tasks/__init__.py": ('"0.1.0"', '"0.2.0"'),
        "stacks/catalog/distributions.yaml": ("535.309.01", "535.999.01"),
    }
    newer = release(tmp_path / "a newer one", changed)
    with runner.untouched(team.host):
        said = team.package.run(
            *("upgrade", "--python", str(newer.python), "inventories/lab.py"),
            cwd=team.folder,
            code=2,
        )
    assert "compared with: 0.2.0" in said
    assert "driver.version: 535.309.01 -> 535.999.01" in said
