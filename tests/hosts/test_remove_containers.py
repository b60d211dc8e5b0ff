"""A container host is taken back to what it was: engine, toolkit, settings; others' keys stay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.hosts import difference, runner
from tests.hosts.container_lab import IMAGE, ContainerHost, made
from tests.hosts.lab import Run

REMOVE = "deploys/remove.py"
THEIRS = {"runtimes": {"other": {"path": "/usr/bin/other"}}}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerHost]:
    """Debian 12 with Docker, and a setting that somebody has written since."""
    for one in made("leaving-containers", "debian-12", tmp_path_factory.mktemp("leaving")):
        settings = json.loads(one.on("cat /etc/docker/daemon.json"))
        settings["runtimes"] |= THEIRS["runtimes"]
        text = json.dumps(settings)
        one.on(f"cat >/etc/docker/daemon.json <<'END'\n{text}\nEND")
        yield one


def remove(box: ContainerHost, *words: str) -> Run:
    """Run ``deploys/remove.py`` with the engine too."""
    return box.lab().pyinfra(*words or ("-y",), "--data", "also=engine", deploy=REMOVE)


def test_engine_with_somebodys_image_is_not_removed(box: ContainerHost) -> None:
    with runner.untouched(box.host):
        run = remove(box)
    assert "REMOVE-ENGINE-USED" in run.report + run.told, run.told
    assert run.code != 0


def test_removal_leaves_the_host_as_it_was_before_but_for_others_settings(
    box: ContainerHost,
) -> None:
    box.on(f"docker rmi -f {IMAGE}")
    predicted, removed = remove(box, "--dry"), remove(box)
    assert removed.code == 0, removed.told
    assert predicted.predicted(box.host.name) == removed.changed(box.host.name) != set()
    found = difference.table(box.before, difference.look(box.host))
    # The file that has their key; and the engine has narrowed what the sandbox mounts for its data.
    named = re.compile(r"/etc/docker|/var/lib/(docker|containerd) d ")
    assert [line for line in found if not named.search(line)] == []
    assert json.loads(box.on("cat /etc/docker/daemon.json")) == THEIRS
    again = remove(box)
    assert (again.code, again.changed(box.host.name)) == (0, set()), again.told
