"""The steps that fill a bundle: what an index has is fetched here, what apt has by the host."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from gevent.lock import BoundedSemaphore
from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host

from facts.parse.images import layers as image_layers
from tasks.bundle import bundle_conflicts, contents, wheels
from tasks.bundle import work as works
from tasks.bundle.contents import DEBS
from tasks.bundle.work import Work
from tasks.offline import manifest
from tasks.offline.manifest import Base, BundleError, Entry, Manifest
from tasks.recipe import inputs
from tasks.recipe.recipe import DEV, EPOCH
from tasks.steps import job, refusal, sending
from tasks.steps.step import Commands, run, step
from tasks.templates import render
from tasks.transfer.fetch import TransferError, fetch

W = TypeVar("W")
_one_at_a_time = BoundedSemaphore(1)
"""Hosts of one plan need the same files: the second one finds them there."""


@step
def wheels_of_locks(work: Work) -> Commands:
    """The wheels of both locks, for the image's Python and platform, by their hashes."""
    if works.lacking_wheels(work.folder, manifest.read(work.folder), work.asked):
        yield alone(_fetch_wheels, work)


@step
def tarballs(work: Work) -> Commands:
    """NVIDIA's tarballs, where the image takes CUDA or cuDNN from them."""
    if works.lacking_tarballs(work.folder, manifest.read(work.folder), work.asked):
        yield alone(_fetch_tarballs, work)


@step
def base(work: Work) -> Commands:
    """The base image, as the host's Docker has it or pulls it."""
    if works.lacks_base(work.folder, manifest.read(work.folder), work.asked):
        yield alone(_save_base, work)


@step
def packages(work: Work) -> Commands:
    """The packages that the image's steps install on this base, as a flat repository."""
    if works.lacks_debs(work.folder, manifest.read(work.folder), work.asked):
        yield alone(_fetch_debs, work)


def alone(function: Callable[[Host, W], bool], work: W) -> FunctionCommand:
    """The command that fills the bundle while no other host does; it says what did not come."""
    return FunctionCommand(_run_alone, (function, work), {})


def _run_alone(state: object, host: Host, function: Callable[[Host, W], bool], work: W) -> bool:
    with _one_at_a_time:
        try:
            return function(host, work)
        except (BundleError, TransferError, OSError, tarfile.TarError) as error:
            refusal.told(host, (bundle_conflicts.not_fetched(error),))
            return False


def _fetch_wheels(host: Host, work: Work) -> bool:
    for lock in works.lacking_wheels(work.folder, manifest.read(work.folder), work.asked):
        parts = work.asked.locks[lock]
        text, digest = "".join(parts.values()), contents.lock_digest(parts)
        wheels.collect(work.folder, work.plan, lock, text, digest, saying(host))
    return True


def _fetch_tarballs(host: Host, work: Work) -> bool:
    for downloads in work.asked.tarballs.values():
        for download in downloads:
            path = contents.tarball_file(download)
            known = manifest.read(work.folder).files.get(path)
            if known is None or manifest.fault(work.folder, path, known):
                say = saying(host)
                say(f"fetching {download.name}")
                target = work.folder / path
                fetch([download.url], download.sha256, target, say, size=download.size)
                _add(work.folder, path, download.name)
    return True


def _save_base(host: Host, work: Work) -> bool:
    asked = work.asked
    if not works.lacks_base(work.folder, manifest.read(work.folder), asked):
        return True
    task = base_job(work)
    if not job.ran(host, task):
        return False
    good, said = run(host, f"cat {task.folder}/layers")
    layers = image_layers(said)
    if good and layers is None:
        raise BundleError(f"{host.name} names no layers of {asked.base}: {said[:200]!r}")
    if layers is None or not _bring(host, task, "base.tar.gz", work.folder / asked.base_file):
        return False
    _add(work.folder, asked.base_file, asked.base_key)

    def changed(now: Manifest) -> Manifest:
        told = Base(asked.base_file, layers)
        return dataclasses.replace(now, bases={**now.bases, asked.base_key: told})

    manifest.change(work.folder, changed)
    return True


def _fetch_debs(host: Host, work: Work) -> bool:
    known = manifest.read(work.folder)
    if not works.lacks_debs(work.folder, known, work.asked):
        return True
    key = work.asked.archive(known.bases[work.asked.base_key].layers)
    task = debs_job(work)
    tar = work.folder / DEBS / f"{key}.tar"
    if not job.ran(host, task) or not _bring(host, task, "debs.tar", tar):
        return False
    place = work.folder / DEBS / key
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    with tarfile.open(tar) as archive:
        for member in archive:
            source = archive.extractfile(member)
            if source is not None:
                with (place / Path(member.name).name).open("wb") as file:
                    shutil.copyfileobj(source, file)
    tar.unlink()

    def changed(now: Manifest) -> Manifest:
        others = {p: e for p, e in now.files.items() if not p.startswith(f"{DEBS}/{key}/")}
        now = dataclasses.replace(now, files=others)
        for file in sorted(place.iterdir()):
            path = f"{DEBS}/{key}/{file.name}"
            now = now.with_file(path, manifest.entry_of(file, key))
        names = tuple(name for ask in work.asked.asks.values() for name in ask.names)
        return dataclasses.replace(now, archives={**now.archives, key: names})

    manifest.change(work.folder, changed)
    return True


def base_job(work: Work) -> job.Job:
    """The job that saves the base image on the host."""
    script = render("bundle_base.sh.j2", base=work.asked.base)
    return job.Job("bundle-base", f"saving {work.asked.base}", script)


def debs_job(work: Work) -> job.Job:
    """The job that lets apt fetch, in a container of the base, what the steps would install."""
    names: tuple[str, ...] = ()
    together = []
    for ask in work.asked.asks.values():
        names = (*names, *(name for name in ask.names if name not in names))
        together.append(inputs.Ask(names, ask.components))
    inside = render("bundle_debs_inside.sh.j2", asks=together, dev=DEV, epoch=EPOCH)
    return job.Job(
        "bundle-debs",
        f"fetching packages for {work.asked.base}",
        render("bundle_debs.sh.j2", base=work.asked.base, dev=DEV),
        progress='echo "$(find place/debs -name "*.deb" | wc -l) packages"',
        inputs=(
            ("debs.sh", inside),
            ("apt.list", "".join(f"{line}\n" for line in work.apt)),
        ),
    )


def _bring(host: Host, task: job.Job, name: str, target: Path) -> bool:
    """Fetch a file that a job made, check it against the job's ``sha256``, and remove it there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    good, sha256 = run(host, f"cat {task.folder}/sha256")
    remote = f"{task.folder}/{name}"
    if not good or not sending.downloaded(host, remote, part):
        return False
    if manifest.entry_of(part, "").sha256 != sha256.strip():
        part.unlink()
        raise BundleError(f"{name} came from {host.name} as another file than it is there")
    part.replace(target)
    run(host, f"rm -f {shlex.quote(remote)}")
    return True


def _add(folder: Path, path: str, owner: str) -> None:
    add(folder, path, manifest.entry_of(folder / path, owner))


def add(folder: Path, path: str, entry: Entry) -> None:
    """Write a file that has come into the manifest."""
    manifest.change(folder, lambda now: now.with_file(path, entry))


def saying(host: Host) -> Callable[[str], None]:
    """Tells a person a line about this host."""
    return lambda text: logger.info(f"{host.print_prefix}{text}")
