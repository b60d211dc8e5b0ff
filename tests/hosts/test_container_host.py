"""A fresh Debian 12 host becomes a container host: Docker 20.10, which knows no CDI."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import catalog
from sandbox.faults.catalog import Fault
from tests.hosts import carried_out, runner, ward
from tests.hosts.carried_out import carries_out
from tests.hosts.container_lab import GPU, IMAGE, ContainerHost, made

OLDER, NEWER = "580.159.04", "580.178.04"
RUNTIME = "--runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=all"
Reached = Callable[[Fault, str, str], None]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerHost]:
    """Debian 12: Docker 20.10, which knows no CDI."""
    folder = tmp_path_factory.mktemp("containers")
    yield from made("containers", "debian-12", folder, NEWER, driver_version=OLDER)


def test_dry_run_predicts_what_the_first_run_changes(box: ContainerHost) -> None:
    assert box.predicted.predicted(box.host.name) == box.first.changed(box.host.name)


@carries_out(
    "debian-12",
    live={"docker": "20.10.24 distribution"},
    double={"driver": f"{OLDER} open nvidia", "toolkit": "1.20.0"},
)
def test_second_run_with_an_image_for_the_proof_changes_nothing(
    request: pytest.FixtureRequest, box: ContainerHost
) -> None:
    run = box.run()
    assert run.code == 0, run.told
    assert run.changed(box.host.name) <= {"Verdict"}, run.told
    assert "container (nvidia-smi lists 2 ×" in run.report, run.report
    carried_out.shown(request, box.lab(), containers=True)


@pytest.mark.parametrize(
    "words", [RUNTIME, "--gpus all", f"--user 1000 --read-only --cap-drop ALL {RUNTIME}"]
)
def test_container_lists_all_gpus(box: ContainerHost, words: str) -> None:
    assert [line.split(" (")[0] for line in box.gpus(words)] == [f"GPU 0: {GPU}", f"GPU 1: {GPU}"]


@pytest.mark.parametrize(
    "words", ["--runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=1", "--gpus '\"device=1\"'"]
)
def test_container_that_asks_for_one_gpu_sees_that_one_alone(
    box: ContainerHost, words: str
) -> None:
    (line,) = box.gpus(words)
    assert line.endswith("(UUID: GPU-00000000-0000-0000-0000-000000000001)")


def test_running_container_keeps_its_gpus_at_daemon_reload(box: ContainerHost) -> None:
    box.on(f"docker run -d --name keeps {RUNTIME} {IMAGE} sleep infinity")
    before = box.on("docker exec keeps nvidia-smi -L")
    box.on("systemctl daemon-reload")
    assert box.on("docker exec keeps nvidia-smi -L") == before
    box.on("docker rm -f keeps")


def test_container_without_links_loses_its_gpus_and_the_deploy_fixes_it(
    box: ContainerHost,
) -> None:
    """C2, as it is met: systemd is told of linked device files only by runc 1.1.5."""
    catalog.make(box.host, catalog.get("C2-no-links"))
    sleeps = f"docker run -d --rm --name bare {RUNTIME} {IMAGE} sleep infinity"
    box.on(f"{sleeps}; systemctl daemon-reload")
    assert "Unknown Error" in box.on("docker exec bare nvidia-smi -L || :")
    predicted, run = box.run("--dry"), box.run()
    assert run.code == 0, run.told
    assert "Links of device files" in run.changed(box.host.name)
    assert predicted.predicted(box.host.name) == run.changed(box.host.name)
    box.on(f"docker rm -f bare; {sleeps}; systemctl daemon-reload")
    assert len(box.on("docker exec bare nvidia-smi -L").splitlines()) == 2
    box.on("docker rm -f bare")


def test_new_container_sees_the_gpus_after_docker_was_restarted(box: ContainerHost) -> None:
    box.on("systemctl restart docker")
    assert len(box.gpus(RUNTIME)) == 2


def test_engine_and_toolkit_move_only_with_us(box: ContainerHost) -> None:
    held = set(box.on("apt-mark showhold").split())
    toolkit = {"nvidia-container-toolkit", "nvidia-container-toolkit-base"}
    libraries = {"libnvidia-container-tools", "libnvidia-container1"}
    assert toolkit | libraries | {"docker.io", "containerd", "runc"} <= held


@pytest.mark.parametrize(
    "settings",
    [
        {
            "registry-mirrors": ["https://mirror.example.org"],
            "log-driver": "json-file",
            "log-opts": {"max-size": "10m", "max-file": "3"},
        },
        {"runtimes": {"other": {"path": "/usr/bin/other"}}, "features": {"buildkit": True}},
    ],
    ids=["mirrors-and-logs", "other-runtimes"],
)
def test_settings_of_others_stay(box: ContainerHost, settings: dict[str, Any]) -> None:
    """The file was replaced by somebody's own; the deploy puts its part in and keeps the rest."""
    box.on(f"cat >/etc/docker/daemon.json <<'END'\n{json.dumps(settings, indent=2)}\nEND")
    predicted, run = box.run("--dry"), box.run()
    assert run.code == 0, run.told
    assert predicted.predicted(box.host.name) == run.changed(box.host.name)
    now = json.loads(box.on("cat /etc/docker/daemon.json"))
    for key, value in settings.items():
        assert value.items() <= now[key].items() if isinstance(value, dict) else value == now[key]
    assert "nvidia" in now["runtimes"]
    assert len(box.gpus(RUNTIME)) == 2


