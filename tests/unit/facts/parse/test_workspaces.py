"""The look at workspaces: its script runs anywhere, and its answer is read as it stands."""

from __future__ import annotations

import subprocess

import pytest

from facts.parse.sections import ProbeError
from facts.parse.workspaces import workspace_state
from facts.workspace_model import Folder, Listener, SeenContainer, SeenGpu, Token
from facts.workspaces import Workspaces, workspaces_command
from tests.unit.whole_answers import WORKSPACES, framed

LEAST = {
    "users": "",
    "ports": "@listeners",
    "docker": "@why\nno docker command is on this host",
    "workspaces": "",
    "gpus": "@why\nnvidia-smi is not on this host",
}
ID = "sha256:" + "ab" * 32


def lines(**sections: str) -> list[str]:
    text = ["##gpuwright-probe 1 N"]
    for name, body in {**LEAST, **sections}.items():
        text.append(f"##N {name}")
        text += [f"##N {line}" if line[:1] in ("@", "!") else line for line in body.splitlines()]
    return [*text, "##N end"]


def test_script_runs_on_this_machine_and_is_read() -> None:
    command = workspaces_command([("root", "/root"), ("nobody-of-this-name", "")], [1024])
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    seen = Workspaces().process(done.stdout.splitlines())
    assert set(seen.people) == {"root"}
    assert seen.people["root"].home == "/root"


def test_cut_off_answer_is_refused() -> None:
    with pytest.raises(ProbeError):
        workspace_state(lines()[:-1])


def test_host_without_docker_says_why() -> None:
    seen = workspace_state(lines())
    assert (seen.docker, seen.docker_why) == (None, "no docker command is on this host")
    assert (seen.gpus, seen.gpus_why) == (None, "nvidia-smi is not on this host")


def test_users_and_their_code_are_read() -> None:
    body = "user|alice|1001|1001|1001,27,2000|/home/alice\ncode|alice|no|/srv/code"
    seen = workspace_state(lines(users=body))
    assert seen.people["alice"].groups == (1001, 27, 2000)
    assert seen.folders["alice"] == Folder("alice", "/srv/code", True, False)


def test_folder_that_is_not_there_was_not_tried() -> None:
    body = "user|alice|1001|1001|1001|/home/alice\ncode|alice|absent|/home/alice/code"
    assert workspace_state(lines(users=body)).folders["alice"].readable is None


def test_who_listens_is_named() -> None:
    body = (
        "@listeners\n"
        "LISTEN 0 511 0.0.0.0:8888 0.0.0.0:* "
        'users:(("nginx",pid=813,fd=6),("nginx",pid=812,fd=6))\n'
        "LISTEN 0 4096 [::1]:6006 [::]:*"
    )
    assert workspace_state(lines(ports=body)).listeners == (
        Listener(8888, "0.0.0.0", "nginx, PID 813, nginx, PID 812"),
        Listener(6006, "[::1]", ""),
    )


def test_docker_is_read() -> None:
    body = (
        "@version\n20.10.24+dfsg1\n@images\n"
        f"{ID}|pytorch-cuda:v2.9\n{ID}|pytorch-cuda:v2.9-0123456789ab\nsha256:cd|<none>:<none>\n"
        "@published\nweb|0.0.0.0:80->8080/tcp, :::80->8080/tcp, 127.0.0.1:9000-9001->1-2/tcp\n"
        "@names\ngpuwright-workspace-alice\ngpuwright-workspace-bob\n@containers\n"
        f"/gpuwright-workspace-alice|alice|0123|0,1|{ID}|running|healthy|2"
    )
    seen = workspace_state(lines(docker=body))
    assert seen.docker == "20.10.24+dfsg1"
    assert seen.images["pytorch-cuda:v2.9"] == ID
    assert seen.image_ids == (ID, "sha256:cd")
    assert seen.published == {80: "web", 9000: "web", 9001: "web"}
    assert seen.containers["gpuwright-workspace-alice"] == SeenContainer(
        "gpuwright-workspace-alice", "alice", "0123", "0,1", ID, "running", "healthy", 2
    )
    assert seen.foreign == ("gpuwright-workspace-bob",)


def test_limits_that_docker_cannot_keep_are_read() -> None:
    body = "@version\n26.1.5\n@limits\nfalse|true\n@most_locked\n8388608"
    seen = workspace_state(lines(docker=body))
    assert (seen.kept, seen.most_locked) == (("cpus",), 8388608)
    assert workspace_state(lines()).kept == ("memory", "cpus")


def test_files_of_a_workspace_are_read() -> None:
    body = (
        "@alice\ntoken|1001 400 43\nkeys|aa\nhome|1001\nunit|active|enabled\n"
        'record|{"images": [{"id": "sha256:1"}]}\n@bob\nunit|inactive|\nrecord|{"images'
    )
    seen = workspace_state(lines(workspaces=body)).workspaces
    assert seen["alice"].token == Token(1001, "400", 43)
    assert (seen["alice"].active, seen["alice"].enabled) == ("active", "enabled")
    assert seen["alice"].record["images"] == [{"id": "sha256:1"}]
    assert (seen["bob"].token, seen["bob"].record) == (None, {})


def test_gpus_and_slices_are_read() -> None:
    body = (
        "@list\nGPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-11)\n"
        "  MIG 1g.10gb     Device  0: (UUID: MIG-22)"
    )
    assert workspace_state(lines(gpus=body)).gpus == (
        SeenGpu("0", "GPU-11", "NVIDIA H100 80GB HBM3"),
        SeenGpu("", "MIG-22", "MIG 1g.10gb"),
    )


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-11)", ("0", "GPU-11", "NVIDIA H100 80GB HBM3")),
        ("GPU 12: Tesla T4 (UUID: GPU-11)", ("12", "GPU-11", "Tesla T4")),
        ("GPU 0: GeForce GTX 1080 Ti (UUID: GPU-11)", ("0", "GPU-11", "GeForce GTX 1080 Ti")),
        ("GPU 0: A (B) C (UUID: GPU-11)", ("0", "GPU-11", "A (B) C")),
        ("GPU 0: Orin (nvgpu) (UUID: 54c4b4ee)", ("0", "54c4b4ee", "Orin (nvgpu)")),
        ("  MIG 1g.10gb     Device  0: (UUID: MIG-22)", ("", "MIG-22", "MIG 1g.10gb")),
        (
            "  MIG 3g.40gb     Device  1: (UUID: MIG-GPU-1/2/0)",
            ("", "MIG-GPU-1/2/0", "MIG 3g.40gb"),
        ),
        ("  MIG 1g.10gb+me  Device  0: (UUID: MIG-22)", ("", "MIG-22", "MIG 1g.10gb+me")),
        ("GPU 00000000:3B:00.0: Tesla V100 (UUID: GPU-11)", None),
        ("Unable to determine the device handle for GPU0: 0000:17:00.0: Unknown Error", None),
        ("No devices found.", None),
        ("GPU 0: NVIDIA H100 (UUID: Unknown Error)", None),
    ],
)
def test_lists_of_nvidia_smi_are_read(line: str, found: tuple[str, str, str] | None) -> None:
    answer = WORKSPACES.rpartition("@list\n")[0] + f"@list\n{line}\n"
    gpus = workspace_state(framed(answer)).gpus or ()
    assert [(g.index, g.uuid, g.name) for g in gpus] == ([found] if found else [])
