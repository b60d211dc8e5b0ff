"""How an image comes to a host and goes wrong on its way: a real Docker 26.1, a small image.

The image is built by the product's own steps from locks of five small packages: what is tried here
does not depend on what is in it.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest

from sandbox.images import registry
from sandbox.mirror.faults import Faults
from tasks.hostdata.image import image_settings
from tasks.image import store
from tasks.image.work import FOLDER, Work, lacking_tools, must_save
from tasks.offline import manifest
from tasks.recipe import opening
from tests.hosts import small_image
from tests.hosts.able import needs_hosts
from tests.hosts.cut_relay import CutRelay
from tests.hosts.lab import Made
from tests.hosts.small_image import Place

pytestmark = needs_hosts()
NAME = "ways"
BUNDLE, IMAGE = "deploys/bundle.py", "deploys/image.py"
COLLECTED = {"Wheels of the locks", "Base image", "Packages on the base"}
EVERYTHING = 2**40
SAVED = "/srv/images/small image.tar.zst"
# Its unit may be started three times a minute.
START = "systemctl reset-failed docker && systemctl start docker"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    yield from small_image.placed(NAME, "debian-13", tmp_path_factory.mktemp(NAME))


@pytest.fixture(scope="module")
def built(place: Place) -> Place:
    """The same, with the image on it."""
    for package in lacking_tools(place.work, place.seen()):
        place.on_host(f"apt-get -qq install --yes --no-install-recommends {package}")
    place.push_context()
    said = place.do(store.build(place.state, place.work))
    assert said.startswith("state done 0"), said
    place.on_host(f"docker tag {place.work.recipe.exact_name} {place.work.recipe.name}")
    return place


def test_docker_26_needs_a_plugin_for_its_builder_and_the_plan_says_so(place: Place) -> None:
    """Runs before the fixture that installs it."""
    assert lacking_tools(place.work, place.seen()) == ["docker-buildx"]
    refused = place.host.run("DOCKER_BUILDKIT=1 docker build - </dev/null")
    assert refused.returncode != 0 and "buildx" in refused.stderr


def test_step_that_fails_shows_its_own_words(built: Place) -> None:
    files = {**built.work.recipe.files, "steps/services.sh": "echo it rains; exit 3\n"}
    broken = replace(built.work, recipe=replace(built.work.recipe, files=files))
    replace(built, work=broken).push_context()
    said = built.do(store.build(built.state, broken))
    assert said.startswith("state done 1") and "it rains" in said


def test_base_that_cannot_be_had_is_named_with_the_way_out(built: Place) -> None:
    plan = replace(built.work.plan, base="127.0.0.1:9/nothing:here")
    files = {**built.work.recipe.files}
    files["Dockerfile"] = files["Dockerfile"].replace(built.work.plan.base, plan.base)
    other = replace(built.work, recipe=replace(built.work.recipe, plan=plan, files=files))
    replace(built, work=other).push_context()
    said = built.do(store.build(built.state, other))
    assert "IMAGE-BASE-PULL: the base 127.0.0.1:9/nothing:here is not on this host" in said


def inside(place: Place, command: str, options: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in a container of the image that reaches the index of this machine."""
    index = dict(place.data["mirrors"])["pypi"]
    server = urlsplit(index).hostname
    environment = {
        "PIP_INDEX_URL": index,
        "PIP_TRUSTED_HOST": server,
        "UV_DEFAULT_INDEX": index,
        "UV_INSECURE_HOST": server,
    }
    words = " ".join(f"--env {name}={value}" for name, value in environment.items())
    image = place.work.recipe.exact_name
    return place.host.run(f"docker run --rm {words} {options} {image} sh -c {shlex.quote(command)}")


IMPORTS = "python -c 'import einops, humanize; print(einops.__file__, humanize.__version__)'"


def test_what_people_add_is_there_in_the_next_container_with_their_home(built: Place) -> None:
    built.on_host("mkdir -p /srv/home && chown 1000 /srv/home")
    home = "--volume /srv/home:/home/user"
    first = inside(built, "pip install --quiet einops && uv pip install --quiet humanize", home)
    assert first.returncode == 0, first.stderr
    later = inside(built, IMPORTS, home)
    assert later.stdout.startswith("/home/user/.local/share/gpuwright/python3.11/"), later.stderr
    found = json.loads(inside(built, "selftest --json", home).stdout)
    assert {"einops", "humanize"} <= found["added"].keys()


