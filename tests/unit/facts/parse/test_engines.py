"""The look at container engines: its script runs anywhere, and its answer is read as it stands."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from facts.engine_model import CdiDevice, Node, Running, User
from facts.engines import ContainerEngines, engines_command
from facts.parse.engines import engines
from facts.parse.sections import ProbeError

LEAST = {
    "containers": "",
    "cdi": "",
    "nodes": "@nodes",
    "docker_daemon": "@group",
    "engine_settings": "@sums\n@users",
}
INFO = {
    "ServerVersion": "20.10.24+dfsg1",
    "DockerRootDir": "/var/lib/docker",
    "Driver": "overlay2",
    "CgroupDriver": "systemd",
    "LiveRestoreEnabled": True,
    "Runtimes": {"runc": {}, "nvidia": {}},
    "SecurityOptions": ["name=seccomp,profile=default"],
}


def lines(**sections: str) -> list[str]:
    text = ["##gpuwright-probe 1 N"]
    for name, body in {**LEAST, **sections}.items():
        text.append(f"##N {name}")
        text += [f"##N {line}" if line[:1] in ("@", "!") else line for line in body.splitlines()]
    return [*text, "##N end"]


def test_script_runs_on_this_machine_and_is_read() -> None:
    command = engines_command(["root", "nobody-of-this-name"])
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    seen = ContainerEngines().process(done.stdout.splitlines())
    assert list(seen.users) == ["root"]
    assert (seen.users["root"].uid, seen.users["root"].home) == (0, "/root")


def test_docker_that_does_not_run_is_not_asked(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\n: >{asked}\n")
    docker.chmod(0o755)
    script = engines_command().replace("PATH=/usr/local/sbin", f"PATH={tmp_path}:/usr/local/sbin")
    script = script.replace("/run/docker.pid", str(tmp_path / "none.pid"))
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    seen = ContainerEngines().process(done.stdout.splitlines())
    assert seen.unread["docker_daemon"] == "it does not run"
    assert seen.engine.docker == str(docker)
    assert not asked.exists()


def test_docker_that_runs_is_asked(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text(
        "#!/bin/sh\ncase $1 in\n"
        f"info) printf '%s\\n' '{json.dumps(INFO)}' ;;\n"
        "image) echo base:1; echo '<none>:<none>' ;;\nps) echo 0123 ;;\n"
        "inspect) echo '/busy|base:1|runc|[{\"Count\": -1}]' ;;\nesac\n"
    )
    docker.chmod(0o755)
    (tmp_path / "docker.pid").write_text(f"{os.getpid()}")
    script = engines_command().replace("PATH=/usr/local/sbin", f"PATH={tmp_path}:/usr/local/sbin")
    script = script.replace("/run/docker.pid", str(tmp_path / "docker.pid"))
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    seen = ContainerEngines().process(done.stdout.splitlines()).docker
    assert seen is not None
    assert (seen.version, seen.live_restore, seen.runtimes) == (
        "20.10.24+dfsg1",
        True,
        ("nvidia", "runc"),
    )
    assert seen.images == ("base:1",)
    assert seen.running == (Running("busy", "base:1", gpus=True),)


@pytest.mark.parametrize(
    ("row", "gpus"),
    [
        ("/a|i|runc|null", False),
        ("/a|i|runc|[]", False),
        ("/a|i|nvidia|null", True),
        ('/a|i|runc|[{"Driver":"","Count":-1}]', True),
    ],
)
def test_container_with_gpus_is_told_from_one_without(row: str, gpus: bool) -> None:
    engines_state = engines(
        lines(docker_daemon=f"@info\n{json.dumps(INFO)}\n@running\n{row}")
    ).docker
    assert engines_state is not None
    assert engines_state.running[0].gpus is gpus


@pytest.mark.parametrize("info", ["", "not json", "[]", '{"ServerVersion": ""}'])
def test_daemon_that_gives_no_answer_is_unknown(info: str) -> None:
    engines_state = engines(lines(docker_daemon=f"@info\n{info}"))
    assert engines_state.docker is None
    assert "docker_daemon" in engines_state.unread


@pytest.mark.parametrize("field", ["Runtimes", "SecurityOptions", "LiveRestoreEnabled"])
def test_answer_with_a_field_missing_is_read(field: str) -> None:
    info: dict[str, Any] = {key: value for key, value in INFO.items() if key != field}
    assert engines(lines(docker_daemon=f"@info\n{json.dumps(info)}")).docker is not None


def test_spec_tells_its_format_and_devices() -> None:
    spec = "@/var/run/cdi/nvidia.yaml\ncdiVersion|0.7.0\npath|/dev/nvidia0\nmajor|195"
    (found,) = engines(lines(cdi=spec)).engine.cdi
    assert found.format == "0.7.0"
    assert found.devices == (CdiDevice("/dev/nvidia0", 195),)


def test_device_files_and_settings_are_read() -> None:
    engines_state = engines(
        lines(
            nodes="@nodes\n/dev/nvidiactl|195|255|yes\n/dev/nvidia0|195|0|",
            engine_settings="@/etc/containerd/config.toml\nversion = 2\n@sums\n"
            "00ff  /etc/docker/daemon.json\n@users\nana|1000|/home/ana|yes||yes|1000",
            docker_daemon="@group\nana,ben\n!docker_daemon it does not run",
        )
    )
    assert engines_state.nodes == (
        Node("/dev/nvidiactl", 195, 255),
        Node("/dev/nvidia0", 195, 0, linked=False),
    )
    assert engines_state.containerd == "version = 2"
    assert engines_state.sums == {"/etc/docker/daemon.json": "00ff"}
    assert engines_state.docker_group == ("ana", "ben")
    assert engines_state.users["ana"] == User("ana", 1000, "/home/ana", lingers=True, gid=1000)


def test_cut_off_answer_is_refused() -> None:
    with pytest.raises(ProbeError, match="cut off"):
        engines(lines()[:-1])
