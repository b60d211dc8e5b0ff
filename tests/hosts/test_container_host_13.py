"""A fresh Debian 13 host becomes a container host: Docker 26.1, which takes CDI names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.doubles.docker import DockerDouble
from stacks.model.support import Part
from tests.hosts import carried_out, runner
from tests.hosts.carried_out import carries_out
from tests.hosts.container_lab import GPU, IMAGE, ContainerHost, made


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerHost]:
    """Debian 13: Docker 26.1, which takes CDI names."""
    yield from made("containers-13", "debian-13", tmp_path_factory.mktemp("containers-13"))


STAND_INS: dict[Part, str] = {"driver": "580.178.04 open nvidia", "toolkit": "1.20.0"}


@carries_out("debian-13", live={"docker": "26.1.5 distribution"}, double=STAND_INS)
def test_docker_26_gives_gpus_by_cdi_names(
    request: pytest.FixtureRequest, newer: ContainerHost
) -> None:
    run = newer.run()
    assert run.code == 0, run.told
    assert run.changed(newer.host.name) <= {"Verdict"}, run.told
    assert "container (nvidia-smi lists 2 ×" in run.report, run.report
    carried_out.shown(request, newer.lab(), containers=True)
    assert len(newer.gpus("--device nvidia.com/gpu=all")) == 2
    newer.on(f"docker run -d --name keeps --device nvidia.com/gpu=all {IMAGE} sleep infinity")
    newer.on("systemctl daemon-reload")
    assert len(newer.on("docker exec keeps nvidia-smi -L").splitlines()) == 2


PROXY = {"docker_proxy": "http://me:hidden-word@proxy.example.org:3128"}


def test_restart_that_would_stop_a_container_is_refused_with_its_name(
    newer: ContainerHost,
) -> None:
    newer.on(f"docker run -d --name busy {IMAGE} sleep infinity")
    with runner.untouched(newer.host):
        run = newer.run(**PROXY)
    assert "DOCKER-BUSY" in run.report, run.report
    assert "busy" in run.told


def test_proxys_password_is_in_its_file_and_nowhere_else(newer: ContainerHost) -> None:
    words = {**PROXY, "docker_restart": "now"}
    run = newer.run(**words)
    assert run.code == 0, run.told
    assert newer.run("--dry", **words).predicted(newer.host.name) == set()
    found = newer.on(
        "docker info; systemctl show docker; systemctl cat docker; ps axww -o args; "
        "journalctl -q --no-pager; cat /etc/docker/daemon.json; "
        "grep -rs 'hidden-[w]ord' /var/lib/gpuwright /var/log /tmp || :"
    )
    assert [line for line in found.splitlines() if "hidden-word" in line] == []
    assert "hidden-word" not in run.told
    assert newer.on("stat -c %a /opt/gpuwright/etc/docker-proxy.env") == "600"
    assert newer.run(docker_restart="now").code == 0
    assert "proxy.example.org" not in newer.on("docker info")


def test_user_without_root_gets_the_gpus_too(newer: ContainerHost) -> None:
    newer.on("useradd --create-home ana")
    run = newer.run(docker_rootless="ana")
    assert run.code == 0, run.told
    assert newer.run("--dry", docker_rootless="ana").predicted(newer.host.name) == set()
    newer.on(f"docker save {IMAGE} -o /home/ana/image.tar && chmod 644 /home/ana/image.tar")
    docker = "DOCKER_HOST=unix:///run/user/$(id -u)/docker.sock docker"
    told = newer.on(
        f"su - ana -c '{docker} load -qi image.tar && "
        f"{docker} run --rm --device nvidia.com/gpu=all {IMAGE} nvidia-smi -L'"
    )
    assert told.count(GPU) == 2


@pytest.fixture(scope="module")
def own(newer: ContainerHost) -> dict[str, Any]:
    """Host data that lead to a double of Docker's own repository, with what this host has."""
    assert newer.host.mirror_url
    double = DockerDouble(rootfs=newer.host.rootfs).reset()
    said = double.host_data(newer.host.mirror_url)
    data = {key: {**newer.data[key], **value} for key, value in said.items()}
    return {**data, "docker_origin": "docker", "docker_version": double.version}


