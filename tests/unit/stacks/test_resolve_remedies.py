"""Whoever does what the first remedy says gets a plan, or is told another true thing; never a ring.

Over all kinds of GPU, unknown ones too, with all releases, stacks, origins, engines and Jetsons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from stacks.__main__ import _profile, _requested
from stacks.explain import arguments
from stacks.load import stack_names
from stacks.model.change import Change
from stacks.model.host import Gpu, HostProfile, InstalledDriver
from stacks.model.plan import Plan
from tests.unit.stacks.following import End, Question, end_of
from tests.unit.stacks.hosts import CATALOG, stack_of

SYSTEMS = list({dist.name: key for key, dist in CATALOG.distributions.items()}.values())
"""One of each: AlmaLinux, Rocky Linux and RHEL of one release are one row."""
ARCHES = ("x86_64", "aarch64")
SERVED = [key for key in SYSTEMS if key not in ("centos-7", "debian-11")]
SOCS = (None, "tegra194", "tegra234", "tegra264", "tegra210")
LINES = {soc: {m for m, line in CATALOG.jetson.lines.items() if soc in line.socs} for soc in SOCS}
COMMAND = re.compile(r"`((?:python -m stacks|--)[^`]+)`")
UNKNOWN = ("ffff", "1b99", "0bad", "11ff", "2fff", "25ff")
PAIRS = ("h100+v100", "k80+t4", "b200+v100", "b200+k80", "orin+h100", "k40+k80", "gtx1080ti+b200")


def kinds() -> list[tuple[Gpu, ...]]:
    """A GPU of each kind that any rule tells apart, unknown ones, pairs, and none."""
    known = CATALOG.known
    found: dict[object, str] = {}
    for key, model in known.models.items():
        kind = (model.generation, model.sm, model.open_required, model.soc)
        found.setdefault((*kind, known.first_branches.get(key)), key)
    alone = [(Gpu(key),) for key in found.values()]
    strangers = [(Gpu(None, device),) for device in UNKNOWN]
    return [*alone, *strangers, *(tuple(map(Gpu, pair.split("+"))) for pair in PAIRS), ()]


ASKED: tuple[dict[str, Any], ...] = (
    *({"driver_origin": origin} for origin in ("debian", "nvidia", "ubuntu")),
    *({"driver_branch": branch} for branch in ("470", "535", "580", "999")),
    *({"driver_flavour": flavour} for flavour in ("open", "proprietary")),
    {"driver_version": "580.159.04"},
    *({"cuda_origin": origin} for origin in ("debian", "nvidia", "redist")),
    {"cuda_purpose": "compile"},
    *({"cudnn_origin": origin} for origin in ("redist", "nvidia", "debian")),
    *({"torch_variant": variant} for variant in ("cu118", "cu126", "cu130", "x")),
    *({"torch_version": version} for version in ("2.7.1", "9.9")),
    {"torch_python": "3.13"},
    {"torch_index": "pypi"},
    {"torch_companions": ["x"]},
    *({"without": [part]} for part in ("cuda", "torch")),
)
ENGINES: tuple[dict[str, Any], ...] = (
    {},
    *({"container_engines": [engine]} for engine in ("podman", "containerd")),
    {"container_engines": ["podman", "docker"]},
    *({"docker_origin": origin} for origin in ("docker", "distribution")),
    {"container_engines": ["containerd"], "docker_origin": "distribution"},
    *({"docker_version": version} for version in ("24.0.9", "x")),
    {"toolkit_version": "1.0.0"},
    {"container_injection": "cdi"},
)
BOARDS: tuple[dict[str, Any], ...] = (
    {},
    *({"without": [part]} for part in ("cuda", "torch")),
    {"driver_branch": "580"},
    {"torch_variant": "cu126"},
    {"cuda_origin": "redist"},
)


def helped(question: Question) -> End:
    """The end of its remedies, which is no ring; the test fails with the question where it is."""
    end = end_of(question)
    assert not end.ring, (question, end.codes)
    return end


def at_a_plan(question: Question) -> None:
    """The same, where it has to be a plan."""
    end = helped(question)
    assert end.last is None, (question, end.codes, end.last)


@pytest.mark.parametrize("system", [*SYSTEMS, "plan9"])
def test_every_kind_of_gpu_with_every_stack_ends_at_a_plan(system: str) -> None:
    few = [cards for cards in kinds() if not cards or cards[0].model in ("k80", "gh200", "b200")]
    for arch, stack in product(ARCHES, stack_names()):
        for cards in kinds() if arch == "x86_64" else few:
            at_a_plan(Question(stack, HostProfile(system, arch, gpus=cards)))


@pytest.mark.parametrize("system", SYSTEMS)
def test_unknown_gpu_ends_at_a_plan_whatever_capability_its_driver_tells(system: str) -> None:
    at = "0000:17:00.0"
    told = ("3.0", "3.7", "6.1", "9.0", "12.0", "13.0")
    for stack, device, sm in product(stack_names(), UNKNOWN, told):
        profile = HostProfile(system, "x86_64", (Gpu(None, device, at),), capabilities={at: sm})
        at_a_plan(Question(stack, profile))


@pytest.mark.parametrize("system", SYSTEMS)
def test_whatever_is_asked_for_ends_at_a_plan(system: str) -> None:
    stacks = ("pytorch-2.9", "pytorch-2.7-cu118")
    for stack, gpu, data in product(stacks, ("k80", "v100", "h100", "b200"), ASKED):
        at_a_plan(Question(stack, HostProfile(system, "x86_64", gpus=(Gpu(gpu),)), data))


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_engine_ends_at_a_plan(system: str) -> None:
    for arch, data in product(ARCHES, ENGINES):
        host = HostProfile(system, arch, gpus=(Gpu("t4"),))
        at_a_plan(Question("pytorch-2.9", host, data, containers=True))


IMAGES: tuple[dict[str, Any], ...] = (
    {},
    *({"image_base": base} for base in ("debian:13", "registry.example.org/ours:1", "no one")),
    {"image_base": "registry.example.org/ours:1", "image_os": "plan9"},
    *({"image_cuda": cuda} for cuda in ("none", "devel")),
    *({"without": [part]} for part in ("cuda", "torch")),
    *({"torch_variant": variant} for variant in ("cu118", "cu130")),
)
OLD_DRIVERS = (
    None,
    InstalledDriver("470.256.02", "debian"),
    InstalledDriver("535.309.01", "nvidia"),
)


@pytest.mark.parametrize("driver", OLD_DRIVERS)
def test_every_image_ends_at_a_plan(driver: InstalledDriver | None) -> None:
    for stack, gpu, data, arch in product(stack_names(), ("k80", "t4", "b200"), IMAGES, ARCHES):
        host = HostProfile("debian-12", arch, gpus=(Gpu(gpu),), driver=driver)
        end = helped(Question(stack, host, data, containers=True, image=True))
        # An aarch64 server whose GPU no PyTorch of ours serves.
        alone = arch == "aarch64" and end.last and set(end.last.changes) == {None}
        assert end.last is None or alone, (stack, gpu, data, arch, end)


@pytest.mark.parametrize("system", ["debian-12", "ubuntu-22.04", "rocky-9"])
def test_every_vanished_version_ends_at_a_plan(system: str) -> None:
    seen: set[str] = set()
    plans = 0
    for containers, data in product((False, True), ({}, {"docker_origin": "docker"})):
        asked = {"driver_origin": "nvidia", **(data if containers else {})}
        host = HostProfile(system, "x86_64", gpus=(Gpu("t4"),))
        question = Question("pytorch-2.9", host, asked, containers)
        plan = question.answer.plan
        assert isinstance(plan, Plan), question.answer
        for name, other in product(wanted(plan), (None, "1:580.999.01-1", "0.1-1", "1.19.0-1")):
            offered = {**wanted(plan), name: (other,) if other else ()}
            short = replace(question, profile=replace(host, available=offered))
            end = helped(short)
            seen.update(end.codes)
            # What has no other source here (the toolkit for containers) is left to a mirror.
            assert end.last is None or set(end.last.changes) == {None}, (name, other, end)
            plans += end.last is None
    assert plans and seen == {"VERSION-GONE"}


def wanted(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Every package that a plan takes from a repository, in the version that it asks for."""
    found: dict[str, tuple[str, ...]] = {}
    for part in (plan.driver, plan.cuda, plan.cudnn):
        if part is not None and part.origin == "nvidia":
            found |= {name: (text.replace("*", "1"),) for name, text in part.versions.items()}
    found |= dict.fromkeys(plan.driver.pinning if plan.driver else (), ("580-5",))
    engines = plan.containers.engines if plan.containers else ()
    found |= {name: (text.replace("*", "1"),) for e in engines for name, text in e.versions.items()}
    toolkit = plan.containers.toolkit.versions if plan.containers else {}
    return found | {name: (text.replace("*", "1"),) for name, text in toolkit.items()}


