"""NVIDIA's tarballs, unpacked by the real script from a server on this machine."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from stacks.catalog.read import load_catalog
from stacks.load import load_stack
from stacks.model.host import Gpu, HostProfile
from stacks.model.plan import CudaPlan, CudnnPlan, Download
from stacks.requests import with_requests
from stacks.resolve import resolve
from tasks.templates import render


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A web server with a folder."""
    folder = tmp_path_factory.mktemp("served")
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/", folder
        http.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def download(server: tuple[str, Path], name: str, *members: str) -> Download:
    """A component's tarball with these files, each holding its own name."""
    address, folder = server
    tree = folder / f"{name}-archive"
    for member in members:
        (tree / member).parent.mkdir(parents=True, exist_ok=True)
        (tree / member).write_text(member)
    file = folder / f"{name}.tar.xz"
    with tarfile.open(file, "w:xz") as tar:
        tar.add(tree, tree.name)
    return Download(name, address, file.name, hashlib.sha256(file.read_bytes()).hexdigest())


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a job's script in its folder as a job does."""
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        ["sh", "-euc", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def cuda(server: tuple[str, Path], tmp_path: Path) -> CudaPlan:
    """A toolkit of two components."""
    nvcc = download(server, "cuda_nvcc", "bin/nvcc", "bin/nvcc.profile", "include/crt/host.h")
    cudart = download(server, "cuda_cudart", "lib/libcudart.so.11.0", "include/cuda_runtime.h")
    return CudaPlan(
        version="11.8",
        release="V11.8.89",
        origin="redist",
        purpose="compile",
        downloads=(nvcc, cudart),
        prefix=str(tmp_path / "cuda-11.8"),
        host_compiler="/usr/bin/g++-11",
    )


def install(cuda: CudaPlan, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the toolkit's job."""
    return run(render("cuda_redist.sh.j2", cuda=cuda), folder / "job")


def files(folder: Path) -> set[str]:
    """Everything in a folder but folders, by relative path."""
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_symlink() or p.is_file()}


WHOLE = {
    "bin/nvcc",
    "bin/nvcc.profile",
    "include/crt/host.h",
    "include/cuda_runtime.h",
    "lib/libcudart.so.11.0",
    "lib64",
    "version.json",
    "host-compiler/g++",
    "host-compiler/gcc",
}


def test_components_make_one_toolkit(cuda: CudaPlan, tmp_path: Path) -> None:
    done = install(cuda, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    prefix = Path(cuda.prefix)
    assert files(prefix) == WHOLE
    assert (prefix / "host-compiler/gcc").readlink() == Path("/usr/bin/gcc-11")
    assert "host-compiler" in (prefix / "bin/nvcc.profile").read_text()
    assert not (tmp_path / "job/downloads").exists()


@pytest.mark.parametrize("left", ["cuda-11.8.new/half", "job/stage/half", "job/downloads/x.part"])
def test_what_a_cut_off_run_left_does_not_end_in_the_toolkit(
    cuda: CudaPlan, tmp_path: Path, left: str
) -> None:
    (tmp_path / left).parent.mkdir(parents=True)
    (tmp_path / left).write_text("half")
    assert install(cuda, tmp_path).returncode == 0
    assert files(Path(cuda.prefix)) == WHOLE
    assert not Path(f"{cuda.prefix}.new").exists()


def test_folder_of_somebody_else_is_put_aside_and_not_mixed(cuda: CudaPlan, tmp_path: Path) -> None:
    other = Path(cuda.prefix) / "bin/tool"
    other.parent.mkdir(parents=True)
    other.write_text("theirs")
    done = install(cuda, tmp_path)
    assert files(Path(cuda.prefix)) == WHOLE
    assert (Path(f"{cuda.prefix}.before") / "bin/tool").read_text() == "theirs"
    assert f"moved to {cuda.prefix}.before" in done.stdout


def test_wrong_digest_leaves_no_toolkit(cuda: CudaPlan, tmp_path: Path) -> None:
    bad = replace(cuda.downloads[1], sha256="0" * 64)
    done = install(replace(cuda, downloads=(cuda.downloads[0], bad)), tmp_path)
    assert done.returncode != 0
    assert "wrong sha256" in done.stdout
    assert not Path(cuda.prefix).exists()


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_every_component_of_a_server_s_plan_is_laid_out(
    arch: str, server: tuple[str, Path], tmp_path: Path
) -> None:
    """As planned for each architecture: the deploy itself is run on x86_64 hosts only."""
    profile = HostProfile("ubuntu-24.04", arch, (Gpu("gh200" if arch == "aarch64" else "h100"),))
    stack = with_requests(load_stack("pytorch-2.9"), {"cuda_purpose": "runtime"})
    plan = resolve(stack, profile, load_catalog()).plan
    assert plan is not None and plan.cuda is not None and plan.cuda.origin == "redist"
    names = [file.name for file in plan.cuda.downloads]
    assert len(names) > 10
    made = [
        download(server, f"{arch}-{name}", f"lib/{name}.so", f"LICENSE.{name}") for name in names
    ]
    wanted = replace(plan.cuda, downloads=tuple(made), prefix=str(tmp_path / "cuda-11.8"))
    done = install(wanted, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    there = files(Path(wanted.prefix))
    assert there == {f for n in names for f in (f"lib/{n}.so", f"LICENSE.{n}")} | {
        "lib64",
        "version.json",
    }


def cudnn_script(server: tuple[str, Path], folder: Path) -> tuple[str, Path, Path]:
    """The script that lays out cuDNN's tarball, its prefix and its link."""
    file = download(server, "cudnn", "include/cudnn.h", "lib/libcudnn.so.8")
    prefix, link = folder / "cudnn/8.9.7", folder / "cudnn-8"
    plan = CudnnPlan("8.9.7.29", "redist", str(prefix), download=file)
    return render("cudnn_tarball.sh.j2", cudnn=plan, link=str(link)), prefix, link


def test_cudnn_is_laid_out_behind_its_link(server: tuple[str, Path], tmp_path: Path) -> None:
    script, prefix, link = cudnn_script(server, tmp_path)
    assert run(script, tmp_path / "job").returncode == 0
    assert link.readlink() == prefix
    assert (link / "include/cudnn.h").read_text() == "include/cudnn.h"


def test_cudnn_folder_is_never_there_without_its_link(
    server: tuple[str, Path], tmp_path: Path
) -> None:
    """A later run looks for the folder, so it must come last: the job is killed at the link."""
    script, prefix, link = cudnn_script(server, tmp_path)
    killer = tmp_path / "bin/ln"
    killer.parent.mkdir()
    killer.write_text("#!/bin/sh\nkill -9 $PPID\n")
    killer.chmod(0o755)
    path = f"PATH={killer.parent}:$PATH\n"
    assert run(path + script, tmp_path / "job").returncode == -9
    assert not prefix.exists()
    assert run(script, tmp_path / "job").returncode == 0
    assert (link / "lib/libcudnn.so.8").exists()
