"""A fresh host becomes a container host: real Docker, NVIDIA's real toolkit, simulated GPUs.

The toolkit's programs are NVIDIA's, built with Go from their released modules; where that cannot be
done, the tests are skipped and say why. The driver is a double whose GPUs are device files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import base_image, hosts, prepare
from sandbox.checkout import SandboxError
from sandbox.doubles.nvidia_devices import DeviceDouble
from sandbox.doubles.toolkit import ToolkitDouble
from sandbox.faults import catalog
from sandbox.faults.catalog import Fault
from sandbox.hosts import HostSpec, SandboxHost
from tests.hosts import runner, ward
from tests.hosts.lab import Lab, Run

DEPLOY = "deploys/container_host.py"
IMAGE = "debian:bookworm-slim"
OLDER, NEWER = "580.159.04", "580.178.04"
GPU = "NVIDIA H100 80GB HBM3"
RUNTIME = "--runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=all"
Reached = Callable[[Fault, str, str], None]


@dataclass(frozen=True)
class ContainerHost:
    """A host, the data that its inventory has, and the runs that made it a container host."""

    host: SandboxHost
    folder: Path
    double: DeviceDouble
    data: dict[str, Any]
    predicted: Run
    first: Run

    def lab(self, **data: Any) -> Lab:
        """An inventory of the host, with ``data`` laid over its own."""
        rows = {self.host.name: {**self.data, **data}}
        return Lab(self.host, runner.inventory(self.folder, **rows))

    def run(self, *words: str, **data: Any) -> Run:
        """Run the deploy."""
        return self.lab(**data).pyinfra(*words or ("-y",), deploy=DEPLOY)

    def on(self, command: str) -> str:
        """Standard output of a command on the host, which must succeed."""
        done = self.host.run(command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def gpus(self, words: str) -> list[str]:
        """What a new container that asks by these words of ``docker run`` lists."""
        return self.on(f"docker run --rm {words} {IMAGE} nvidia-smi -L").splitlines()


def made(
    name: str, os_name: str, folder: Path, *withheld: str, **data: Any
) -> Iterator[ContainerHost]:
    """A fresh host, made a container host; its image for proofs is there afterwards.

    ``withheld`` driver releases are not published yet.
    """
    try:
        prepare.check()
        toolkit = ToolkitDouble().reset()
    except SandboxError as error:
        pytest.skip(str(error))
    double = DeviceDouble(os_name.replace("-", ""), name).reset()
    double.withdraw(*withheld)
    host = hosts.up(HostSpec(name, os=os_name, gpus=("h100",) * 2, engines=True), fresh=True)
    assert host.mirror_url
    whole = runner.host_data(host, stack="pytorch-2.9", driver_origin="nvidia", **data)
    for each in (toolkit, double):
        for key, value in each.host_data(host.mirror_url).items():
            whole[key] = {**whole.get(key, {}), **value}
    lab = Lab(host, runner.inventory(folder, **{name: whole}))
    predicted = lab.pyinfra("--dry", deploy=DEPLOY)
    first = lab.pyinfra("-y", deploy=DEPLOY)
    assert first.code == 0, first.told
    base_image.load(host)
    yield ContainerHost(host, folder, double, {**whole, "proof_image": IMAGE}, predicted, first)
    host.down()


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerHost]:
    """Debian 12: Docker 20.10, which knows no CDI."""
    folder = tmp_path_factory.mktemp("containers")
    yield from made("containers", "debian-12", folder, NEWER, driver_version=OLDER)


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerHost]:
    """Debian 13: Docker 26.1, which takes CDI names."""
    yield from made("containers-13", "debian-13", tmp_path_factory.mktemp("containers-13"))


def test_dry_run_predicts_what_the_first_run_changes(box: ContainerHost) -> None:
    assert box.predicted.predicted(box.host.name) == box.first.changed(box.host.name)


def test_second_run_with_an_image_for_the_proof_changes_nothing(box: ContainerHost) -> None:
    run = box.run()
    assert run.code == 0, run.told
    assert run.changed(box.host.name) <= {"Verdict"}, run.told
    assert "container (nvidia-smi lists 2 ×" in run.report, run.report


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


FAULTS = [pytest.param(fault, id=fault.id) for fault in catalog.on("engines")]


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named_alone_and_repaired(
    box: ContainerHost, fault: Fault, reached: Reached, tmp_path: Path
) -> None:
    ward.made_and_named(box.host, fault)
    reached(fault, "engines", "named")
    ward.repaired(box.host, fault, tmp_path)
    reached(fault, "engines", "repaired")
    if fault.stops is not None:
        catalog.undo(box.host, fault)
    ward.healthy(box.host)
    assert len(box.gpus(RUNTIME)) == 2


def test_container_sees_the_gpus_after_the_driver_changed_and_the_host_booted(
    box: ContainerHost,
) -> None:
    box.double.publish(NEWER)
    run = box.run(driver_version=NEWER)
    # The old module stays until the boot, as where GPUs are in use, and the verdict says so.
    assert "verdict CRITICAL" in run.report and "D14" in run.report, run.report
    assert NEWER in box.on("dpkg-query -W -f '${Version}' libnvidia-ml1"), run.told
    box.host.kill()
    box.host.boot()
    box.on("systemctl is-system-running --wait || :")
    spec = box.on("cat /var/run/cdi/nvidia.yaml")
    assert NEWER in spec and OLDER not in spec
    assert len(box.gpus(RUNTIME)) == 2
    held = "cat /etc/apt/preferences.d/gpuwright*; apt-mark showhold"
    before = box.on(held)
    again = box.run(driver_version=NEWER)
    assert box.on(held) == before
    assert again.code == 0, again.told
    assert again.changed(box.host.name) <= {"Verdict"}, again.told


def test_docker_26_gives_gpus_by_cdi_names(newer: ContainerHost) -> None:
    run = newer.run()
    assert run.code == 0, run.told
    assert run.changed(newer.host.name) <= {"Verdict"}, run.told
    assert "container (nvidia-smi lists 2 ×" in run.report, run.report
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
