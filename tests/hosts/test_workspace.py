"""Two people get workspaces on a container host, use them, and lose them.

All of it was made by one command (`site`). The tests follow each other on that host.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import httpx
import pytest

from sandbox.checkout import SOURCE, SandboxError
from sandbox.local import prepare
from tests.hosts import able, browser, runner, tunnel
from tests.hosts.lab import Run
from tests.hosts.site import FOLDER, NAME, WORKSPACE, Site

pytestmark = able.needs_hosts()

OLD, NEW, BROKEN = "v2.9", "v3.0", "v0"
CONTAINER = "gpuwright-workspace-alice"
ALL_STEPS = {"Workspace unit", "Tokens and keys", "Containers described", "Workspaces up"}


def answers(port: int, token: str = "") -> int:
    """HTTP status of JupyterLab's protected part at the end of a tunnel; 0 where none answers."""
    headers = {"Authorization": f"token {token}"} if token else {}
    try:
        address = f"http://127.0.0.1:{port}/api/contents"
        return httpx.get(address, headers=headers, timeout=20, trust_env=False).status_code
    except httpx.TransportError:
        return 0


@pytest.fixture(scope="module")
def first(site: Site) -> Run:
    """The run that made the workspaces, and all before them."""
    return site.runs.first


# ----------------------------------------------------------------- refused before it is touched


def refused(site: Site, **data: Any) -> str:
    """What a run says that must be refused, and leave the host as it is."""
    with runner.untouched(site.host):
        run = site.run("-y", **data)
    assert run.code == 1
    assert f"{NAME}: verdict REFUSED" in run.told and "Traceback" not in run.told, run.told
    return run.told


def test_all_that_stands_in_the_way_is_said_at_once_with_what_was_seen(site: Site) -> None:
    # systemd would take "$name" for a variable of its own.
    listen = "IO::Socket::INET->new(LocalAddr => q(0.0.0.0), LocalPort => 22222, Listen => 1)"
    site.on_host(
        "systemd-run -q --collect --unit busy perl -MIO::Socket::INET "
        f"-e '@kept = ({listen}); sleep'"
    )
    site.until(lambda: "22222" in site.on_host("ss -Hltn"), "perl does not listen")
    asked = [
        {"user": "carol", "port": 8890},
        {"user": "bob", "port": 22222, "code": "/root", "gpus": 3, "memory": "900g"},
    ]
    told = refused(site, workspaces=asked, workspace_tag="v9")
    for code, words in {
        "WORKSPACE-USER": "no user carol",
        "WORKSPACE-IMAGE": "pytorch-cuda:v2.9",
        "WORKSPACE-GPUS": "bob asks for 3; this host has 2 (NVIDIA H100",
        "WORKSPACE-CODE": "cannot be listed with uid 1202",
        "WORKSPACE-PORT": "in use by perl, PID ",
        "WORKSPACE-LIMIT": "the host has ",
    }.items():
        assert code in told and words in told, told
    site.on_host("systemctl stop busy")


def test_wrong_key_is_refused_with_the_nearest(site: Site) -> None:
    assert "did you mean port" in refused(site, workspaces=[{"user": "alice", "prot": 1}])


# ----------------------------------------------------------------- made


def test_first_run_ends_well_and_proves_it(first: Run) -> None:
    run = first
    assert run.code == 0, run.told
    assert f"{NAME}: verdict OK" in run.told
    for said in (
        "JupyterLab answers on 127.0.0.1:8888, only with its token; TensorBoard answers; sshd "
        "answers; nvidia-smi in the container lists 1 GPUs",
        "JupyterLab answers on 127.0.0.1:8889, only with its token; nvidia-smi in the container",
    ):
        assert said in run.told, run.told


def test_run_of_the_workspaces_alone_changes_nothing(site: Site, first: Run) -> None:
    assert first.changed(NAME) >= ALL_STEPS
    again = site.run("-y")
    assert again.code == 0, again.told
    assert again.changed(NAME) == set()


def test_way_in_that_was_printed_leads_to_jupyterlab_and_its_token(site: Site, first: Run) -> None:
    run = first
    where = f"root@{site.host.address}"
    assert (
        "ssh -N -L 8888:127.0.0.1:8888 -L 2222:127.0.0.1:2222 -L 6006:127.0.0.1:6006 " in run.told
    )
    assert f"{where} cat {FOLDER}/alice/secrets/jupyter_token" in run.told
    with tunnel.to(site.host, 8888, 8889) as (alice, bob):
        assert answers(alice) == answers(bob) == 403
        assert answers(alice, "0" * 64) == 403
        assert answers(alice, site.token("alice")) == 200
        assert answers(bob, site.token("bob")) == 200
        assert answers(bob, site.token("alice")) == 403