@pytest.mark.parametrize(
    "options",
    [
        "--user 1234",
        "--user 4321:4321",
        "--read-only --tmpfs /tmp:exec --tmpfs /home/user:exec,uid=1234,mode=700 --user 1234:1234",
    ],
)
def test_anybody_adds_packages_on_a_read_only_root_too(built: Place, options: str) -> None:
    # `python -m pip` is what a notebook's `%pip` runs.
    done = inside(
        built,
        f"python -m pip install -q einops && uv pip install -q humanize && {IMPORTS}",
        options,
    )
    assert "/einops/__init__.py" in done.stdout, done.stderr


@pytest.mark.parametrize("tool", ["pip", "uv pip"])
def test_packages_of_the_image_are_installed_already_and_stay(built: Place, tool: str) -> None:
    """The package sympy stands for torch, which this small image does not have."""
    there = inside(built, f"{tool} install sympy 2>&1")
    assert there.returncode == 0 and "Downloading sympy" not in there.stdout
    refused = inside(
        built, f"{tool} install sympy==1.13; code=$?; python -c 'import sympy'; exit $code"
    )
    assert refused.returncode != 0
    assert "IMAGE-FIXED: sympy 1.14.0 belongs to this image" in refused.stderr


def test_own_environment_is_free_of_the_images_constraints(built: Place) -> None:
    own = "python -m venv /tmp/own && /tmp/own/bin/pip install -q --no-deps sympy==1.13.3"
    done = inside(built, f"{own} && /tmp/own/bin/pip list 2>/dev/null")
    assert "1.13.3" in done.stdout, done.stderr


PROGRAM = r"""
#include <stdio.h>
size_t cudnnGetVersion(void);
size_t cudnnGetCudartVersion(void);
size_t cublasGetCudartVersion(void);
int main(void) {
    printf("%zu %zu %zu\n", cudnnGetVersion(), cudnnGetCudartVersion(), cublasGetCudartVersion());
    return 0;
}
"""
COMPILED = f"""set -e
. /opt/gpuwright/etc/cuda.sh
cat >/tmp/p.c <<'END'{PROGRAM}END
gcc /tmp/p.c -o /tmp/p -L/opt/gpuwright/cudnn-8/lib -lcudnn -l:libcublas.so.11
/tmp/p"""


def test_program_linked_to_cudnn_8_runs_in_the_image_that_is_the_default(built: Place) -> None:
    """CUDA's and cuDNN's layers are the real ones; torch is beside them in `test_image`.

    A runtime has no headers, so the program says itself what it calls.
    """
    data = {name: value for name, value in built.data.items() if name != "image_cuda"}
    plan = opening.resolved(built.state, data).plan
    assert plan is not None and plan.cuda is not None
    recipe = opening.recipe_for(plan, data, image_settings({}))
    work = Work(recipe, image_settings({}))
    place = replace(built, work=work)
    place.push_context()
    said = built.do(store.build(built.state, work))
    assert said.startswith("state done 0"), said
    ran = inside(place, COMPILED)
    size = "docker image inspect --format '{{.Size}}'"
    whole, without = (
        int(built.on_host(f"{size} {one.exact_name}")) for one in (recipe, built.work.recipe)
    )
    built.on_host(f"docker image rm {recipe.exact_name}")
    assert ran.stdout.split() == ["8906", "11080", "11080"], ran.stderr
    assert 2.5e9 < whole - without < 2.95e9


@pytest.fixture(scope="module")
def collected(built: Place) -> Made:
    """A bundle, collected by a host that reaches the mirror: a forecast and two runs."""
    return Made(
        built.pyinfra("--dry", deploy=BUNDLE),
        built.pyinfra("-y", deploy=BUNDLE),
        built.pyinfra("-y", deploy=BUNDLE),
    )


