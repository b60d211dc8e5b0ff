"""The image itself: built here, loaded from the controller's file, or pulled."""

from __future__ import annotations

import functools
import hashlib
import json
import shlex
from pathlib import Path

from pyinfra import logger
from pyinfra.api import FunctionCommand, StringCommand
from pyinfra.api.host import Host

from facts.model.host import HostState
from tasks.bundle.supply import BASE, Supply
from tasks.image.look import images
from tasks.image.work import (
    FOLDER,
    Work,
    builds,
    is_present,
    lacking_tools,
    must_save,
    noted,
    target,
)
from tasks.packages import manager as packages
from tasks.packages.transaction import Installation
from tasks.python import uv
from tasks.recipe import inputs
from tasks.recipe.recipe import BUNDLE, DEBS, DEV
from tasks.steps import job, sending
from tasks.steps.files import place_script
from tasks.steps.step import Commands, host_state, run, step
from tasks.templates import logins, render

JOB = "image"
CONTEXT = f"{FOLDER}/context.tar"
TAR = f"{FOLDER}/image.tar.zst"
SIFT = f"""\
mkdir -p {FOLDER}/{BUNDLE} && chmod 700 {FOLDER} && cd {FOLDER} || exit 1
cat >sums
cut -c 67- sums >named
sed -n 's#/[^/]*$##p' named | sort -u | xargs -r mkdir -p
find {BUNDLE} -type f | grep -vxFf named | xargs -r rm -f
rm -f named
sha256sum --check sums 2>/dev/null
true"""
"""Shell that reads a list of sums, takes away what it does not name, and says which files are
there whole."""
PULLS = 3


@step
def tools(work: Work) -> Commands:
    """What the work needs of the host's archive: BuildKit's client, zstd."""
    lacking = lacking_tools(work, images(work))
    if not lacking:
        return
    manager = packages.manager_for(host_state())
    script = manager.refresh_if_stale() + "\n" + manager.install(Installation(lacking))
    yield job.complete(job.Job("image-tools", ", ".join(lacking), script, manager.progress()))


@step
def uv_pushed(work: Work) -> Commands:
    """The uv that installs wheels in the build; it does not stay in the image."""
    if work.settings.source == "build" and not is_present(work, images(work)):
        yield from uv.push(host_state())


@step
def bundle_sent(work: Work) -> Commands:
    """The bundle's files for the build, those that the host has already left as they are."""
    if work.supply is None or not builds(work, images(work)):
        return
    yield FunctionCommand(_send, (work.supply,), {})


def _send(state: object, host: Host, supply: Supply) -> bool:
    good, answer = run(host, SIFT, stdin=supply.sums())
    if not good:
        logger.error(f"{host.print_prefix}{FOLDER} cannot be prepared: {answer}")
        return False
    there = {line.removesuffix(": OK") for line in answer.splitlines() if line.endswith(": OK")}
    lacking = {path: sent for path, sent in supply.sent().items() if path not in there}
    size = sum(sent.size for sent in lacking.values()) // 2**20
    logger.info(f"{host.print_prefix}sending {len(lacking)} files of the bundle, {size:,} MiB")
    return all(
        sending.uploaded(host, Path(sent.local), f"{FOLDER}/{path}")
        for path, sent in lacking.items()
    )


@step
def present(work: Work) -> Commands:
    """The image under its exact name, by the way that the host's data choose."""
    if is_present(work, images(work)):
        return
    if work.settings.source == "registry":
        yield job.complete(pull(work))
        return
    yield StringCommand(f"{place_script(FOLDER)} && chmod 700 {FOLDER}")
    if work.settings.source == "tar":
        yield sending.upload(Path(work.settings.tar), TAR)
        yield job.complete(load(work))
    else:
        yield sending.upload(work.recipe.archive(), CONTEXT)
        yield job.complete(build(host_state(), work))