def test_jupyterlab_opens_in_a_browser_with_its_token_and_not_without(
    site: Site, first: Run
) -> None:
    try:
        prepare.check_browser()
    except SandboxError as error:
        pytest.skip(str(error))
    with tunnel.to(site.host, 8888, 6006) as (lab, board), browser.opened() as window:
        window.open(f"http://127.0.0.1:{lab}/lab")
        window.type(window.wait_for("input[type=password]"), "no-token-of-ours\ue007")
        window.until(lambda: "Invalid credentials" in window.text, "a wrong token is not refused")
        assert window.find("#jp-main-dock-panel") is None
        window.type(window.wait_for("input[type=password]"), site.token("alice") + "\ue007")
        window.wait_for("#jp-main-dock-panel")
        window.until(lambda: "code" in window.text, "the folder of code is not listed")
        window.open(f"http://127.0.0.1:{board}/")
        window.wait_for("tb-webapp")
        window.until(lambda: "TensorBoard" in window.text, "TensorBoard shows nothing")


# ----------------------------------------------------------------- what is inside


def test_container_has_the_users_ids_and_no_privilege(site: Site, first: Run) -> None:
    status = site.on_host(f"docker exec {CONTAINER} cat /proc/self/status")
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    assert set(lines["Uid"].split()) == {"1201"} and set(lines["Gid"].split()) == {"1201"}
    assert int(lines["CapBnd"], 16) == 0 and lines["NoNewPrivs"].strip() == "1"


def test_what_is_written_there_is_the_users_on_the_host(site: Site, first: Run) -> None:
    site.on_host(f"docker exec {CONTAINER} sh -c 'echo hi >/workspace/code/x; echo hi >~/y'")
    owners = site.on_host(f"stat -c %U /home/alice/code/x {FOLDER}/alice/home/y").split()
    assert owners == ["alice", "alice"]


def test_each_has_one_gpu_and_not_the_same(site: Site, first: Run) -> None:
    seen = [
        site.on_host(f"docker exec gpuwright-workspace-{user} nvidia-smi -L")
        for user in ("alice", "bob")
    ]
    assert [text.count("UUID: GPU-") for text in seen] == [1, 1]
    assert seen[0].split("UUID")[1] != seen[1].split("UUID")[1]


def test_gpus_are_still_there_after_systemd_has_read_its_units_again(
    site: Site, first: Run
) -> None:
    site.on_host("systemctl daemon-reload")
    assert "GPU 0" in site.on_host(f"docker exec {CONTAINER} nvidia-smi -L")


