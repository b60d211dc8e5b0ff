"""The PyTorch image, really built with torch in it by a real Docker, and what its containers do.

The host is Debian 12 with the archive's Docker 20.10, and gets all by one command (`site`). The
image has no system CUDA here: its steps have a test of their own, without torch.
"""

from __future__ import annotations

import json
import re
import shlex
import time
from dataclasses import dataclass

import pytest

from facts.host import probe_command
from facts.model.host import HostState
from facts.parse import parse_host
from sandbox.checkout import SOURCE
from tasks.host import resolution
from tasks.image.work import RECORD
from tasks.python import lock_parts, locks
from tests.hosts import carried_out, onlooker, runner
from tests.hosts.able import needs_hosts
from tests.hosts.carried_out import carries_out
from tests.hosts.site import NAME, Site

pytestmark = needs_hosts()
TAG = "pytorch-cuda:v2.9"
README = (SOURCE / "README.md").read_text()
TOKEN = "a-token-of-this-test-0123456789"


@dataclass(frozen=True)
class Built:
    """The host with the image, and the image's own tag."""

    site: Site
    exact: str

    def docker(self, words: str) -> str:
        """What a docker command says, which must succeed."""
        return self.site.on_host(f"docker {words}")

    def container(self, words: str, command: str = "", options: str = "--rm") -> str:
        """What a container of the image says."""
        return self.docker(f"run {options} {words} {TAG} {command}")


@pytest.fixture(scope="module")
def built(site: Site) -> Built:
    site.on_host("apt-get -qq install --yes --no-install-recommends curl")
    return Built(site, json.loads(site.on_host(f"cat {RECORD}"))["exact"])


def host_of(built: Built) -> HostState:
    """The host as the probe sees it."""
    return parse_host(built.site.host.run(str(probe_command())).stdout.splitlines())


@dataclass(frozen=True)
class Running:
    """A container with all services, started as a careful person starts it."""

    built: Built
    log: str

    def inside(self, command: str) -> str:
        """What a command in the container says."""
        return self.built.docker(f"exec box {command}")

    def status(self, path: str, port: int = 18888) -> str:
        """The HTTP status of a path on one of the published ports."""
        ask = f"curl -s -o /dev/null -w '%{{http_code}}' http://127.0.0.1:{port}{path}"
        return self.built.site.on_host(ask)


@pytest.fixture(scope="module")
def running(built: Built) -> Running:
    """It runs with a read-only root, as a uid that the image does not know, with all services."""
    built.site.on_host(
        f"""set -e
        apt-get -qq install --yes --no-install-recommends sshpass openssh-client
        mkdir -p /srv/secrets && cd /srv/secrets
        rm -f key && ssh-keygen -q -t ed25519 -N '' -f key
        printf %s {TOKEN} >token
        cp key.pub authorized_keys
        chown 1234 token authorized_keys && chmod 400 token authorized_keys"""
    )
    built.container(
        "--read-only --tmpfs /tmp:exec --tmpfs /home/user:exec,uid=1234,mode=700 "
        "--user 1234:1234 --cap-drop ALL --security-opt no-new-privileges --shm-size 1g "
        "-v /srv/secrets/token:/run/secrets/jupyter_token:ro "
        "-v /srv/secrets/authorized_keys:/run/secrets/authorized_keys:ro "
        "-e GPUWRIGHT_SERVICES=jupyter,tensorboard,sshd -e SSH_USER=anna "
        "-p 127.0.0.1:18888:8888 -p 127.0.0.1:16006:6006 -p 127.0.0.1:12222:2222",
        options="--detach --name box",
    )
    deadline = time.monotonic() + 120
    while built.site.host.run("docker exec box healthcheck").returncode != 0:
        assert time.monotonic() < deadline, built.docker("logs box 2>&1")
        time.sleep(1)
    return Running(built, built.docker("logs box 2>&1"))


def test_three_deploys_in_one_command_are_predicted_and_a_second_run_changes_nothing(
    site: Site,
) -> None:
    runs = site.runs
    assert runs.predicted.predicted(NAME) == runs.first.changed(NAME)
    assert {"Image", "GPUs in a container", "Workspaces up"} <= runs.first.changed(NAME)
    assert "proof: container (nvidia-smi lists 2 ×" in runs.first.report
    assert runs.second.code == 0, runs.second.told
    assert runs.second.changed(NAME) == set()


