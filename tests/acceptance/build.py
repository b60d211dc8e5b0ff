"""Compiling programs on the host as its users do: with the environment file, and without it."""

from __future__ import annotations

import json
import shlex
from typing import Any

from stacks.model.plan import CudaPlan
from tasks.layout import CUDNN, ENVIRONMENT
from tests.acceptance.subject import Subject

LOADED = f". {ENVIRONMENT}"
"""What a user types who wants the system toolkit."""
LIBRARIES = "-lcudnn -lcublas"


def bare(script: str) -> str:
    """Shell that runs ``script`` with nothing of the login's environment."""
    clean = "env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8"
    return f"{clean} sh -c {shlex.quote('set -e; ' + script)}"


def with_environment_file(host: Subject) -> dict[str, Any]:
    """Compile, link and run with nothing but the environment file."""
    source, target = host.send("cuda_cudnn.cu"), f"{host.folder}/with"
    return _answer(host, f"{LOADED}; nvcc -o {target} {source} {LIBRARIES}; {target}")


def without_environment_file(host: Subject, cuda: CudaPlan) -> dict[str, Any]:
    """Compile, link and run with nvcc by its path and cuDNN's folders as options."""
    source, target = host.send("cuda_cudnn.cu"), f"{host.folder}/without"
    folders = ",".join(f"-rpath={folder}" for folder in (f"{CUDNN}/lib", *_own_folder(cuda)))
    options = f"-I{CUDNN}/include -L{CUDNN}/lib -Xlinker {folders} {LIBRARIES}"
    return _answer(host, f"{cuda.nvcc} -o {target} {source} {options}; {target}")


def through_pkg_config(host: Subject, cuda: CudaPlan) -> dict[str, Any]:
    """Compile, link and run a host program with what ``pkg-config cudnn`` says."""
    source, target = host.send("cudnn_version.cc"), f"{host.folder}/pkg-config"
    flags = f"$(pkg-config --cflags --libs cudnn) -I{cuda.prefix}/include"
    path = f"export PKG_CONFIG_PATH={CUDNN}/lib/pkgconfig"
    compiler = cuda.host_compiler or "g++"
    return _answer(host, f"{path}; {compiler} -o {target} {source} {flags}; {target}")


def through_cmake(host: Subject) -> dict[str, Any]:
    """Configure, build and run a CMake project that says ``find_package(CUDNN 8)``."""
    host.send("cuda_cudnn.cu")
    host.send("CMakeLists.txt")
    target = f"{host.folder}/cmake"
    configure = f"cmake -S {host.folder} -B {target} -DCMAKE_CUDA_ARCHITECTURES=80 >&2"
    return _answer(host, f"{LOADED}; {configure}; cmake --build {target} >&2; {target}/cuda_cudnn")


def _own_folder(cuda: CudaPlan) -> list[str]:
    """The toolkit's own library folder, where the loader does not look by itself."""
    return [f"{cuda.prefix}/lib64"] if cuda.prefix.startswith("/usr/local") else []


def _answer(host: Subject, script: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(host.run(bare(script)))
    return answer
