"""A host as if nobody had installed anything of NVIDIA's on it."""

from __future__ import annotations

from dataclasses import replace

from facts.model.software import Python
from tasks.adopt.bare import bare, is_taken
from tasks.host.components import components
from tasks.host.profile import profile_of
from tests.unit.facts import golden_hosts
from tests.unit.stacks.hosts import CATALOG
from tests.unit.tasks import a_host

H100 = golden_hosts.state("debian-12-managed-h100.txt")


def test_bare_host_has_nothing_that_a_plan_brings_and_keeps_what_it_is() -> None:
    found = bare(H100)
    seen = components(found, CATALOG)
    assert (seen.driver, seen.cuda, seen.cudnn, seen.torch, seen.engines) == (None, (), (), (), ())
    assert seen.gpus == components(H100, CATALOG).gpus
    assert found.kernels == H100.kernels
    assert found.package_manager.sources == H100.package_manager.sources
    assert profile_of(found).driver is None
    assert found.packages and not [name for name in found.packages if is_taken(name)]


def test_bare_host_is_bare_again() -> None:
    assert bare(bare(a_host.done())) == bare(a_host.done())


def test_interpreter_that_somebody_built_is_not_the_distribution_s() -> None:
    own = Python("/usr/local/bin/python3.13", "3.13.1")
    state = replace(H100, pythons=(*H100.pythons, own))
    assert own not in bare(state).pythons and bare(state).pythons == bare(H100).pythons


def test_packages_of_others_stay() -> None:
    assert not any(map(is_taken, ("postgresql-15", "libc6", "gcc-11", "linux-image-amd64")))
    taken = ("libcuda1", "cuda-toolkit-12-4", "docker.io", "libcudnn9-cuda-12", "nvidia-smi")
    assert all(map(is_taken, taken))
