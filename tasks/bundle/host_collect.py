"""The steps that fill a bundle for hosts: packages by the host's apt, the rest from here."""

from __future__ import annotations

import shlex
import tarfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from pyinfra.api.host import Host

from stacks.model import address
from tasks.bundle import collect, host_work, licence, signing, wheels
from tasks.bundle.host_work import HostWork
from tasks.offline import index, manifest, wants
from tasks.offline.index import Deb
from tasks.offline.manifest import BundleError, Manifest, Release
from tasks.offline.wants import KEY, LINKS, SIGNED
from tasks.steps import job, sending
from tasks.steps.step import Commands, run, step
from tasks.templates import render
from tasks.transfer.fetch import fetch

BATCH_BYTES, BATCH_FILES = 200 << 20, 400
"""What comes in one piece: a line that is cut loses no more."""


@step
def packages(work: HostWork) -> Commands:
    """All packages that this host's plan takes, with what they depend on."""
    if host_work.lacking_debs(work, manifest.read(work.folder)):
        yield collect.alone(_fetch_packages, work)


@step
def wheels_of_locks(work: HostWork) -> Commands:
    """The wheels of the plan's locks, for the host's Python and platform, by their hashes."""
    if host_work.lacking_locks(work, manifest.read(work.folder)):
        yield collect.alone(_fetch_wheels, work)


@step
def tarballs(work: HostWork) -> Commands:
    """NVIDIA's tarballs, where the plan takes CUDA or cuDNN from them."""
    if host_work.lacking_tarballs(work, manifest.read(work.folder)):
        yield collect.alone(_fetch_tarballs, work)


@step
def repository(work: HostWork) -> Commands:
    """The packages as a repository that apt reads, signed by a key that is made for it."""
    known = manifest.read(work.folder)
    # What is still to come changes what is to be signed.
    due = host_work.lacking_debs(work, known) or host_work.lacking_locks(work, known)
    if due or host_work.is_due(work, known):
        yield collect.alone(_sign, work)


def _fetch_packages(host: Host, work: HostWork) -> bool:
    missing = host_work.lacking_debs(work, manifest.read(work.folder))
    release = work.wanted.release
    task = packages_job(work, missing)
    if not missing or not job.ran(host, task):
        return not missing
    for batch in batches(missing):
        names = shlex.join(deb.sha256 for deb in batch)
        packed = f"cd {task.folder} && tar --create --file batch.tar --directory debs {names}"
        good, said = run(host, packed)
        if not good:
            raise BundleError(f"{host.name} cannot pack what it fetched: {said[:300]}")
        work.folder.mkdir(parents=True, exist_ok=True)
        part = work.folder / f"{release.replace(' ', '-')}.tar.part"
        if not sending.downloaded(host, f"{task.folder}/batch.tar", part):
            return False
        try:
            _unpacked(part, work, batch)
        finally:
            part.unlink(missing_ok=True)
        run(host, f"cd {task.folder} && rm -f batch.tar && cd debs && rm -f {names}")
    run(host, f"rm -rf {task.folder}/debs {task.folder}/list")
    return True


def _unpacked(part: Path, work: HostWork, batch: list[Deb]) -> None:
    """Put what came into the bundle; what is not as it should be raises `BundleError`."""
    expected = {deb.sha256: deb for deb in batch}
    with tarfile.open(part) as archive:
        for member in archive:
            source = archive.extractfile(member)
            deb = expected.pop(Path(member.name).name, None)
            if source is None or deb is None:
                continue
            target = work.folder / deb.path
            target.parent.mkdir(parents=True, exist_ok=True)
            new = target.with_suffix(".part")
            _written(source, new)
            entry = manifest.entry_of(new, work.wanted.release)
            if (entry.sha256, entry.size) != (deb.sha256, deb.size):
                new.unlink()
                raise BundleError(f"{deb.name} came as another file than the archive has")
            new.replace(target)
    if expected:
        names = ", ".join(deb.name for deb in expected.values())
        raise BundleError(f"what the host sent lacks {names[:300]}")

    def changed(now: Manifest) -> Manifest:
        for deb in batch:
            entry = manifest.Entry(
                *(deb.sha256, deb.size, (work.wanted.release,)),
                source=address.bare(work.addresses.get(deb.sha256, "")),
                licence=licence.of_package(deb.section),
            )
            now = now.with_file(deb.path, entry)
        return now

    manifest.change(work.folder, changed)