@pytest.fixture(scope="module")
def room(newer: ContainerHost, own: dict[str, Any]) -> str:
    """What the refusal of a second Docker said; its own command has made room then."""
    newer.on(f"docker rm -f $(docker ps -aq); docker run -d --name mine {IMAGE} sleep infinity")
    with runner.untouched(newer.host):
        run = newer.run(**own)
    assert newer.on("docker inspect --format '{{.State.Running}}' mine") == "true"
    command = re.search(r"apt-get remove [a-z0-9. -]+", run.told)
    assert command, run.told
    newer.on(f"{command[0]} -y")
    return run.told


def test_second_docker_is_refused_with_all_that_it_cannot_stand_beside(room: str) -> None:
    assert "DOCKER-OTHER-ORIGIN" in room and "docker_origin: distribution" in room
    for name in (
        "docker.io",
        "docker-cli",
        "docker-buildx",
        "docker-compose",
        "containerd",
        "runc",
    ):
        assert f"{name} " in room


@pytest.mark.usefixtures("room")
def test_dockers_repository_with_another_key_is_refused_before_the_host_is_touched(
    newer: ContainerHost, own: dict[str, Any]
) -> None:
    trusted = {**own["fingerprints"], "docker": ["0" * 40]}
    with runner.untouched(newer.host):
        run = newer.run(**{**own, "fingerprints": trusted})
    assert "REPO-KEY" in run.report, run.report


ALL = {"container_engines": ["docker", "podman", "containerd"]}


@carries_out(
    "debian-13",
    live={"podman": "5.4.2 distribution"},
    # Its containerd is Debian's of another version: that part of the plan stays untried.
    double={**STAND_INS, "docker": "26.1.5 docker"},
)
@pytest.mark.usefixtures("room")
def test_dockers_own_takes_over_the_images_and_gives_gpus(
    request: pytest.FixtureRequest, newer: ContainerHost, own: dict[str, Any]
) -> None:
    words = {**own, **ALL}
    predicted, run = newer.run("--dry", **words), newer.run(**words)
    assert run.code == 0, run.told
    assert predicted.predicted(newer.host.name) == run.changed(newer.host.name)
    assert "container (nvidia-smi lists 2 ×" in run.report, run.report
    again = newer.run(**words)
    assert (again.code, again.changed(newer.host.name)) == (0, set()), again.told
    carried_out.shown(request, newer.lab(**words), containers=True)
    assert len(newer.gpus("--device nvidia.com/gpu=all")) == 2
    assert newer.on("dpkg -S /usr/bin/docker").startswith("docker-ce-cli:")
    ours = {"docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin", "podman"}
    assert ours <= set(newer.on("apt-mark showhold").split())


@pytest.mark.usefixtures("room")
def test_podman_gets_the_gpus(newer: ContainerHost, own: dict[str, Any]) -> None:
    image = f"docker.io/library/{IMAGE}"
    newer.on(f"docker save {IMAGE} | podman load --quiet")
    run = newer.run(**{**own, "container_engines": ["podman"], "proof_image": image})
    assert run.code == 0, run.told
    assert "podman 5." in run.report and "container (nvidia-smi lists 2 ×" in run.report


@pytest.mark.usefixtures("room")
def test_containerd_beside_docker_knows_the_runtime(newer: ContainerHost) -> None:
    assert "nvidia-container-runtime" in newer.on("containerd config dump")
    # Before 2.0 containerd's own program takes no CDI names; NVIDIA's runtime does.
    told = newer.on(
        f"docker save {IMAGE} | ctr images import - >/dev/null && ctr run --rm --cpu-shares 0 "
        "--runc-binary /usr/bin/nvidia-container-runtime --env NVIDIA_VISIBLE_DEVICES=all "
        f"docker.io/library/{IMAGE} proof nvidia-smi -L"
    )
    assert told.count(GPU) == 2