@carries_out(
    "debian-12",
    live={"docker": "20.10.24 distribution"},
    double={"driver": "580.178.04 open nvidia", "toolkit": "1.20.0"},
)
def test_engine_and_toolkit_are_carried_out(request: pytest.FixtureRequest, site: Site) -> None:
    carried_out.shown(request, site.lab(), containers=True)


@carries_out("debian-12", double={"image": "torch-2.9.1-cu128-cp311-x86_64"})
def test_image_is_carried_out(request: pytest.FixtureRequest, site: Site) -> None:
    carried_out.shown_image(request, site.lab())


def test_nobody_gets_to_see_the_password_of_the_mirrors(site: Site) -> None:
    assert site.seen.rounds > 100
    assert site.seen.places == []
    told = "".join(run.told + str(run.answer) for run in (site.runs.predicted, site.runs.first))
    assert not [word for word in onlooker.words() if word in told]
    kept = site.on_host(
        f"docker image inspect $(docker image ls -q) && docker image history {TAG} --no-trunc"
    )
    assert onlooker.PASSWORD not in kept


def test_both_names_lead_to_one_image_with_its_labels(built: Built) -> None:
    ids = built.docker("image inspect --format '{{.Id}}' " + f"{TAG} {built.exact}").split()
    assert len(set(ids)) == 1
    labels = json.loads(built.docker(f"image inspect --format '{{{{json .Config.Labels}}}}' {TAG}"))
    assert labels["gpuwright.torch"] == "2.9.1+cu128"
    assert labels["gpuwright.recipe"].startswith(built.exact.rpartition("-")[2])
    assert re.fullmatch("[0-9a-f]{64}", labels["gpuwright.locks"])


def test_versions_in_the_image_are_those_of_the_native_host_line_by_line(built: Built) -> None:
    listed = json.loads(built.container("", "versions --json"))
    native = resolution.resolved(host_of(built), built.site.data).plan
    assert native is not None and native.torch is not None
    theirs = {
        "torch": f"{native.torch.version}+{native.torch.variant}",
        "cuda": native.torch.cuda,
        "cudnn": native.torch.cudnn,
        "python": native.torch.python,
    }
    assert {key: listed["plan"][key] for key in theirs} == theirs
    assert listed["python"].startswith(f"{native.torch.python}.")
    natively = lock_parts.versions(locks.text({}, native.torch.lock))
    beside = lock_parts.versions(locks.text({}, f"workspace-{native.torch.lock}"))
    assert {name: listed["packages"].get(name) for name in natively} == natively
    assert listed["packages"] == natively | beside


def test_image_tests_itself(built: Built) -> None:
    found = json.loads(built.container("--network none --shm-size 1g", "selftest --json"))
    assert found["verdict"] == "OK", found["faults"]
    assert found["proof"].startswith("none (")
    group = found["collective"]
    assert (group["backend"], group["world"], group["sum"], group["apart"]) == ("gloo", 2, 3, 0.0)
    assert found["versions"]["torch"] == "2.9.1+cu128"
    assert "verdict OK" in built.site.runs.first.told


def test_torch_is_installed_already_for_pip_and_uv_and_stays(built: Built) -> None:
    by_pip = built.container("--network none", "pip install --no-index torch")
    assert "Requirement already satisfied: torch in /opt/gpuwright/current" in by_pip
    # uv goes on without an index only where nothing is to be fetched.
    assert built.container("--network none", "uv pip install --offline torch") == ""
    refused = built.site.host.run(
        f"docker run --rm --network none {TAG} pip install --no-index torch==2.8"
    )
    assert refused.returncode != 0 and "IMAGE-FIXED: torch 2.9.1" in refused.stderr


def test_container_is_nobody_special(built: Built) -> None:
    assert built.container("", "id -u") == "1000"
    assert built.container("", "sh -c 'cd && touch here && pwd'") == "/home/user"
    assert built.container("--user 4321", "sh -c 'cd && touch here && whoami'") == "user"
    words = "sh -c 'cd && pwd && touch /opt/gpuwright/current/x'"
    refused = built.site.host.run(f"docker run --rm --user 4321:4321 {TAG} {words}")
    assert refused.stdout.strip() == "/tmp/home" and "Permission denied" in refused.stderr


def test_services_do_not_start_without_a_token(built: Built) -> None:
    refused = built.site.host.run(f"docker run --rm {TAG}")
    assert refused.returncode == 64 and "IMAGE-NO-TOKEN" in refused.stderr
    short = built.site.host.run(f"docker run --rm -e JUPYTER_TOKEN=secret {TAG}")
    assert short.returncode == 64 and "IMAGE-TOKEN" in short.stderr and "secret" not in short.stderr