@pytest.mark.parametrize("system", SERVED)
def test_refused_secure_boot_ends_at_a_plan(system: str) -> None:
    for data in ({}, {"driver_origin": "nvidia"}, {"driver_branch": "580"}):
        host = HostProfile(system, "x86_64", gpus=(Gpu("t4"),), secure_boot=True)
        at_a_plan(Question("pytorch-2.9", host, {"secure_boot": "refuse", **data}))


@pytest.mark.parametrize("soc", SOCS)
def test_every_jetson_ends_at_a_plan_where_its_chip_and_its_release_belong_together(
    soc: str | None,
) -> None:
    releases = (*CATALOG.jetson.releases, "99.1", "")
    for l4t, stack, data, arch in product(releases, stack_names(), BOARDS, ARCHES):
        if arch == "x86_64" and data:
            continue
        board = HostProfile("ubuntu-22.04", arch, jetson_l4t=l4t, jetson_soc=soc)
        end = helped(Question(stack, board, data))
        if end.last is None:
            continue
        # A release on a chip that it does not run on, and a chip for which no newer one is made.
        line = l4t.split(".")[0]
        odd = soc is not None and line not in LINES[soc]
        alone = soc in (None, "tegra210") and CATALOG.jetson.lines[line].ended
        assert (odd and end.last.code == "JETSON-SOC") or alone, (soc, l4t, end)