def test_settings_that_are_no_json_are_refused_before_the_host_is_touched(
    box: ContainerHost,
) -> None:
    box.on("mv /etc/docker/daemon.json /root/kept; echo '{ \"a\": 1, }' >/etc/docker/daemon.json")
    with runner.untouched(box.host):
        run = box.run()
    box.on("mv /root/kept /etc/docker/daemon.json")
    assert run.code != 0
    assert "verdict REFUSED" in run.report and "daemon.json" in run.report, run.report


@pytest.fixture(scope="module")
def made_here() -> list[Fault]:
    """Faults that were made on the host and are gone again."""
    return []


FAULTS = [pytest.param(fault, id=fault.id) for fault in catalog.on("engines")]


THERE = {"driver_origin": "nvidia", "driver_version": OLDER}
"""Host data of the driver that the host was made with."""


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named_alone_and_repaired(
    box: ContainerHost, fault: Fault, reached: Reached, made_here: list[Fault], tmp_path: Path
) -> None:
    ward.made_and_named(box.host, fault)
    reached(fault, "engines", "named")
    ward.repaired(box.host, fault, tmp_path, **THERE)
    reached(fault, "engines", "repaired")
    if fault.stops is not None:
        catalog.undo(box.host, fault)
    ward.healthy(box.host)
    assert len(box.gpus(RUNTIME)) == 2
    made_here.append(fault)


def test_runs_after_all_those_faults_hold_the_set_again_and_then_change_nothing(
    box: ContainerHost, reached: Reached, made_here: list[Fault], tmp_path: Path
) -> None:
    predicted, run = box.run("--dry"), box.run()
    assert run.code == 0, run.told
    assert predicted.predicted(box.host.name) == run.changed(box.host.name)
    assert "nvidia-container-toolkit-base" in box.on("apt-mark showhold").split()
    assert box.run().changed(box.host.name) == set()
    ward.left_alone(box.host, tmp_path, **THERE)
    for fault in made_here:
        reached(fault, "engines", "second run")


def test_driver_that_changed_under_docker_is_named_and_a_reload_is_enough(
    box: ContainerHost,
) -> None:
    """C5: the old module stays, as where GPUs are in use, and no new container starts."""
    box.double.publish(NEWER)
    run = box.run(driver_version=NEWER)
    assert "verdict CRITICAL" in run.report and "D14" in run.report, run.report
    assert NEWER in box.on("dpkg-query -W -f '${Version}' libnvidia-ml1"), run.told
    started = box.host.run(f"docker run --rm {RUNTIME} {IMAGE} nvidia-smi -L")
    assert "failed to initialize NVML: Driver/library version mismatch" in started.stderr
    daemon = box.on("cat /run/docker.pid")
    box.on("gpuwright-sandbox-driver unload; gpuwright-sandbox-driver load")
    assert len(box.gpus(RUNTIME)) == 2
    assert box.on("cat /run/docker.pid") == daemon


def test_container_sees_the_gpus_after_the_driver_changed_and_the_host_booted(
    box: ContainerHost, reached: Reached, made_here: list[Fault]
) -> None:
    box.host.kill()
    box.host.boot()
    box.on("systemctl is-system-running --wait || :")
    spec = box.on("cat /var/run/cdi/nvidia.yaml")
    assert NEWER in spec and OLDER not in spec
    assert len(box.gpus(RUNTIME)) == 2
    ward.healthy(box.host)
    for fault in made_here:
        if fault.stops is None:
            reached(fault, "engines", "after reboot")
    held = "cat /etc/apt/preferences.d/gpuwright*; apt-mark showhold"
    before = box.on(held)
    again = box.run(driver_version=NEWER)
    assert box.on(held) == before
    assert again.code == 0, again.told
    assert again.changed(box.host.name) <= {"Verdict"}, again.told
