"""A whole set of mirrors, settled in as few questions as there can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from facts.parse.mirrors import Fetched, MirrorReading
from stacks.catalog.read import load_catalog
from stacks.model.plan import Plan
from tasks.host import resolution
from tasks.hostdata import mirrors as mirror_data
from tasks.mirrors import asking, settling, standing
from tasks.mirrors.questions import Question
from tasks.python import locks
from tasks.recipe import image_mirrors
from tasks.recipe.opening import asked as image_asked
from tasks.steps.refusal import Refused
from tests.unit.a_mirror import AMirror, index, several
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun

Answer = Callable[[Question], MirrorReading]
FETCHED = Fetched(200, 8 << 20, 0.1, 2.0, 23, "", "", "", False, False)


def good(question: Question) -> MirrorReading:
    """What a mirror says that is well."""
    return MirrorReading(linked=True, bytes=FETCHED, measured=question.wanted)


def bad(question: Question) -> MirrorReading:
    """What one says that is not."""
    return MirrorReading(index=replace(FETCHED, status=403))


def settle(answer: Answer, mirrors: object, **data: Any) -> tuple[ARun, list[list[Question]]]:
    """Settle on a bare host whose mirrors answer so; what was asked, by round trip."""
    rounds: list[list[Question]] = []
    said: dict[str, Any] = {
        "driver_origin": "nvidia",
        "torch_variant": "cu126",
        "cuda_origin": "redist",
        **data,
    }
    run = ARun(a_host.bare(), mirrors=mirrors, **said)
    state = replace(a_host.bare(), pip_index=None)

    def plan_with(at: Mapping[str, str]) -> Plan:
        found = resolution.resolved(state, {**said, "mirrors": dict(at)}).plan
        assert found is not None
        return found

    def ask(questions: Sequence[Question]) -> list[MirrorReading]:
        rounds.append([*questions])
        return [*map(answer, questions)]

    torch = plan_with({}).torch
    assert torch is not None
    wants = settling.Wants(plan_with, locks.text({}, torch.lock), None, ask)

    def settled() -> None:
        standing.begin(run.host, state)
        assert settling.settled(run.host, wants)

    run.prepared(settled)
    return run, rounds


def test_set_is_asked_in_one_round_trip_and_its_first_ones_are_taken() -> None:
    run, rounds = settle(good, "china")
    (questions,) = rounds
    known = load_catalog().mirrors.sets["china"].kinds
    asked = [(q.candidate.kind, q.candidate.name) for q in questions]
    wanted = ("pypi", "pytorch", "nvidia", "redist")
    assert [pair for pair in asked if pair[1] != "upstream"] == [
        (kind, name)
        for kind in known
        for name in known[kind]
        if kind in wanted and name != "upstream"
    ]
    firsts = mirror_data.first(mirror_data.candidates({"mirrors": "china"}))
    taken = run.host.data.mirrors
    assert {kind: taken[kind] for kind in wanted} == {kind: firsts[kind] for kind in wanted}
    assert taken["registry"] == ["https://docker.m.daocloud.io"]


def test_ways_round_are_other_places_of_the_same_files() -> None:
    run, _ = settle(good, "china")
    ways = standing.ways(run.host)
    assert 0 < len(ways.indexes) <= 8 and len({*ways.indexes}) == len(ways.indexes)
    first = mirror_data.first(mirror_data.candidates({"mirrors": "china"}))
    assert (first["pypi"], f"{first['pytorch']}/cu126") not in ways.indexes
    (base,) = ways.cuda
    assert base.startswith("https://developer.download.nvidia.com/compute/cuda/redist")


def test_flat_mirror_is_asked_for_its_listing_and_an_index_for_its_page() -> None:
    _, (questions,) = settle(good, {"pytorch": ["aliyun", "sjtu"]})
    assert [q.index.endswith("/cu126/") for q in questions] == [True, False]


def test_upstream_is_what_is_left_where_all_mirrors_are_bad() -> None:
    run, _ = settle(
        lambda q: good(q) if q.candidate.name == "upstream" else bad(q), "china-universities"
    )
    assert run.host.data.mirrors["pypi"] == "upstream"
    assert run.host.data.mirrors["pytorch"] == "upstream"


def test_none_left_is_told_by_kind() -> None:
    with pytest.raises(Refused) as caught:
        settle(bad, {"pytorch": ["aliyun", "sjtu"], "redist": ["nvidia-cn", "upstream"]})
    assert [c.code for c in caught.value.conflicts] == ["MIRROR-NONE", "MIRROR-NONE"]
    assert "aliyun: its index: answered 403; sjtu: " in caught.value.conflicts[0].why


def test_kind_that_the_plan_takes_nothing_from_is_not_asked() -> None:
    _, (questions,) = settle(
        good, {"pypi": ["tuna", "ustc"], "jetson": ["http://a.example.org", "upstream"]}
    )
    assert {q.candidate.kind for q in questions} == {"pypi"}


def test_choice_that_is_made_again_forgets_the_one_that_failed() -> None:
    run, _ = settle(good, {"nvidia": ["nvidia-cn", "aliyun", "upstream"]})

    def fail() -> list[bool]:
        return [standing.failed(run.host, "nvidia", "REPO-KEY: x") for _ in range(3)]

    assert run.prepared(fail) == [True, True, False], "the last one stays, and its conflict counts"
    assert run.host.data.mirrors["nvidia"] == "upstream"
    assert standing.failed(run.host, "pypi", "not named") is False


def test_image_for_a_bundle_is_asked_for_from_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    state = a_host.bare()
    with several(AMirror({}), AMirror(index())) as mirrors:
        both = [f"{mirror.address}/simple" for mirror in mirrors]
        run = ARun(state, mirrors={"pypi": both})

        def settled() -> None:
            standing.begin(run.host, state)
            image_mirrors.settled(run.host, state, here=True)

        run.prepared(settled)
    assert run.asked == [], "the host was asked nothing"
    assert image_asked(state, run.host.data).plan.torch.default_index == both[1]


def test_shell_without_an_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "mirrors_command", lambda: "echo nothing")
    with pytest.raises(RuntimeError, match="cannot be asked from this machine"):
        asking.asked_here([])