def test_ssh_by_key_works_and_by_password_does_not(site: Site, first: Run) -> None:
    with tunnel.to(site.host, 2222) as (port,):
        words = [
            *("ssh", "-p", str(port), "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes"),
            *("-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes"),
        ]
        known = subprocess.run(
            [*words, "-i", str(site.key), "alice@127.0.0.1", "id -un; command -v python"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert known.returncode == 0, known.stderr
        assert known.stdout.split() == ["alice", "/opt/gpuwright/current/bin/python"]
        stranger = [*words, "-o", "PreferredAuthentications=password,keyboard-interactive"]
        refused = subprocess.run(
            [*stranger, "alice@127.0.0.1", "id"], capture_output=True, text=True, check=False
        )
        assert refused.returncode == 255 and "Permission denied (publickey)" in refused.stderr


def test_others_of_the_host_cannot_read_a_token(site: Site, first: Run) -> None:
    path = f"{FOLDER}/alice/secrets/jupyter_token"
    assert site.host.run(f"runuser -u bob -- cat {path}").returncode != 0
    assert site.on_host(f"cat {path}", user="alice") == site.token("alice")


# ----------------------------------------------------------------- kept up


def test_jupyterlab_that_ends_is_started_again(site: Site, first: Run) -> None:
    site.on_host(
        f"docker exec {CONTAINER} sh -c 'for p in /proc/[0-9]*; do "
        "grep -q jupyter-la[b] $p/cmdline && kill ${p#/proc/}; done || true'"
    )
    count = f"docker inspect -f '{{{{.RestartCount}}}}' {CONTAINER}"
    site.until(lambda: site.on_host(count) == "1", "the container did not end")
    with tunnel.to(site.host, 8888) as (port,):
        site.until(lambda: answers(port) == 403, "JupyterLab does not come back")
    assert site.run("-y").changed(NAME) == set()


def test_container_that_somebody_stopped_is_started_by_the_next_run(site: Site, first: Run) -> None:
    site.on_host(f"docker stop -t 1 {CONTAINER}")
    run = site.run("-y")
    assert run.changed(NAME) == {"Workspaces up"}
    assert f"{NAME}: verdict OK" in run.told, run.told


def test_workspace_is_there_after_a_power_cut_with_its_token(site: Site, first: Run) -> None:
    token = site.token("alice")
    site.host.kill()
    site.host.boot()
    with tunnel.to(site.host, 8888) as (port,):
        site.until(lambda: answers(port, token) == 200, "it does not come back")
    run = site.run("-y")
    assert run.code == 0 and run.changed(NAME) == set(), run.told


# ----------------------------------------------------------------- another image, and back


def image_of(site: Site) -> str:
    """The release of the image that Alice's container runs, as its label says."""
    label = '{{index .Config.Labels "release"}}'
    return site.on_host(f"docker inspect -f '{label}' {CONTAINER}")


def test_new_tag_replaces_the_container_and_says_so_before(site: Site, first: Run) -> None:
    labelled = f"FROM pytorch-cuda:{OLD}\\nLABEL release={NEW}\\n"
    site.on_host(f"printf '{labelled}' | docker build -q --tag pytorch-cuda:{NEW} -")
    predicted = site.run("--dry", workspaces=site.alice, workspace_tag=NEW)
    assert "the container of alice will be replaced" in predicted.told
    run = site.run("-y", workspaces=site.alice, workspace_tag=NEW)
    assert run.code == 0, run.told
    assert predicted.predicted(NAME) == run.changed(NAME)
    assert run.changed(NAME) == {"Containers described", "Workspaces up"}
    assert image_of(site).endswith(NEW)
    assert site.on_host(f"cat {FOLDER}/alice/home/y") == "hi"


def test_rollback_goes_back_to_the_image_before_and_twice_is_no_change(
    site: Site, first: Run
) -> None:
    asked: dict[str, Any] = {"workspaces": site.alice, "workspace_tag": NEW, "rollback": 1}
    back = site.run("-y", **asked)
    assert back.code == 0, back.told
    assert "ROLLED-BACK" in back.told and f"pytorch-cuda:{OLD}" in back.told
    assert not image_of(site).endswith(NEW)
    assert site.run("-y", **asked).changed(NAME) == set()


def test_image_that_an_earlier_deploy_of_the_same_run_brings_is_waited_for(
    site: Site, first: Run
) -> None:
    earlier = site.folder / "earlier.py"
    earlier.write_text(
        "from pyinfra.operations import server\n"
        f"command = 'docker tag pytorch-cuda:{NEW} pytorch-cuda:v2.7'\n"
        "server.shell(name='Image', commands=[command])\n"
    )
    asked: dict[str, Any] = {"workspaces": site.alice, "workspace_tag": "v2.7"}
    assert "WORKSPACE-IMAGE" in site.run("-y", **asked).told
    run = site.run("-y", deploy=f"{earlier} {WORKSPACE}", **asked)
    assert run.code == 0, run.told
    assert {"Image", "Preconditions are met", "Workspaces up"} <= run.changed(NAME)
    assert image_of(site).endswith(NEW)


def test_image_that_does_not_work_is_judged_with_what_it_said(site: Site, first: Run) -> None:
    script = f'FROM pytorch-cuda:{OLD}\nENTRYPOINT ["sh", "-c", "echo all is lost; exit 3"]\n'
    site.on_host(f"printf '%s' '{script}' | docker build -q --tag pytorch-cuda:{BROKEN} -")
    only = [site.data["workspaces"][1]]
    run = site.run("-y", workspaces=only, workspace_tag=BROKEN)
    assert run.code == 1
    assert "WORKSPACE-DOWN" in run.told and "all is lost" in run.told, run.told
    assert "alice has a workspace here too, which was left as it is" in run.told


# ----------------------------------------------------------------- no token anywhere


def test_no_token_is_in_logs_processes_inspection_history_or_output(site: Site, first: Run) -> None:
    tokens = [site.token(user) for user in ("alice", "bob")]
    assert all(len(token) == 64 for token in tokens)
    places = (
        "journalctl --sync; journalctl --no-pager -o verbose",
        "ps -eww -o args; for f in /proc/[0-9]*/environ; do tr '\\0' '\\n' <$f 2>/dev/null; done",
        f"docker inspect {CONTAINER} gpuwright-workspace-bob pytorch-cuda:{OLD}",
        f"docker history --no-trunc pytorch-cuda:{OLD}; docker info",
        f"docker logs {CONTAINER} 2>&1; docker logs gpuwright-workspace-bob 2>&1",
        "cat /opt/gpuwright/lib/workspaces/*/* /var/lib/gpuwright/workspaces/*/record.json",
        "cat /root/.bash_history /home/*/.bash_history 2>/dev/null || true",
    )
    for place in places:
        text = site.on_host(place)
        assert text or "history" in place
        assert not any(token in text for token in tokens), place
    found = site.on_host(
        f"cat {FOLDER}/*/secrets/jupyter_token | fold -w 64 >/run/tokens; "
        "grep -rlF -f /run/tokens /etc /opt /tmp /var/log /var/tmp /var/lib/gpuwright "
        "/var/lib/docker/containers /run/log 2>/dev/null; rm /run/tokens"
    )
    assert set(found.split()) == {f"{FOLDER}/{u}/secrets/jupyter_token" for u in ("alice", "bob")}
    assert not any(token in said for said in site.said for token in tokens)


# ----------------------------------------------------------------- by hand, and taken away


def test_compose_brings_up_the_same_container(site: Site, first: Run) -> None:
    site.on_host(
        "DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "
        "docker-compose >/dev/null"
    )
    look = (
        "docker inspect -f '{{.Config.User}} {{.Config.Image}} {{.HostConfig.CapDrop}} "
        "{{.HostConfig.SecurityOpt}} {{.HostConfig.PortBindings}} {{.HostConfig.ShmSize}} "
        "{{.HostConfig.Memory}} {{.HostConfig.Runtime}} {{.HostConfig.RestartPolicy.Name}} "
        "{{.HostConfig.Ulimits}} {{.HostConfig.LogConfig}}' " + CONTAINER
    )
    before = site.on_host(look)
    file = "/opt/gpuwright/lib/workspaces/alice/compose.yaml"
    site.on_host(f"systemctl stop gpuwright-workspace@alice; docker rm {CONTAINER}")
    site.on_host(f"docker-compose -f {file} up -d 2>&1")
    assert site.on_host(look) == before
    with tunnel.to(site.host, 8888) as (port,):
        site.until(lambda: answers(port, site.token("alice")) == 200, "it does not answer")
    site.on_host(f"docker-compose -f {file} down 2>&1")
    run = site.run("-y", workspaces=site.alice)
    assert run.code == 0 and "Workspaces up" in run.changed(NAME), run.told


ELSEWHERE = (
    ("workspace_user=alice", "workspace_tensorboard_port=6006", "workspace_memory=4g"),
    ("workspace_user=alice", "workspace_gpus=none", "workspace_cpus=1.5", "workspace_shm=1536m"),
    ("workspace_user=alice", "workspace_gpus=2", "workspace_ssh_key=ssh-ed25519 " + "A" * 68),
    ("workspace_user=alice", "workspace_gpus=0,1", "workspace_memlock=1g"),
)


def test_compose_reads_the_file_for_elsewhere(site: Site, first: Run) -> None:
    site.on_host("mkdir -p /root/elsewhere")
    for data in ELSEWHERE:
        words = [word for said in data for word in ("--data", said)]
        text = subprocess.run(
            [sys.executable, "-m", "tasks.workspace", "compose", *words],
            cwd=SOURCE,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        site.on_host(f"cat >/root/elsewhere/compose.yaml <<'END'\n{text}END\n")
        read = site.on_host("docker-compose -f /root/elsewhere/compose.yaml config 2>&1")
        assert "read_only: true" in read and "jupyter_token" in read, (data, read)


def test_workspace_that_is_to_go_goes_and_leaves_what_is_the_users(site: Site, first: Run) -> None:
    site.on_host(f"echo mine >{FOLDER}/bob/home/z")
    asked: dict[str, Any] = {
        "workspaces": site.alice,
        "workspaces_absent": ["bob"],
    }
    predicted, run = site.run("--dry", **asked), site.run("-y", **asked)
    assert run.code == 0, run.told
    assert predicted.predicted(NAME) == run.changed(NAME) == {"Workspaces taken away"}
    assert site.on_host("docker ps -a --format '{{.Names}}'").split() == [CONTAINER]
    assert site.on_host(f"ls -A {FOLDER}/bob") == "home"
    assert site.on_host(f"cat {FOLDER}/bob/home/z") == "mine"
    assert site.on_host("ls -d /home/bob/code") == "/home/bob/code"
    assert f"the home of bob stays in {FOLDER}/bob/home" in run.told
    assert site.run("-y", **asked).changed(NAME) == set()


def test_after_the_last_one_nothing_of_ours_is_left_but_homes(site: Site, first: Run) -> None:
    run = site.run("-y", workspaces=[], workspaces_absent=["alice", "bob"])
    assert run.code == 0, run.told
    left = site.on_host(
        "ls -d /opt/gpuwright/lib/workspace* /etc/systemd/system/*workspace* "
        "/etc/systemd/system/multi-user.target.wants/*workspace* 2>/dev/null || true"
    )
    assert left == ""
    assert site.on_host("docker ps -aq") == ""
    assert site.on_host(f"ls {FOLDER}/alice {FOLDER}/bob").split() == [
        *(f"{FOLDER}/alice:", "home", f"{FOLDER}/bob:", "home")
    ]
