"""What speaks against an image on this host, found before it is touched. Pure."""

from __future__ import annotations

from pathlib import Path

from facts.parse.images import ImageState
from stacks.model.messages import Conflict
from tasks.host import preflight
from tasks.image.work import Work, is_present, lacking_tools, target
from tasks.recipe.conflicts import docker, of_plan
from tasks.steps import rollback

SERVICES_MB = 700
"""JupyterLab, TensorBoard and what they need, in an image: 610 MiB measured 2026-11."""
SYSTEM_MB = 700
"""Debian's slim base, Python, a C compiler, git and sshd: measured 2026-11."""


def of_work(work: Work, state: ImageState) -> tuple[Conflict, ...]:
    """What speaks against this image here."""
    found = docker(state)
    if not found:
        found += [
            *of_plan(work.plan),
            *_tools(work, state),
            *_disk(work, state),
            *_way_back(work, state),
        ]
    return tuple(found)


def only_docker_lacks(conflicts: tuple[Conflict, ...]) -> bool:
    """Whether ``deploys/container_host.py`` before this one in the same run fixes all of it."""
    return all(conflict.code == "IMAGE-NO-DOCKER" for conflict in conflicts)


def _tools(work: Work, state: ImageState) -> list[Conflict]:
    """BUNDLE-TOOLS: a host that reaches no archive cannot get the builder."""
    lacking = lacking_tools(work, state)
    if not lacking or work.supply is None:
        return []
    return [
        Conflict(
            "BUNDLE-TOOLS",
            "a build from a bundle needs programs that this host lacks",
            f"lacking: {', '.join(lacking)}; a bundle holds no packages of hosts yet",
            (f"apt-get install {' '.join(lacking)}, from wherever this host has packages",),
            "docs/image.md",
        )
    ]


def size_mb(work: Work) -> int:
    """MiB of the image, unpacked."""
    plan = work.plan
    parts = (plan.torch.disk_mb, plan.cuda and plan.cuda.disk_mb, plan.cudnn and plan.cudnn.disk_mb)
    return sum(part or 0 for part in parts) + SERVICES_MB + SYSTEM_MB


def needs(work: Work, state: ImageState) -> list[tuple[str, int, int | None, str]]:
    """Place, MiB needed there, MiB free there, and what for; nothing for an image that is there."""
    size = size_mb(work)
    found = []
    if not is_present(work, state):
        root = state.root or "/var/lib/docker"
        if work.settings.source == "build":
            # uv's cache of the build holds the wheels' files once more, until it is cleared.
            cache = work.plan.torch.disk_mb
            what = "image and cache of its build"
            if work.supply:
                # Docker's builder has a copy of its own.
                cache += 2 * work.supply.size_mb
                what += ", twice the bundle's files"
            found.append((root, size + cache, state.root_free_mb, what))
        elif work.settings.source == "tar":
            tar = Path(work.settings.tar).stat().st_size // 2**20
            if state.same_disk:
                found.append((root, size + tar, state.root_free_mb, "image and its tar file"))
            else:
                found.append((root, size, state.root_free_mb, "image"))
                found.append(("/var", tar, state.var_free_mb, "tar file"))
        else:
            # Docker keeps a layer compressed while it unpacks it.
            found.append((root, size * 3 // 2, state.root_free_mb, "image and what is pulled"))
    if work.settings.save and state.file_size is None:
        folder = work.settings.save.rpartition("/")[0] or "/"
        found.append((folder, size * 6 // 10, state.file_free_mb, "tar file, compressed"))
    return found


def _disk(work: Work, state: ImageState) -> list[Conflict]:
    found = []
    for place, need, free, what in needs(work, state):
        if free is None or free >= need + preflight.HEADROOM_MB:
            continue
        lacking = need + preflight.HEADROOM_MB - free
        found.append(
            Conflict(
                "DISK-SMALL",
                f"the disk of {place} is too small",
                f"{free:,} MiB are free; needed are {need:,} MiB ({what}) and "
                f"{preflight.HEADROOM_MB:,} MiB of headroom",
                (
                    f"free or add {lacking:,} MiB there; docker system df shows what Docker keeps",
                    "image_cuda: none makes the image smaller",
                ),
                "sizes: stacks/catalog",
            )
        )
    return found


def _way_back(work: Work, state: ImageState) -> list[Conflict]:
    if target(work, state) is not None:
        return []
    return [
        rollback.none_so_old("image", work.settings.rollback, sorted(state.images), "docs/image.md")
    ]