def test_at_a_terminal_a_token_is_made_that_no_log_holds(built: Built) -> None:
    built.site.on_host(f"docker run --detach --tty --interactive --name lone {TAG}")
    url = ""
    for _ in range(100):
        url = built.site.host.run("docker exec lone jupyter-token").stdout.strip()
        if url:
            break
        time.sleep(0.2)
    token = url.rpartition("token=")[2]
    log = built.docker("logs lone 2>&1")
    built.docker("rm --force lone")
    assert len(token) >= 32 and token not in log
    assert "docker exec" in log


def test_line_of_the_readme_starts_jupyterlab_with_the_words_for_this_docker(built: Built) -> None:
    """As it stands but for `--gpus all`, which Docker below 29.2 takes with a program in C alone.

    That program is not here; `explain` names other words for such a Docker, and those are taken.
    """
    (line,) = re.findall(r"^\$ (docker run .*pytorch-cuda:v2\.9)$", README, re.MULTILINE)
    plan = resolution.resolved(host_of(built), built.site.data, containers=True).plan
    assert plan is not None and plan.containers is not None
    words = line.replace("--gpus all", shlex.join(plan.containers.ask)).replace(
        "8888:8888", "18889:8888"
    )
    assert words.count("--gpus") == plan.containers.ask.count("--gpus")
    named = words.replace("docker run", "docker run --detach --name readme")
    built.site.on_host(f"mkdir -p /srv/me/code && cd /srv/me && echo mine >code/x && {named}")
    try:
        assert built.docker("exec readme cat code/x") == "mine"
        assert built.docker("exec readme nvidia-smi -L").count("GPU ") == 2
        ask = "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:18889/api"
        answered = lambda: built.site.host.run(ask).stdout == "200"  # noqa: E731
        # The first of all: every page of it comes from the disk.
        runner.until(answered, "JupyterLab answers", limit_s=300, every_s=1)
    finally:
        print(built.docker("logs --tail 20 readme"))
        built.docker("rm --force readme")


def test_jupyter_answers_who_has_the_token_alone(running: Running) -> None:
    assert running.status("/api/contents") == "403"
    assert running.status("/api/contents?token=guess") == "403"
    assert running.status(f"/api/contents?token={TOKEN}") == "200"
    assert running.status(f"/lab?token={TOKEN}") == "200"


def test_tensorboard_answers(running: Running) -> None:
    assert running.status("/", port=16006) == "200"


def test_ssh_lets_in_by_key_and_not_by_password(running: Running) -> None:
    options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p 12222"
    words = shlex.quote("python -c 'import torch; print(torch.__version__)'; id -u")
    by_key = f"ssh {options} -i /srv/secrets/key anna@127.0.0.1 {words} 2>/dev/null"
    assert running.built.site.on_host(by_key).split() == ["2.9.1+cu128", "1234"]
    by_password = f"sshpass -p user ssh {options} -o PubkeyAuthentication=no anna@127.0.0.1 true"
    refused = running.built.site.host.run(by_password)
    assert refused.returncode != 0 and "Permission denied (publickey)" in refused.stderr


def test_token_is_nowhere_but_in_its_file(running: Running) -> None:
    site = running.built.site
    running.status(f"/lab?token={TOKEN}")
    places = {
        "inspect": "docker inspect box",
        "history": f"docker history --no-trunc {TAG}",
        "log": "docker logs box 2>&1",
        "processes": "ps -ef ww",
        "journal": "journalctl -o cat",
    }
    for place, command in places.items():
        # The journal's own sshd tells no commands; ours must not appear by way of them either.
        assert TOKEN not in site.on_host(command), place
    assert TOKEN not in running.inside("env")


def test_addresses_of_the_build_are_not_in_the_image(built: Built) -> None:
    address = (built.site.host.mirror_url or "").split("//")[1]
    assert address
    assert address not in built.docker(f"history --no-trunc {TAG}")
    assert address not in built.docker(f"image inspect {TAG}")
    look = f"grep -rIlsF {address} /etc /opt/gpuwright /root /var || :"
    found = built.container("--user 0", f"sh -c '{look}'")
    # The base's own sources name it, and are the base's own.
    assert not [path for path in found.split() if not path.startswith("/etc/apt/")]


def test_services_end_in_order_when_the_container_is_stopped(running: Running) -> None:
    running.built.docker("stop --time 10 box")
    state = running.built.docker("inspect --format '{{.State.ExitCode}}' box")
    running.built.docker("rm box")
    assert state == "0"