@step
def tagged(work: Work) -> Commands:
    """The moving tag on this image, or on an earlier one; each stays under its exact name."""
    state = images(work)
    name = target(work, state) or work.recipe.exact_name
    current = state.images.get(work.recipe.name)
    if current is not None and current == state.images.get(name):
        return
    yield StringCommand(f"docker tag {name} {work.recipe.name}")


@step
def saved(work: Work) -> Commands:
    """The image as one compressed file on the host, where the host's data ask for it."""
    if not must_save(work, images(work)):
        return
    yield job.complete(save(work))


@step
def pushed(work: Work) -> Commands:
    """The image in the registry of the host's data, under both names."""
    if not work.settings.push or noted(images(work)).pushed == work.remote:
        return
    yield job.complete(push(work))


def build(state: HostState, work: Work) -> job.Job:
    """The job that builds the image from the pushed context."""
    supply = work.supply
    fetch = [*uv.indexes(state, work.plan), *_fetch_login(work)]
    apt = work.settings.apt
    if supply:
        fetch = [f"export UV_OFFLINE=1 UV_FIND_LINKS={DEV}/bundle"]
        # What apt reads there was compared with the bundle's manifest, file by file.
        apt = (f"deb [trusted=yes] file:{DEV}/{DEBS} ./",)
    script = render(
        "image_build.sh.j2",
        context=CONTEXT,
        folder=FOLDER,
        bundle=BUNDLE if supply else "",
        base_file=BASE,
        layers=json.dumps(supply.layers, separators=(",", ":")) if supply else "",
        uv=uv.remote_path(state.system.arch),
        uid=work.recipe.uid,
        digest=work.recipe.digest,
        exact=work.recipe.exact_name,
        base=work.plan.base,
    )
    return job.Job(
        JOB,
        work.recipe.exact_name,
        script,
        progress="sed -nE 's#.* ([0-9]+/[0-9]+)[]] RUN .*source=steps/([a-z]+).*#step \\1: \\2#p' "
        "said",
        nice=5,
        inputs=(
            ("fetch.sh", "\n".join(fetch) + "\n"),
            ("apt.list", "".join(f"{line}\n" for line in apt)),
            ("sums", supply.sums() if supply else ""),
        ),
    )


def _fetch_login(work: Work) -> list[str]:
    """Tarballs come from one server; a step's own text is no secret of the build."""
    found = [one for files in inputs.tarballs(work.plan).values() for one in files]
    return logins.for_fetch(found[0].url) if found else []


def save(work: Work) -> job.Job:
    """The job that writes the file that the host's data ask for."""
    script = render(
        "image_save.sh.j2",
        file=work.settings.save,
        names=(work.recipe.name, work.recipe.exact_name),
        exact=work.recipe.exact_name,
    )
    progress = f'echo "$(du -sm {shlex.quote(work.settings.save)}.part | cut -f1) MiB"'
    return job.Job("image-save", f"saving {work.settings.save}", script, progress)


def push(work: Work) -> job.Job:
    """The job that pushes it to the user's registry, under both names."""
    moving = f"{work.settings.registry}/{work.recipe.name}"
    script = "\n".join(
        [
            f"docker tag {work.recipe.exact_name} {work.remote}",
            f"docker tag {work.recipe.exact_name} {moving}",
            f"docker push {work.remote}",
            f"docker push {moving}",
        ]
    )
    return job.Job("image-push", f"pushing {work.remote}", script)


def pull(work: Work) -> job.Job:
    """The job that pulls it from the user's registry."""
    script = render(
        "image_pull.sh.j2", remote=work.remote, exact=work.recipe.exact_name, tries=PULLS
    )
    return job.Job(JOB, f"pulling {work.remote}", script)


def load(work: Work) -> job.Job:
    """The job that loads the pushed tar file."""
    script = render(
        "image_load.sh.j2", tar=TAR, sha256=_sha256(work.settings.tar), exact=work.recipe.exact_name
    )
    return job.Job(JOB, f"loading {work.recipe.exact_name}", script)


@functools.cache
def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