def test_bundle_is_predicted_and_a_second_run_changes_nothing(
    built: Place, collected: Made
) -> None:
    assert collected.first.code == 0, collected.first.told
    assert collected.predicted.predicted(NAME) == collected.first.changed(NAME)
    assert collected.first.changed(NAME) == COLLECTED
    assert collected.second.changed(NAME) == set()
    assert "verdict OK: all that a build of pytorch-cuda fetches is there" in collected.second.told


def test_bundle_tells_no_address(built: Place, collected: Made) -> None:
    address = urlsplit(built.host.mirror_url or "").hostname
    assert address and address not in (built.bundle / manifest.NAME).read_text()


def test_spoiled_bundle_is_refused_before_the_host_is_touched(
    built: Place, collected: Made
) -> None:
    (wheel,) = (built.bundle / "wheels").glob("sympy-*.whl")
    whole = wheel.read_bytes()
    wheel.write_bytes(whole[:-1] + b"!")
    built.on_host(f"docker image rm {built.work.recipe.exact_name}")
    try:
        refused = built.pyinfra("-y", deploy=IMAGE)
    finally:
        wheel.write_bytes(whole)
        built.on_host(f"docker image tag {built.image} {built.work.recipe.exact_name}")
    assert refused.code != 0
    assert "BUNDLE-SPOILED" in refused.told and wheel.name in refused.told
    assert "refused; nothing on this host was changed" in refused.told


def test_build_without_a_network_has_the_layers_of_one_with_a_network(
    built: Place, collected: Made
) -> None:
    """All comes from the bundle: the base as well, and nothing is remembered of the first build.

    The image has no torch, so the self-test at the end of the run finds it wanting.
    """
    exact = built.work.recipe.exact_name
    first = built.layers(exact)
    find = "find /opt /var/lib/dpkg -xdev -type f -exec sha256sum {{}} +"
    files = f"docker run --rm --user 0 --entrypoint sh {{}} -c '{find}'"
    listed = built.on_host(files.format(exact))
    names = f"{exact} {built.work.recipe.name} {built.work.plan.base}"
    built.on_host(f"docker image rm {names} && docker builder prune --all --force")
    with built.host.faults(Faults(down=True)):
        offline = built.pyinfra("-y", deploy=IMAGE)
    assert "files of the bundle" in offline.told
    assert "torch cannot be imported" in offline.told, offline.told
    assert built.on_host(files.format(exact)) == listed
    # The first is the base; the next holds two empty files, and the date of their folder.
    assert built.layers(exact)[0] == first[0]
    assert built.layers(exact)[2:] == first[2:]
    assert built.on_host(f"ls -A {FOLDER}") == ""


def test_image_is_saved_and_loaded_as_one_file(built: Place) -> None:
    exact = built.work.recipe.exact_name
    asked = built.asking_for(image_save=SAVED)
    assert must_save(asked, built.seen(asked))
    assert built.do(store.save(asked)).startswith("state done 0")
    assert not must_save(asked, built.seen(asked))
    built.on_host(f"docker image rm {exact} {built.work.recipe.name}")
    tar = built.host.rootfs / SAVED.lstrip("/")
    loading = built.asking_for(image_tar=str(tar))
    (built.host.rootfs / store.TAR.lstrip("/")).write_bytes(tar.read_bytes())
    assert built.do(store.load(loading)).startswith("state done 0")
    assert exact in built.seen().images


def test_file_that_was_spoiled_on_its_way_is_not_loaded(built: Place) -> None:
    tar = built.host.rootfs / SAVED.lstrip("/")
    loading = built.asking_for(image_tar=str(tar))
    (built.host.rootfs / store.TAR.lstrip("/")).write_bytes(tar.read_bytes()[:-1000])
    said = built.do(store.load(loading))
    assert said.startswith("state done 1") and "IMAGE-TAR" in said


def test_file_of_another_image_is_named(built: Place) -> None:
    built.on_host("docker save debian:bookworm-slim | zstd -q >/root/other.tar.zst")
    tar = built.host.rootfs / "root/other.tar.zst"
    (built.host.rootfs / store.TAR.lstrip("/")).write_bytes(tar.read_bytes())
    other = Work(replace(built.work.recipe, uid=1234), image_settings({"image_tar": str(tar)}))
    said = built.do(store.load(other))
    assert said.startswith("state done 1")
    assert "IMAGE-OTHER: the tar file holds another image" in said
    assert other.recipe.exact_name in said


