"""A host with Docker on which a small image is built: the product's own steps, without torch.

Its locks have five small packages in place of torch and of what torch needs.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facts.host import probe_command
from facts.images import Images
from facts.model.host import HostState
from facts.parse import parse_host
from facts.parse.images import ImageState, parse
from sandbox import hosts
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.images import base_image
from tasks.hostdata.image import image_settings
from tasks.image.work import FOLDER, Work
from tasks.python import lock_parts, locks, uv
from tasks.recipe import opening
from tasks.steps import job
from tests.hosts import runner
from tests.hosts.lab import Lab, Run
from tests.job_script import started

SMALL = ("filelock", "typing-extensions", "sympy", "tornado", "idna")


@dataclass(frozen=True)
class Place:
    """The host, what is planned for it, and the small image's work."""

    host: SandboxHost
    state: HostState
    work: Work
    data: dict[str, Any]
    """The host's data; its stack has locks of its own."""
    folder: Path

    @property
    def bundle(self) -> Path:
        """Where a bundle is collected."""
        return self.folder / "bundle"

    @property
    def image(self) -> str:
        """Id of the image that the moving tag leads to."""
        return self.on_host(f"docker image inspect --format '{{{{.Id}}}}' {self.work.recipe.name}")

    def pyinfra(self, *words: str, deploy: str) -> Run:
        """Run a deploy with this place's data and the bundle."""
        told = {**self.data, "bundle": str(self.bundle), "bundle_for": "image"}
        return Lab(self.host, runner.inventory(self.folder, **{self.host.name: told})).pyinfra(
            *words, deploy=deploy
        )

    def on_host(self, command: str) -> str:
        """What a command says, which must succeed."""
        done = self.host.run(command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def asking_for(self, **data: object) -> Work:
        """The work with other host data."""
        return replace(self.work, settings=image_settings(data))

    def do(self, work: job.Job) -> str:
        """Start the job as the deploy does, wait for its end, and give what it says."""
        self.on_host(started(work))
        while (said := self.host.run(job.poll_script(work, 5)).stdout).startswith("state running"):
            pass
        log = self.on_host(f"cat {work.folder}/log")
        return f"{said}\n{log}"

    def seen(self, work: Work | None = None) -> ImageState:
        """What the fact says about the image."""
        save = (work or self.work).settings.save
        return parse(self.on_host(str(Images().command("pytorch-cuda", save))).splitlines())

    def push_context(self) -> None:
        """What the deploy uploads before a build."""
        folder = self.host.rootfs / FOLDER.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "context.tar").write_bytes(self.work.recipe.archive())

    def layers(self, name: str) -> list[str]:
        """Digests of an image's layers."""
        words = "docker image inspect --format '{{json .RootFS.Layers}}'"
        return list(json.loads(self.on_host(f"{words} {name}")))


def small_stack(folder: Path) -> Path:
    """The stack of this release with locks of a few small packages: its image has no torch."""
    (folder / "locks").mkdir(parents=True)
    for lock in locks.OURS.glob("*torch-2.9.1-cu128-cp311-x86_64.txt"):
        entries = lock_parts.entries(lock.read_text()).items()
        text = "".join(text for name, text in entries if name in SMALL)
        (folder / "locks" / lock.name).write_text(text)
    return Path(shutil.copy(locks.OURS.parent / "pytorch-2.9.yaml", folder))


def placed(name: str, os_name: str, folder: Path) -> Iterator[Place]:
    """A fresh host with the archive's Docker, the base image, uv, and a plan without CUDA."""
    host = hosts.up(HostSpec(name, os_name, gpus=("h100",), engines=True), fresh=True)
    client = "docker-cli " if os_name == "debian-13" else ""
    done = host.run(
        "apt-get -qq update && apt-get -qq install --yes --no-install-recommends "
        f"docker.io {client}zstd"
    )
    assert done.returncode == 0, done.stderr
    base_image.load(host)
    state: HostState = parse_host(host.run(str(probe_command())).stdout.splitlines())
    data = runner.host_data(
        host,
        image_cuda="none",
        expected_gpus="h100",
        stack=str(small_stack(folder / "stacks")),
    )
    plan = opening.resolved(state, data).plan
    assert plan is not None
    recipe = opening.recipe_for(plan, data, image_settings({}))
    path = uv.remote_path(state.system.arch).lstrip("/")
    (host.rootfs / path).parent.mkdir(parents=True)
    (host.rootfs / path).write_bytes(uv.local_binary(state.system.arch).read_bytes())
    yield Place(host, state, Work(recipe, image_settings({})), data, folder)
    host.down()
