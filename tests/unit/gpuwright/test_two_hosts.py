"""A run is predicted for two hosts alike, whether a checkout or a team's own repository is used.

The hosts are answers that were written down; pyinfra's own connector `@fake` gives them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gpuwright.a_release import HOUSE, Installed

INVENTORY = """
_data = {"fake_delay": 0, "fake_delay_jitter": 0, "stack": STACK}
hosts = [(name, {**_data, "fake_responses": said}) for name, said in ANSWERS.items()]
"""
STACK = "summary: our driver, and nothing else\ndriver: {origin: debian}\n"
BARE = HOUSE / "tests/unit/facts/golden/debian-12-plain-2xh100.txt"
ELSE = {
    "GPUWRIGHT_ARCHIVES_END": ["##gpuwright-probe 1 X", "##X !asked nobody", "##X end"],
    "GPUWRIGHT_OUTLOOK_ENDS": ["== simulation", "== end"],
}
Rows = list[tuple[str, list[str]]]


def answers(boot: str) -> dict[str, list[str]]:
    """What a bare host says when it is asked; two of one boot id would be one machine."""
    bare = BARE.read_text("utf-8")
    said = re.sub(r"(?<=@boot_id\n)\S+", boot, bare)
    assert said != bare
    return {"GPUWRIGHT_PROBE_ENDS": said.splitlines(), **ELSE}


def predicted(python: Path, inventory: Path, deploy: Path, cwd: Path) -> Rows:
    """Steps in their order, each with the hosts that it would change."""
    words = [str(python), "-m", "pyinfra", "--json", "--dry", str(inventory), str(deploy)]
    env = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)["plan"]
    return [(row["name"], sorted(row["hosts_with_change"])) for row in rows]


@pytest.fixture(scope="module")
def team(package: Installed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that was laid out, with two bare hosts and a stack of its own."""
    folder = tmp_path_factory.mktemp("two hosts") / "our lab"
    package.run("init", "our lab", "--no-lock", cwd=folder.parent)
    stack = folder / "stacks/our.yaml"
    stack.write_text(STACK)
    hosts = {f"@fake/{name}": answers(name) for name in ("one", "two")}
    said = INVENTORY.replace("STACK", repr(str(stack))).replace("ANSWERS", repr(hosts))
    (folder / "inventories/lab.py").write_text(said)
    return folder


def test_team_s_deploy_has_the_steps_of_ours_and_its_own_behind_them_on_every_host(
    package: Installed, team: Path
) -> None:
    inventory = team / "inventories/lab.py"
    ours = predicted(Path(sys.executable), inventory, HOUSE / "deploys/gpu_host.py", HOUSE)
    theirs = predicted(package.python, inventory, team / "deploys/our_host.py", team.parent)
    assert len(ours) > 20
    assert ("NVIDIA driver and kernel headers", ["@fake/one", "@fake/two"]) in ours
    assert theirs == [*ours, ("Welcome text", ["@fake/one", "@fake/two"])]
