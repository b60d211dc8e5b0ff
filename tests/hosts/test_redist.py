"""NVIDIA's component tarballs: a double of its download server, the real host, the real job.

The tarballs are small stand-ins with the real ones' names and layout. Fetching, checking, unpacking
and laying out are the product's own.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from facts.host import probe_command
from facts.model.host import HostState
from facts.parse import parse_host
from sandbox import hosts
from sandbox.hosts import HostSpec, SandboxHost
from stacks.catalog.read import load_catalog
from stacks.load import load_stack
from stacks.model.host import Gpu, HostProfile
from stacks.model.plan import CudaPlan, CudnnPlan, Download, Plan
from stacks.requests import with_requests
from stacks.resolve import resolve
from tasks.cuda import cudnn
from tasks.cuda import state as cuda_state
from tasks.cuda import toolkit as cuda
from tasks.packages import apt
from tasks.steps import job
from tests.job_script import started

NVCC = "#!/bin/sh\necho 'Cuda compilation tools, release 11.8, V11.8.89'\n"
CUDA = {
    "cuda_nvcc": {"bin/nvcc": NVCC, "bin/nvcc.profile": "TOP = $(_HERE_)/..\n"},
    "cuda_cudart": {"lib/libcudart.so.11.8.89": "a", "include/cuda_runtime.h": "b"},
}
CUDNN_H = "#define CUDNN_MAJOR 8\n#define CUDNN_MINOR 9\n#define CUDNN_PATCHLEVEL 7\n"
CUDNN = {"include/cudnn_version.h": CUDNN_H, "lib/libcudnn.so.8.9.7": "c"}


@pytest.fixture(scope="module")
def host() -> Iterator[SandboxHost]:
    with_host = hosts.up(HostSpec("redist", gpus=()), fresh=True)
    yield with_host
    with_host.down()


@pytest.fixture(scope="module")
def plan() -> Plan:
    stack = with_requests(
        load_stack("pytorch-2.9"), {"cuda_origin": "redist", "cudnn_origin": "redist"}
    )
    profile = HostProfile("debian-12", "x86_64", (Gpu("h100"),))
    found = resolve(stack, profile, load_catalog()).plan
    assert found is not None and found.cuda is not None and found.cudnn is not None
    return found


@pytest.fixture
def server(tmp_path: Path, host: SandboxHost) -> Iterator[str]:
    """Serve a folder on the address that the host reaches this machine at; give the server's."""
    assert host.mirror_url is not None
    address = urlsplit(host.mirror_url).hostname or ""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    httpd = ThreadingHTTPServer((address, 0), handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://{address}:{httpd.server_port}"
    httpd.shutdown()


def tarball(folder: Path, name: str, files: dict[str, str], base: str) -> Download:
    """A component as NVIDIA packs it: everything below ``<name>-archive/``."""
    path = folder / f"{name}-archive.tar.xz"
    with tarfile.open(path, "w:xz") as archive:
        for inner, text in files.items():
            entry = tarfile.TarInfo(f"{name}-archive/{inner}")
            entry.size = len(text.encode())
            entry.mode = 0o755 if inner.startswith("bin/nvcc") else 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    return Download(name, base, path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def do(host: SandboxHost, work: job.Job) -> str:
    """Start the job on the host as the deploy does, wait for its end, and give what it says."""
    begun = host.run(started(work))
    assert begun.returncode == 0, begun.stderr
    while True:
        said = host.run(job.poll_script(work, 5)).stdout
        if not said.startswith("state running"):
            return str(said)


def seen(host: SandboxHost) -> HostState:
    """The host as the probe sees it."""
    return parse_host(host.run(str(probe_command())).stdout.splitlines())


def small(plan: CudaPlan, downloads: tuple[Download, ...]) -> CudaPlan:
    """The planned toolkit with these downloads; the compiler is not what is tested here."""
    return replace(plan, downloads=downloads, compiler_packages=())


def cuda_job(plan: CudaPlan) -> job.Job:
    return job.Job("cuda", "CUDA", cuda._from_tarballs(apt, plan))


def test_a_file_with_another_sha256_is_thrown_away_and_nothing_is_laid_out(
    host: SandboxHost, plan: Plan, server: str, tmp_path: Path
) -> None:
    assert plan.cuda is not None
    real = tarball(tmp_path, "cuda_nvcc", CUDA["cuda_nvcc"], server)
    said = do(host, cuda_job(small(plan.cuda, (replace(real, sha256="0" * 64),))))
    assert said.startswith("state done 1")
    assert "wrong sha256" in said and real.sha256 in said
    assert host.run(f"test ! -e {plan.cuda.prefix} -a ! -e {plan.cuda.prefix}.new").returncode == 0


def test_a_server_without_the_file_is_named(host: SandboxHost, plan: Plan, server: str) -> None:
    assert plan.cuda is not None
    gone = Download("cuda_nvcc", server, "gone.tar.xz", "0" * 64)
    said = do(host, cuda_job(small(plan.cuda, (gone,))))
    assert said.startswith("state done 1") and f"{server}/gone.tar.xz" in said


def test_components_become_one_toolkit_that_the_probe_finds(
    host: SandboxHost, plan: Plan, server: str, tmp_path: Path
) -> None:
    assert plan.cuda is not None
    downloads = tuple(tarball(tmp_path, n, files, server) for n, files in CUDA.items())
    wanted = small(plan.cuda, downloads)
    said = do(host, cuda_job(wanted))
    assert said.startswith("state done 0"), said
    assert cuda_state.complete(seen(host), wanted)
    toolkit = next(t for t in seen(host).cuda if t.path == wanted.prefix)
    assert toolkit.nvcc_release == "V11.8.89"
    links = host.run(f"readlink {wanted.prefix}/lib64 {wanted.prefix}/host-compiler/g++").stdout
    assert links.split() == ["lib", wanted.host_compiler]
    assert host.run(f"grep -c host-compiler {wanted.prefix}/bin/nvcc.profile").stdout.strip() == "1"


def test_cudnn_tarball_becomes_a_library_behind_the_stable_link(
    host: SandboxHost, plan: Plan, server: str, tmp_path: Path
) -> None:
    assert plan.cudnn is not None
    download = tarball(tmp_path, "cudnn", CUDNN, server)
    wanted: CudnnPlan = replace(plan.cudnn, download=download)
    script = cudnn._script(seen(host), plan, wanted)
    said = do(host, job.Job("cudnn", "cuDNN", script))
    assert said.startswith("state done 0"), said
    assert cuda_state.cudnn_complete(seen(host), wanted)
    assert host.run("readlink /opt/gpuwright/cudnn-8").stdout.strip() == wanted.prefix
