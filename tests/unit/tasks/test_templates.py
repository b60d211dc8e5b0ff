"""Every template gives shell that a strict shell accepts, for every plan that uses it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import jinja2
import pytest

import tasks.templates
from stacks.model.plan import CudaPlan, CudnnPlan, Download
from tasks.guard import program
from tasks.recipe.inputs import Ask
from tasks.recipe.recipe import DEV, EPOCH
from tasks.steps import before, surroundings
from tasks.steps.surroundings import Bundle, NetworkSettings, Strangers
from tasks.templates import render
from tasks.workspace import placing, service
from tests.unit.tasks import a_host, a_workspace
from tests.unit.tasks.a_host import KERNEL

FILE = Download("cuda_nvcc", "http://archive.example.org/", "nvcc.tar.xz", "0" * 64)
ODD = "it's a folder; $(touch hurt)"


def tarball(prefix: str = "/usr/local/cuda-11.8") -> CudaPlan:
    """A toolkit from tarballs."""
    return CudaPlan(
        version="11.8",
        release="V11.8.89",
        origin="redist",
        purpose="compile",
        downloads=(FILE,),
        prefix=prefix,
        host_compiler="/usr/bin/g++-11",
    )


CUDNN = CudnnPlan("8.9.7.29", "redist", "/opt/gpuwright/cudnn/8.9.7.29-cuda11", download=FILE)
WHEEL: dict[str, Any] = {
    "cudnn": a_host.plan().cudnn,
    "link": "/opt/gpuwright/cudnn-8",
    "uv": "/opt/gpuwright/lib/uv",
    "uv_environment": "export UV_CACHE_DIR=/var/cache/gpuwright/uv",
    "links": ("/usr/lib/odd place/libcudss.so.0",),
    "python": "/usr/bin/python3.11",
    "major": "8",
    "release": "8.9.6",
    "cuda_major": "11",
}
VENV: dict[str, Any] = {
    "env": "/opt/gpuwright/envs/x",
    "lock": "/var/tmp/lock.txt",
    "python": "/usr/bin/python3.11",
    "prompt": "pytorch-2.9",
    "uv": "/opt/gpuwright/lib/uv",
    "uv_environment": "export UV_CACHE_DIR=/var/cache/gpuwright/uv",
    "links": ("/usr/lib/odd place/libcudss.so.0",),
}
RENDERED = {
    "cuda_redist.sh.j2": render("cuda_redist.sh.j2", cuda=tarball()),
    "cudnn_tarball.sh.j2": render("cudnn_tarball.sh.j2", cudnn=CUDNN, link="/opt/c"),
    "cudnn_wheel.sh.j2": render("cudnn_wheel.sh.j2", **WHEEL),
    "dkms.sh.j2": render("dkms.sh.j2", version="535.*", kernels=[KERNEL, "6.1.0-50-amd64"]),
    "kernel_guard.sh.j2": program.program(),
    "docker_settings.sh.j2": "".join(
        render(
            "docker_settings.sh.j2",
            path="/etc/docker/daemon.json",
            mark="/opt/gpuwright/etc/docker-restart-due",
            new=new,
            way=way,
            runtime=new,
        )
        for new in (True, False)
        for way in ("restart", "reload", "start")
    ),
    "containerd_settings.sh.j2": render(
        "containerd_settings.sh.j2", config="/etc/containerd/config.toml", cdi=True, noted=":"
    ),
    "environment.sh.j2": "",  # has tests of its own
    "fetch.sh.j2": render("fetch.sh.j2"),
    "place.sh.j2": render("place.sh.j2"),
    "settle.sh.j2": render("settle.sh.j2"),
    "present.sh.j2": "",  # is in both of the next
    "before.sh.j2": before.script(),
    "brought.sh.j2": before.brought("true"),
    "bundle_base.sh.j2": render("bundle_base.sh.j2", base="debian:bookworm-slim"),
    "bundle_packages.sh.j2": render("bundle_packages.sh.j2"),
    "at_hand.sh.j2": render("at_hand.sh.j2"),
    "bundle_debs.sh.j2": render("bundle_debs.sh.j2", base="debian:bookworm-slim", dev=DEV),
    "bundle_debs_inside.sh.j2": render(
        "bundle_debs_inside.sh.j2",
        dev=DEV,
        epoch=EPOCH,
        asks=[Ask(("gcc", "x=1:*"), ("main",))],
    ),
    "image_build.sh.j2": "".join(
        render(
            "image_build.sh.j2",
            context="/var/lib/gpuwright/image/context.tar",
            folder="/var/lib/gpuwright/image",
            bundle=bundle,
            base_file="base.tar.gz",
            layers='["sha256:ab"]',
            uv="/opt/gpuwright/lib/uv",
            uid=1000,
            digest="0" * 64,
            exact="pytorch-cuda:v2.9-000000000000",
            base="debian:bookworm-slim",
        )
        for bundle in ("", "bundle")
    ),
    "image_load.sh.j2": render(
        "image_load.sh.j2", tar="/var/x.tar.zst", sha256="0" * 64, exact="a:b-c"
    ),
    "image_pull.sh.j2": render("image_pull.sh.j2", remote="r:5000/a:b-c", exact="a:b-c", tries=3),
    "image_save.sh.j2": render(
        "image_save.sh.j2", file="/srv/a b.tar.zst", names=("a:b", "a:b-c"), exact="a:b-c"
    ),
    "install_wheels.sh.j2": render("install_wheels.sh.j2"),
    "venv.sh.j2": render("venv.sh.j2", **VENV),
    "pull_start.sh.j2": render("pull_start.sh.j2", here="/opt/gpuwright/pull"),
    "workspace.sh.j2": placing.program(),
    "workspace_removal.sh.j2": service.removal(("alice", "bob")),
    "surroundings.sh.j2": surroundings.text(
        NetworkSettings("http://proxy.example.org:3128", ("localhost",)),
        Strangers(("http://dead.example.org/x ./",), ("grafana",)),
    )
    + "".join(
        surroundings.text(
            NetworkSettings(),
            Strangers(),
            Bundle(address, "apt/debian-12-x86_64", "wheels/links.html", "-----A KEY-----\n"),
        )
        for address in ("http://127.0.0.1:40117", "/mnt/a stick/bündel")
    ),
    "workspace_secrets.sh.j2": service.secrets_script(a_workspace.placed()),
}


def test_every_template_is_tried() -> None:
    folder = Path(tasks.templates.__file__).parent
    assert set(RENDERED) == {path.name for path in folder.glob("*.j2")}


@pytest.mark.parametrize("name", RENDERED)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shell_accepts_the_text(name: str, shell: str) -> None:
    done = subprocess.run(
        [shell, "-n"], input=RENDERED[name], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


def test_missing_value_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(jinja2.UndefinedError, match="env"):
        render("venv.sh.j2")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("cuda_redist.sh.j2", {"cuda": tarball(ODD)}),
        ("venv.sh.j2", {**VENV, "env": ODD, "prompt": ODD}),
    ],
)
def test_odd_names_stay_words(name: str, values: dict[str, Any]) -> None:
    variable = "prefix" if "cuda" in name else "env"
    first = next(x for x in render(name, **values).splitlines() if x.startswith(f"{variable}="))
    done = subprocess.run(
        ["sh", "-c", f'{first}\nprintf %s "${variable}"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ODD