def test_full_disk_while_loading_is_named_and_leaves_the_way_open(built: Place) -> None:
    tar = built.host.rootfs / SAVED.lstrip("/")
    loading = built.asking_for(image_tar=str(tar))
    (built.host.rootfs / store.TAR.lstrip("/")).write_bytes(tar.read_bytes())
    built.on_host(
        "systemctl stop docker.socket docker && "
        f"mount -t tmpfs -o size=64m none /var/lib/docker && {START}"
    )
    try:
        said = built.do(store.load(loading))
    finally:
        built.on_host(
            f"systemctl stop docker.socket docker && umount -R /var/lib/docker && {START}"
        )
    assert said.startswith("state done 1")
    assert "IMAGE-DISK: the disk of Docker is full" in said
    assert built.do(store.load(loading)).startswith("state done 0")


@pytest.fixture(scope="module")
def relay(built: Place) -> Iterator[CutRelay]:
    """A way to a registry with the image in it; Docker itself tries a layer once."""
    address, _, port = registry.serve(built.host).partition(":")
    here = urlsplit(built.host.mirror_url or "").hostname or ""
    way = CutRelay(here, (address, int(port)))
    settings = {"insecure-registries": [f"{here}:{way.port}"], "max-download-attempts": 1}
    (built.host.rootfs / "etc/docker/daemon.json").write_text(json.dumps(settings))
    built.on_host(f"systemctl stop docker && {START}")
    yield way
    way.stop()


@pytest.mark.usefixtures("relay")
def test_push_brings_both_names_and_a_registry_that_is_not_there_is_said(built: Place) -> None:
    """The tests after this one pull what this one pushed."""
    here = built.asking_for(image_push=True, image_registry=f"127.0.0.1:{registry.PORT}")
    nowhere = built.asking_for(image_push=True, image_registry="127.0.0.1:9")
    refused = built.do(store.push(nowhere))
    assert refused.startswith("state done 1") and "connection refused" in refused, refused
    said = built.do(store.push(here))
    assert said.startswith("state done 0"), said
    repository = built.work.recipe.name.split(":")[0]
    address = f"http://{built.host.ip}:{registry.PORT}/v2/{repository}/tags/list"
    tags = httpx.get(address, timeout=20).json()["tags"]
    names = {built.work.recipe.name, built.work.recipe.exact_name}
    assert {*tags} == {name.split(":")[1] for name in names}


@pytest.fixture
def pulling(built: Place, relay: CutRelay) -> Work:
    """The work of a host that pulls and has nothing of the image."""
    here = urlsplit(built.host.mirror_url or "").hostname
    # The builder remembers layers too.
    built.on_host("docker image prune --all --force && docker builder prune --all --force")
    return built.asking_for(image_from="registry", image_registry=f"{here}:{relay.port}")


def test_pull_that_is_cut_goes_on_with_the_layers_that_came(
    built: Place, relay: CutRelay, pulling: Work
) -> None:
    relay.left, relay.fixes, relay.cuts = 60_000_000, EVERYTHING, 0
    said = built.do(store.pull(pulling))
    assert relay.cuts > 0
    assert said.startswith("state done 0"), said
    assert "the pull was cut; try 2 of 3 in 5 s, with the layers that are here" in said
    assert built.work.recipe.exact_name in built.seen().images


def test_registry_that_is_gone_is_named_and_a_later_run_goes_on(
    built: Place, relay: CutRelay, pulling: Work
) -> None:
    relay.left, relay.fixes = 0, 0
    said = built.do(store.pull(pulling))
    assert said.startswith("state done 1") and "IMAGE-PULL" in said
    relay.left = EVERYTHING
    assert built.do(store.pull(pulling)).startswith("state done 0")


def test_image_that_the_registry_does_not_have_is_named(
    built: Place, relay: CutRelay, pulling: Work
) -> None:
    relay.left = EVERYTHING
    other = replace(pulling, recipe=replace(pulling.recipe, uid=1234))
    said = built.do(store.pull(other))
    assert said.startswith("state done 1") and "IMAGE-NOT-IN-REGISTRY" in said
