"""From a host to a stack and its data, and back, over the golden grid."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from facts.engine_model import Engines
from facts.handmade_model import Handmade
from facts.parse import ProbeError, parse_host
from facts.parse.handmade import handmade as parse_handmade
from stacks.load import StackError
from stacks.model.containers import ContainerPlan
from stacks.model.plan import DriverPlan, Plan
from stacks.requests import with_requests
from stacks.resolve import resolve
from stacks.rules.support import FATAL
from tasks.adopt import proof, texts
from tasks.adopt.adoption import Adoption, adopted
from tasks.containers.engine_state import DROP_IN
from tests.unit import whole_answers
from tests.unit.golden.plan_cases import Case, cases
from tests.unit.mutated import mutated
from tests.unit.stacks.hosts import CATALOG, stack_of
from tests.unit.tasks import a_host
from tests.unit.tasks.adopt.an_installed_host import installed

STRIDE = 23
"""Every so many-th case: all of them take half a minute."""
UNTOLD = ("container_injection",)
"""How engines are asked for GPUs is a setting of each container as well, and not read."""


def planned() -> Iterator[tuple[Case, Plan]]:
    """Questions of the golden grid that lead to a plan that a deploy carries out."""
    for case in islice(cases(), 0, None, STRIDE):
        known = case.profile.os in CATALOG.distributions and case.profile.jetson_l4t is None
        if case.kind == "image" or not known or {*case.said} & {*UNTOLD} or case.profile.docker:
            continue
        stack = with_requests(stack_of(case.stack), case.said, containers=case.kind != "host")
        plan = resolve(stack, case.profile, CATALOG).plan
        if plan is not None and not any(notice.code in FATAL for notice in plan.notices):
            yield case, plan


def essence(plan: Plan) -> list[Any]:
    """What is installed: no addresses, and nothing that is of one run or of the whole stack."""
    driver = plan.driver and replace(plan.driver, floor="", replaces="", kernels=KERNELS)
    cuda = plan.cuda and replace(
        plan.cuda, downloads=tuple(replace(file, base="") for file in plan.cuda.downloads)
    )
    cudnn = plan.cudnn and replace(
        plan.cudnn,
        index=None,
        download=plan.cudnn.download and replace(plan.cudnn.download, base=""),
    )
    torch = plan.torch and replace(plan.torch, index=None, default_index=None)
    return [driver, cuda, cudnn, torch, _engines(plan.containers)]


KERNELS = DriverPlan("", "", "open", "debian", (), (), ()).kernels


def _engines(containers: ContainerPlan | None) -> ContainerPlan | None:
    if containers is None:
        return None
    return replace(containers, engines=tuple(sorted(containers.engines, key=lambda e: e.engine)))


def engines_of(plan: Plan) -> Engines | None:
    """Engines that say so where containerd is one of its own."""
    if plan.containers is None:
        return None
    if "containerd" not in {engine.engine for engine in plan.containers.engines}:
        return Engines()
    imports = 'imports = ["/etc/containerd/conf.d/*.toml"]'
    return Engines(containerd=imports, files={DROP_IN: "nvidia-container-runtime"})


def again(adoption: Adoption) -> Plan | None:
    """The plan that the files of an adoption lead to."""
    stack = texts.stack_text(adoption.stack, ["gpu1"], adoption.left)
    group = texts.group_text("adopted_gpu1", ["gpu1"], adoption.data)
    return proof.resolved(adoption.state, stack, group, adoption.containers).plan


def test_planned_host_that_is_adopted_is_planned_again_as_it_was() -> None:
    count, wrong = 0, list[tuple[str, list[str]]]()
    for case, plan in planned():
        count += 1
        found = adopted(installed(case.profile, plan), Handmade(), engines_of(plan), {}, CATALOG)
        if not isinstance(found, Adoption):
            wrong.append((case.key, [conflict.code for conflict in found]))
            continue
        made = again(found)
        assert made is not None, case.key
        told = proof.differences(found.seen, found.stack, made)
        if told or essence(made) != essence(plan):
            wrong.append((case.key, [one.text for one in told]))
    assert count > 40 and wrong == []


@settings(max_examples=60, derandomize=True, deadline=None, phases=[Phase.generate])
@given(st.integers(0, 2**48))
def test_host_whose_words_are_damaged_is_adopted_or_refused(seed: int) -> None:
    """What is written of it is read again as literals and as a stack, or it is refused."""
    try:
        state = parse_host(mutated(HOST, seed))
        handmade = parse_handmade(mutated(HANDMADE, seed))
    except ProbeError:
        return
    found = adopted(state, handmade, None, {}, CATALOG)
    if isinstance(found, Adoption):
        with contextlib.suppress(StackError):
            again(found)


HOST = whole_answers.short_host("debian-12-managed-h100.txt")
HANDMADE = whole_answers.framed(whole_answers.HANDMADE)


def test_host_with_nothing_of_nvidia_is_not_adopted() -> None:
    found = adopted(a_host.bare(), Handmade(), None, {}, CATALOG)
    assert not isinstance(found, Adoption)
    assert [conflict.code for conflict in found] == ["ADOPT-NOTHING"]


def test_what_no_look_can_tell_goes_on_from_the_host_s_data() -> None:
    said = {"gpu_like": "h100", "fingerprints": {"nvidia": ["A" * 40]}, "stack": "pytorch-9"}
    found = adopted(a_host.done(), Handmade(), None, said, CATALOG)
    assert isinstance(found, Adoption)
    assert found.data["gpu_like"] == "h100"
    assert found.data["fingerprints"] == {"nvidia": ["A" * 40]}
    assert "stack" not in found.data


def test_data_that_cannot_be_read_are_named() -> None:
    with pytest.raises(ValueError, match='"gpu_like"'):
        adopted(a_host.done(), Handmade(), None, {"gpu_like": "h1000"}, CATALOG)


def test_hosts_that_differ_in_one_setting_are_not_alike() -> None:
    one = adopted(a_host.done(), Handmade(), None, {}, CATALOG)
    other = adopted(a_host.done(), Handmade(), None, {"gpu_like": "h100"}, CATALOG)
    assert isinstance(one, Adoption) and isinstance(other, Adoption)
    assert one.alike == one.alike and one.alike != other.alike
