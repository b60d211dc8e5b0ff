"""The image without PyTorch: the real programs, JupyterLab, TensorBoard and sshd, in a minute.

Recipe, locks and programs are the product's own. Only PyTorch's packages are left out of the lock:
they are 6 GB, and play no part in how a workspace is reached.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace

from sandbox import base_image
from sandbox.hosts import SandboxHost
from stacks.image import image_plan
from stacks.image_model import ImagePlan
from stacks.model import Gpu, HostProfile
from stacks.wishes import with_wishes
from tasks import locks, plans, uv
from tasks.image import lock_parts
from tasks.image.recipe import Recipe, recipe_of

_LEFT_OUT = ("nvidia-", *lock_parts.RELEASED_WITH_TORCH)
_FOLDER = "/var/tmp/light-image"


def plan() -> ImagePlan:
    """The plan of the shipped stack's image, without the system's CUDA."""
    stack = with_wishes(plans.stack_of({}), {"image_cuda": "none"})
    profile = HostProfile(os="debian-12", arch="x86_64", gpus=(Gpu("h100"),))
    found = image_plan(stack, profile, plans.catalog()).plan
    assert found is not None
    return found


def recipe() -> Recipe:
    """The image's recipe, with the steps for what is left out taken from it."""
    planned = plan()
    pinned = lock_parts.entries(locks.text({}, planned.torch.lock))
    light = "".join(text for name, text in pinned.items() if not name.startswith(_LEFT_OUT))
    made = recipe_of(planned, light, locks.text({}, planned.service.lock))
    before, torch, after = made.files["Dockerfile"].partition(
        "RUN --mount=type=bind,source=steps/torch.sh"
    )
    assert torch
    rest = after.split("sh -eu", 1)[1].partition("\n")[2]
    return replace(made, files={**made.files, "Dockerfile": before + rest})


def build(host: SandboxHost, *tags: str) -> str:
    """Build it in the host's Docker under these names; gives its id."""
    base_image.load(host, tag=plan().base)
    _send(host, "mkdir -p {0} && tar -C {0} -xf -", recipe().archive())
    _send(host, "cat >{0}/uv && chmod 755 {0}/uv", uv.local_binary("x86_64").read_bytes())
    words = " ".join(f"--tag {tag}" for tag in tags)
    host_index = f"export UV_DEFAULT_INDEX={host.mirror_url}/simple\n" if host.mirror_url else ""
    _send(host, "cat >{0}.fetch", host_index.encode())
    _run(host, "install -m 600 /dev/null {0}.apt")
    _run(
        host,
        "cd {0} && DOCKER_BUILDKIT=1 docker build --quiet --secret id=fetch,src={0}.fetch "
        "--secret id=apt,src={0}.apt --build-arg GPUWRIGHT_UID=1000 " + words + " .",
    )
    return _run(host, f"docker image inspect -f '{{{{.Id}}}}' {tags[0]}")


def relabelled(host: SandboxHost, base: str, tag: str) -> str:
    """Another image that differs from `base` in a label only; gives its id."""
    _send(
        host,
        f"docker build --quiet --tag {tag} -",
        f"FROM {base}\nLABEL release={tag}\n".encode(),
    )
    return _run(host, f"docker image inspect -f '{{{{.Id}}}}' {tag}")


def _run(host: SandboxHost, command: str) -> str:
    done = host.run(command.replace("{0}", _FOLDER))
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def _send(host: SandboxHost, command: str, data: bytes) -> None:
    done = subprocess.run(
        host.ssh_argv(command.replace("{0}", _FOLDER)),
        input=data,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stderr.decode()}"
