"""Whatever the host and the stack: a plan that holds, or conflicts that help; never both."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stacks.load import stack_names
from stacks.model.containers import ContainerRequest
from stacks.model.host import Gpu, HostProfile, InstalledDriver, InstalledEngine
from stacks.model.requests import CudaRequest, CudnnRequest, DriverRequest, Stack, TorchRequest
from stacks.requests import with_requests
from stacks.resolve import resolve
from tests.unit.stacks.checker import faults
from tests.unit.stacks.hosts import CATALOG, stack_of

KERNELS = (
    "6.1.0-56-cloud-amd64",
    "6.1.0-50-amd64",
    "6.12.117-amd64",
    "6.16.3-amd64",
    "7.2.12+deb13-amd64",
    "5.15.0-1051-aws",
    "5.14.0-503.el9.x86_64",
    "6.1.0-50-arm64",
    "4.14.336",
)

gpus = st.builds(
    Gpu,
    st.sampled_from([*CATALOG.gpus.models.rows, "h100", "a100", "v100", "t4", "nonsense", None]),
    st.sampled_from(["2330", "20B0", "ffff", None]),
)

hosts = st.builds(
    HostProfile,
    os=st.sampled_from([*CATALOG.distributions, "debian-12", "debian-12", "plan9", ""]),
    arch=st.sampled_from(["x86_64", "x86_64", "x86_64", "aarch64", "riscv64"]),
    gpus=st.lists(gpus, max_size=3).map(tuple),
    expected_gpus=st.lists(gpus, max_size=1).map(tuple),
    kernel_running=st.sampled_from([None, *KERNELS]),
    kernel_next_boot=st.sampled_from([None, None, *KERNELS]),
    kernels=st.lists(st.sampled_from(KERNELS), max_size=2).map(tuple),
    secure_boot=st.sampled_from([None, True, False]),
    glibc=st.sampled_from([None, None, None, "2.17", "2.28", "2.36"]),
    pythons=st.sampled_from([None, None, None, (), ("3.9",), ("3.11", "3.12")]),
    jetson_l4t=st.sampled_from([None] * 8 + ["36.4.7", "35.4.1", "39.2.0", "99", ""]),
    security_pocket=st.sampled_from([None, True, False]),
    driver=st.none()
    | st.builds(
        InstalledDriver,
        st.sampled_from(["535.309.01", "580.1.1", "580.200.05", "595.71.05", "470.256.02"]),
        st.sampled_from(["debian", "nvidia", "ubuntu", "runfile", "unknown", "ppa:x/y"]),
    ),
    docker=st.none()
    | st.builds(
        InstalledEngine,
        st.sampled_from(["20.10.24", "26.1.5", "29.9.0"]),
        st.sampled_from(["distribution", "docker", "snap", "unknown"]),
    ),
    toolkit=st.sampled_from([None, None, "1.17.8", "1.20.0", "1.21.3"]),
    nvswitch=st.booleans(),
    available=st.sampled_from([None, None, None, {}]),
    indexes=st.sampled_from(
        [
            {},
            {"pytorch": "https://m.example/whl"},
            {"nvidia": "x/debian12/y"},
            {"toolkit": "https://m.example/ctk", "docker": "https://m.example/docker/linux/"},
        ]
    ),
    fingerprints=st.sampled_from([{}, {}, {"toolkit": ("A" * 40,)}, {"docker": ("B" * 40,)}]),
)

rare = st.sampled_from
stacks = st.builds(
    Stack,
    name=st.just("any"),
    summary=st.just(""),
    driver=st.builds(
        DriverRequest,
        branch=rare([None] * 6 + ["470", "535", "580", "1000"]),
        flavour=rare([None] * 3 + ["open", "proprietary"]),
        origin=rare([None] * 5 + ["debian", "nvidia", "ubuntu", "redist"]),
        version=rare([None] * 6 + ["580.159.04", "535.309.01", "x"]),
    ),
    cuda=st.none()
    | st.builds(
        CudaRequest,
        version=rare(["11.8"] * 5 + ["12.8", "x"]),
        purpose=rare(["auto", "auto", "compile", "runtime"]),
        origin=rare([None, None, "debian", "redist", "nvidia", "wheels"]),
    ),
    cudnn=st.none()
    | st.builds(
        CudnnRequest,
        version=rare(["8.9", "8.9.6.50", "8.9.7.29", "8", "9.1", ""]),
        origin=rare([None, None, "wheels", "redist", "debian"]),
    ),
    torch=st.none()
    | st.builds(
        TorchRequest,
        version=rare(["2.9.1"] * 4 + ["2.9.0", "2.7.1", "2.3.1", "2.8.0", ""]),
        variant=rare([None] * 5 + ["cu118", "cu126", "cu128", "cu130", "rocm"]),
        python=rare([None] * 4 + ["3.11", "3.13", "2.7"]),
        companions=rare([(), (), ("torchvision",), ("nonsense",)]),
        index=rare([None, None, "pypi", "pytorch"]),
        cudnn=rare([None] * 5 + ["8"]),
        build=rare(["wheel"] * 5 + ["source"]),
    ),
    containers=st.none()
    | st.builds(
        ContainerRequest,
        engines=rare([("docker",)] * 4 + [(), ("podman",), ("containerd", "docker", "podman")]),
        docker_origin=rare([None, None, "distribution", "docker"]),
        docker_version=rare([None] * 4 + ["20.10.24", "26.1.5", "29.4.1", "24.0.9", "x"]),
        toolkit_version=rare([None] * 4 + ["1.20.1", "1.18.2", "1.17.8", "x"]),
        injection=rare([None, None, None, "cdi", "runtime"]),
    ),
    native=st.booleans(),
)


@settings(max_examples=600, deadline=None)
@given(stacks, hosts)
def test_a_plan_that_holds_or_conflicts_but_never_both(stack: Stack, profile: HostProfile) -> None:
    resolution = resolve(stack, profile, CATALOG)
    assert (resolution.plan is None) == bool(resolution.conflicts)
    if resolution.plan is not None:
        assert faults(resolution.plan, stack, profile) == []


@settings(max_examples=300, deadline=None)
@given(stacks, hosts)
def test_every_conflict_helps(stack: Stack, profile: HostProfile) -> None:
    for conflict in resolve(stack, profile, CATALOG).conflicts:
        assert CATALOG.codes[conflict.code].kind == "conflict"
        assert conflict.what and conflict.why and conflict.source
        assert conflict.remedies and all(conflict.remedies)


@settings(max_examples=200, deadline=None)
@given(stacks, hosts)
def test_the_same_question_gets_the_same_answer(stack: Stack, profile: HostProfile) -> None:
    assert resolve(stack, profile, CATALOG) == resolve(stack, profile, CATALOG)


@settings(max_examples=200, deadline=None)
@given(stacks, hosts)
def test_the_answer_can_be_written_as_json(stack: Stack, profile: HostProfile) -> None:
    json.dumps(asdict(resolve(stack, profile, CATALOG)))


plain = st.builds(
    HostProfile,
    os=st.sampled_from(["debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04", "rocky-9"]),
    arch=st.just("x86_64"),
    gpus=st.lists(
        st.builds(Gpu, st.sampled_from(list(CATALOG.gpus.models.rows))), min_size=1, max_size=2
    ).map(tuple),
    kernels=st.lists(st.sampled_from(KERNELS[:5]), max_size=2).map(tuple),
    glibc=st.sampled_from([None, None, "2.17", "2.28"]),
    security_pocket=st.sampled_from([None, False]),
)

requests = st.fixed_dictionaries(
    {},
    optional={
        "driver_branch": st.sampled_from(["470", "535", "550", "580", "595"]),
        "driver_version": st.sampled_from(["580.159.04", "535.309.01", "595.71.05"]),
        "driver_flavour": st.sampled_from(["open", "proprietary"]),
        "driver_origin": st.sampled_from(["debian", "nvidia", "ubuntu"]),
        "cuda_origin": st.sampled_from(["debian", "redist", "nvidia"]),
        "cuda_purpose": st.sampled_from(["compile", "auto", "runtime"]),
        "cudnn_origin": st.sampled_from(["wheels", "redist", "debian", "nvidia"]),
        "torch_version": st.sampled_from(["2.9.1", "2.9.0"]),
        "torch_variant": st.sampled_from(["cu118", "cu126", "cu128", "cu130"]),
        "torch_python": st.sampled_from(["3.10", "3.11", "3.12", "3.13"]),
        "torch_index": st.sampled_from(["pypi", "pytorch"]),
        "torch_companions": st.sampled_from([["torchvision"], ["torchaudio"]]),
        "without": st.sampled_from([["cuda"], ["cudnn"], ["torch"]]),
        "container_engines": st.sampled_from([["docker"], ["podman", "docker"], ["containerd"]]),
        "container_injection": st.sampled_from(["cdi", "runtime"]),
        "docker_origin": st.sampled_from(["distribution", "docker"]),
        "docker_version": st.sampled_from(["20.10.24", "26.1.5", "29.4.1"]),
        "toolkit_version": st.sampled_from(["1.19.1", "1.20.0"]),
        "with_native": st.booleans(),
    },
)


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(stack_names()), requests, plain, st.booleans())
def test_plain_hosts_with_the_requests_of_host_data(
    name: str, said: dict[str, object], profile: HostProfile, containers: bool
) -> None:
    stack = with_requests(stack_of(name), said, containers)
    resolution = resolve(stack, profile, CATALOG)
    assert (resolution.plan is None) == bool(resolution.conflicts)
    if resolution.plan is not None:
        assert faults(resolution.plan, stack, profile) == []


@pytest.mark.parametrize("os", CATALOG.distributions)
def test_every_gpu_with_every_stack_and_what_can_be_left_out(os: str) -> None:
    plans = 0
    asked = [
        with_requests(stack_of(name), {"without": without})
        for name, without in itertools.product(stack_names(), ([], ["cuda"], ["torch"]))
    ]
    # NVIDIA's key for release 10 of the Red Hat family is not known to the catalogue.
    own = {"nvidia": ("A" * 40,)} if os.endswith("-10") else {}
    for stack, arch, gpu in itertools.product(
        asked, ("x86_64", "aarch64"), CATALOG.gpus.models.rows
    ):
        profile = HostProfile(os, arch, gpus=(Gpu(gpu),), fingerprints=own)
        resolution = resolve(stack, profile, CATALOG)
        assert (resolution.plan is None) == bool(resolution.conflicts)
        if resolution.plan is not None:
            plans += 1
            assert faults(resolution.plan, stack, profile) == []
    assert plans or os == "centos-7"


@settings(max_examples=100, deadline=None)
@given(plain)
def test_order_of_the_gpus_does_not_matter(profile: HostProfile) -> None:
    stack = stack_of("pytorch-2.9")
    other = replace(profile, gpus=profile.gpus[::-1])
    one, two = resolve(stack, profile, CATALOG), resolve(stack, other, CATALOG)
    assert (one.plan and one.plan.digest) == (two.plan and two.plan.digest)
    assert {c.code for c in one.conflicts} == {c.code for c in two.conflicts}