def _written(source: IO[bytes], target: Path) -> None:
    with target.open("wb") as file:
        while block := source.read(1 << 20):
            file.write(block)


def batches(debs: list[Deb]) -> Iterator[list[Deb]]:
    """The packages in pieces of a bearable size, in their order; a large one is alone."""
    batch: list[Deb] = []
    for deb in debs:
        size = sum(one.size for one in batch)
        if batch and (size + deb.size > BATCH_BYTES or len(batch) >= BATCH_FILES):
            yield batch
            batch = []
        batch.append(deb)
    if batch:
        yield batch


def packages_job(work: HostWork, missing: list[Deb]) -> job.Job:
    """The job that lets the host's apt fetch these files."""
    lines = "".join(f"{d.sha256} {work.addresses[d.sha256]}\n" for d in missing)
    return job.Job(
        "bundle-packages",
        f"fetching {len(missing)} packages",
        render("bundle_packages.sh.j2"),
        progress=f'echo "$(ls debs | grep -vc part) of {len(missing)} packages: $(cat doing)"',
        inputs=(("list", lines),),
    )


def _fetch_wheels(host: Host, work: HostWork) -> bool:
    for lock in host_work.lacking_locks(work, manifest.read(work.folder)):
        text = work.wanted.locks[lock]
        digest = wants.lock_digest(text)
        wheels.collect(work.folder, work.plan, lock, text, digest, collect.saying(host))
    return True


def _fetch_tarballs(host: Host, work: HostWork) -> bool:
    say = collect.saying(host)
    for download in work.wanted.tarballs:
        path = wants.tarball_file(download.sha256)
        if download.sha256 not in host_work.lacking_tarballs(work, manifest.read(work.folder)):
            continue
        say(f"fetching {download.name}")
        target = work.folder / path
        fetch([download.url], download.sha256, target, say, size=download.size)
        entry = replace(
            manifest.entry_of(target, download.name),
            source=download.path,
            licence=licence.NVIDIA,
        )
        collect.add(work.folder, path, entry)
    return True


def _sign(host: Host, work: HostWork) -> bool:
    """Write all repositories of the bundle again: one key signs them, and it is not kept."""
    folder, release = work.folder, work.wanted.release
    known = manifest.read(folder)
    there = known.releases.get(release, Release(work.wanted.index))
    hosts = tuple(sorted({*there.hosts, work.host}))
    releases = {**known.releases, release: Release(work.wanted.index, hosts)}
    texts = {}
    for name, one in releases.items():
        file = folder / one.index / index.PACKAGES
        texts[name] = host_work.packages_text(work, known) if name == release else file.read_text()
    now = time.time()
    asked = [
        index.release(releases[name].index, name.split(" ")[0], _arch(name), text.encode(), now)
        for name, text in texts.items()
    ]
    key, public, signed = signing.signed(asked)
    written = {KEY: public, LINKS: host_work.links_text(known)}
    for (name, text), body in zip(texts.items(), signed, strict=True):
        written[f"{releases[name].index}/{index.PACKAGES}"] = text
        written[f"{releases[name].index}/{SIGNED}"] = body
    entries = {}
    for path, text in written.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        part.write_text(text)
        part.replace(target)
        entries[path] = replace(manifest.entry_of(target, "hosts"), source="made here")

    def changed(before: Manifest) -> Manifest:
        for path, entry in entries.items():
            before = before.with_file(path, entry)
        return replace(before, releases=releases, key=key)

    manifest.change(folder, changed)
    collect.saying(host)(f"the bundle's repositories are signed by {key}")
    return True


_ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}


def _arch(release: str) -> str:
    machine = release.rpartition(" ")[2]
    return _ARCHES.get(machine, machine)