@pytest.mark.parametrize("os", ["debian-12", "ubuntu-22.04", "rocky-9"])
def test_what_a_notice_says_takes_the_notice_away(os: str) -> None:
    cards = [(Gpu("h100"),), (Gpu("k80"),), (Gpu(None, "ffff"),), (Gpu("h100", "2330"),) * 8]
    asked: list[dict[str, Any]] = [{}, {"driver_branch": "535"}, {"driver_origin": "debian"}]
    followed = set()
    for gpus, data, containers in product(cards, asked, (False, True)):
        question = Question("pytorch-2.9", HostProfile(os, "x86_64", gpus=gpus), data, containers)
        plan = question.answer.plan
        for notice in plan.notices if plan else ():
            if notice.change is not None:
                after = question.after(notice.change).answer
                assert after.plan is not None, (question, notice, after.conflicts)
                assert notice.code not in {other.code for other in after.plan.notices}, question
                followed.add(notice.code)
    assert {"DRIVER-EOL", "GPU-UNKNOWN"} <= followed


def changes() -> Iterator[tuple[Question, Change]]:
    for system, gpu, data in product(SERVED, ("k80", "h100", "b200"), ({}, *ASKED)):
        question = Question("pytorch-2.9", HostProfile(system, "x86_64", gpus=(Gpu(gpu),)), data)
        for conflict in question.answer.conflicts:
            for remedy, change in zip(conflict.remedies, conflict.changes, strict=True):
                if change is not None:
                    assert change.said in remedy or change.options in remedy
                    yield question, change


MIXED = tuple((Gpu(known), Gpu(None, u)) for known in ("k80", "v100", "b200") for u in UNKNOWN)
MIXED += tuple((Gpu(None, "ffff"), Gpu(None, u)) for u in UNKNOWN)


@pytest.mark.parametrize("system", ["debian-12", "ubuntu-22.04"])
def test_every_command_that_is_printed_about_cards_that_nobody_knows_works(system: str) -> None:
    commands: set[str] = set()
    for stack, cards in product(("pytorch-2.9", "pytorch-2.7-cu118"), MIXED):
        question = Question(stack, HostProfile(system, "x86_64", gpus=cards))
        helped(question)
        for conflict in question.answer.conflicts:
            for remedy in conflict.remedies:
                commands.update(COMMAND.findall(remedy))
    asked = {card for command in commands for card in re.findall(r"--gpu (\S+)", command)}
    assert {card for card in asked if card.startswith("10de:")}
    for command in commands:
        words = command.removeprefix("python -m stacks ").split()
        if words[0] != "explain":
            words = ["explain", "pytorch-2.9", "--gpu", "t4", "--os", system, *words]
        options = arguments.parser().parse_args(words)
        assert _requested(stack_of(options.stack), options)
        assert _profile(options, CATALOG).gpus


def test_options_that_are_printed_ask_the_same_as_the_host_data() -> None:
    tried = 0
    for question, change in changes():
        named = {k: v for k, v in change.data.items() if v is not None}
        if not change.options or question.data or change.stack or "gpus" in change.host:
            continue
        gpu = question.profile.gpus[0].model or ""
        words = ["explain", question.stack, "--gpu", gpu]
        words += [] if "os" in change.host else ["--os", question.profile.os]
        options = arguments.parser().parse_args([*words, *change.options.split()])
        asked = _requested(stack_of(question.stack), options)
        assert set(named) == set(asked.said), (change, asked.said)
        after = question.after(change)
        assert _profile(options, CATALOG).os == after.profile.os
        tried += 1
    assert tried
