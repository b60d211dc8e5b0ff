"""The image with `image_cuda: devel`, built by a real Docker, and a program compiled inside.

Beside a few small packages in place of PyTorch, as in `test_image_ways`. CUDA's tarballs are
stand-ins, as no mirror of theirs can be reached; cuDNN 8 and the compiler are the real ones.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace

import pytest

from stacks.model.plan import Download
from tasks.hostdata.image import image_settings
from tasks.image import store
from tasks.image.work import Work
from tasks.recipe import opening
from tests.hosts import small_image, tarballs
from tests.hosts.able import needs_hosts
from tests.hosts.small_image import Place

pytestmark = needs_hosts()
NAME = "devel"
PROGRAM = r"""
#include <cstddef>
#include <cstdio>
#include <cuda_runtime_api.h>
#include <cudnn_version.h>
extern "C" size_t cudnnGetVersion(void);
extern "C" size_t cudnnGetCudartVersion(void);
int main() {
    std::printf("%d %d.%d %zu %zu\n", CUDART_VERSION, CUDNN_MAJOR, CUDNN_MINOR, cudnnGetVersion(),
                cudnnGetCudartVersion());
}
"""
# What a person types who reads the environment file: the planned compiler, headers by their paths.
COMPILED = f"""set -e
. /opt/gpuwright/etc/cuda.sh
cat >/tmp/p.cc <<'END'{PROGRAM}END
"$CUDAHOSTCXX" /tmp/p.cc -o /tmp/p -I"$CUDA_HOME/include" \\
    -I/opt/gpuwright/cudnn-8/include -L/opt/gpuwright/cudnn-8/lib -lcudnn
/tmp/p
readelf -d /tmp/p | grep -o 'libcudnn.so.8'
"$CUDAHOSTCXX" -dumpversion"""


@pytest.fixture(scope="module")
def devel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A host with the image on it."""
    for place in small_image.placed(NAME, "debian-12", tmp_path_factory.mktemp(NAME)):
        data = {**place.data, "image_cuda": "devel"}
        data["mirrors"] = {
            **data["mirrors"],
            "redist": tarballs.mirror(str(place.host.mirror_url)),
        }
        plan = opening.resolved(place.state, data).plan
        assert plan is not None and plan.cuda is not None
        assert (plan.cuda.purpose, plan.cuda.origin) == ("compile", "redist")
        digests = tarballs.publish()

        def stand_in(file: Download, digests: dict[str, str] = digests) -> Download:
            return replace(file, sha256=digests[file.sha256])

        files = tuple(stand_in(file) for file in plan.cuda.downloads)
        plan = replace(plan, cuda=replace(plan.cuda, downloads=files))
        recipe = opening.recipe_for(plan, data, image_settings({}))
        made = replace(place, work=Work(recipe, image_settings({})), data=data)
        made.push_context()
        said = made.do(store.build(made.state, made.work))
        assert said.startswith("state done 0"), said
        yield made


def inside(place: Place, command: str) -> str:
    """What a command says in a container of the image, which must succeed."""
    image = place.work.recipe.exact_name
    return place.on_host(f"docker run --rm --network none {image} sh -c {shlex.quote(command)}")


def test_program_linked_to_cudnn_8_is_compiled_and_runs_in_the_devel_image(devel: Place) -> None:
    assert inside(devel, COMPILED).split() == [
        *("11080", "8.9", "8906", "11080", "libcudnn.so.8", "11"),
    ]


def test_devel_image_has_nvcc_on_its_path_and_every_component(devel: Place) -> None:
    plan = devel.work.plan
    assert plan.cuda is not None
    said = inside(devel, ". /opt/gpuwright/etc/cuda.sh; nvcc --version; ls $CUDA_HOME/LICENSE.*")
    assert "release 11.8, V11.8.89" in said
    there = {line.rpartition("LICENSE.")[2] for line in said.splitlines() if "LICENSE." in line}
    assert there == {file.name for file in plan.cuda.downloads}


def test_what_fetched_the_tarballs_is_not_in_the_devel_image(devel: Place) -> None:
    assert inside(devel, "ls /usr/bin/curl 2>/dev/null || echo none") == "none"
