"""A host whose data name several mirrors: asked on loopback, chosen, kept, and the next taken."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from facts.engine_model import Engines
from facts.engines import ContainerEngines
from facts.mirrors import MirrorReadings
from facts.model.host import HostState
from facts.repository import RepositoryOffers
from stacks.model.plan import Download, Plan
from tasks.host import plans, resolution
from tasks.layout import RECORD
from tasks.mirrors import standing
from tasks.steps.record import HostRecord, as_data
from tasks.verify import report
from tests.unit.a_mirror import BODY, HTML, AMirror, index, several
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import NAME, ARun
from tests.unit.tasks.repositories.test_trust import GOOD, NOW, answer

pytestmark = pytest.mark.usefixtures("lines")


def asks(run: ARun) -> list[int]:
    """Let the run's host ask mirrors by the real script; how many it asks, each time."""
    told, counts = run.host.get_fact, []

    def get_fact(kind: Any, **said: Any) -> Any:
        if kind is not MirrorReadings:
            return told(kind, **said)
        counts.append(said["count"])
        fact = MirrorReadings()
        done = subprocess.run(
            ["sh", "-c", fact.command(said["count"])],
            input="".join(said["_stdin"]),
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "no_proxy": "*"},
            check=True,
        )
        return fact.process(done.stdout.splitlines())

    run.host.get_fact = get_fact  # type: ignore[assignment,method-assign]
    return counts


def addresses(mirrors: list[AMirror]) -> list[str]:
    return [f"{mirror.address}/simple" for mirror in mirrors]


def planned(run: ARun) -> Plan:
    plan = run.prepared(plans.for_this_host)
    assert plan is not None and plan.torch is not None
    return plan


def noting(state: HostState, **mirrors: str) -> HostState:
    """The host with these in its record."""
    record = as_data(HostRecord(mirrors=mirrors))
    return replace(state, record={**(state.record or {}), **record})


@pytest.fixture
def dead_and_alive() -> Iterator[list[AMirror]]:
    """One that answers HTML for files, and one that is well."""
    files = {at: HTML if at.startswith("/files") else body for at, body in index().items()}
    bad = AMirror(files)
    with several(bad, AMirror(index())) as mirrors:
        yield mirrors


def test_second_mirror_is_taken_where_the_first_answers_html(
    dead_and_alive: list[AMirror], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pyinfra")
    both = addresses(dead_and_alive)
    run = ARun(a_host.bare(), mirrors={"pypi": both})
    assert asks(run) == [] and planned(run).torch.default_index == both[1]  # type: ignore[union-attr]
    assert f"mirror for pypi: {both[1]} (" in caplog.text
    assert f"refused: {both[0]}: gives an HTML page in place of torch-2.9.1" in caplog.text
    assert run.changes == ["Mirrors noted"], "as --dry says it"
    written = run.executed().written(RECORD)
    assert written is not None and written["mirrors"] == {"pypi": both[1]}


def test_mirror_of_an_earlier_run_is_asked_alone_and_stays(dead_and_alive: list[AMirror]) -> None:
    dead_and_alive[0].files.update(index())  # the first one is well again
    both = addresses(dead_and_alive)
    run = ARun(noting(a_host.bare(), pypi=both[1]), mirrors={"pypi": both})
    counts = asks(run)
    assert planned(run).torch.default_index == both[1]  # type: ignore[union-attr]
    assert (counts, dead_and_alive[0].asked, run.changes) == ([1], [], [])


def test_mirror_of_an_earlier_run_that_is_good_no_more_makes_room(
    dead_and_alive: list[AMirror],
) -> None:
    both = addresses(dead_and_alive)
    run = ARun(noting(a_host.bare(), pypi=both[0]), mirrors={"pypi": both})
    counts = asks(run)
    assert planned(run).torch.default_index == both[1]  # type: ignore[union-attr]
    assert (counts, run.changes) == ([1, 2], ["Mirrors noted"])


def test_finished_host_asks_nobody_and_keeps_the_recorded_one() -> None:
    said = {"pypi": ["http://a.example.org/simple", "http://b.example.org/simple"]}
    run = ARun(noting(a_host.done(), pypi=said["pypi"][1]), mirrors=said)
    counts = asks(run)
    assert planned(run).torch.default_index == said["pypi"][1]  # type: ignore[union-attr]
    assert (counts, run.changes) == ([], [])


def test_finished_host_notes_no_mirror_that_nobody_has_asked() -> None:
    run = ARun(a_host.done(), mirrors={"pypi": ["http://a.example.org/simple", "upstream"]})
    counts = asks(run)
    planned(run)
    assert (counts, run.changes) == ([], [])


def test_one_mirror_alone_is_taken_as_it_is() -> None:
    run = ARun(a_host.bare(), mirrors={"pypi": "http://a.example.org/simple"})
    counts = asks(run)
    assert planned(run).torch.default_index == "http://a.example.org/simple"  # type: ignore[union-attr]
    assert (counts, run.changes) == ([], [])


def test_no_mirror_left_refuses_the_host_with_what_each_answered(
    lines: dict[str, report.Line],
) -> None:
    with several(AMirror({}), AMirror(index(), status={"/": 403})) as mirrors:
        run = ARun(a_host.bare(), mirrors={"pypi": addresses(mirrors)})
        asks(run)
        assert run.prepared(plans.for_this_host) is None
    (note,) = lines[NAME].notes
    assert note.startswith("MIRROR-NONE")
    assert run.exit_status == 1 and run.changes == ["Refused: MIRROR-NONE"]


def test_clients_default_is_taken_where_no_other_is_left() -> None:
    with several(AMirror({})) as mirrors:
        state = replace(a_host.bare(), pip_index=None)
        run = ARun(state, mirrors={"pypi": [*addresses(mirrors), "upstream"]})
        asks(run)
        assert planned(run).torch.default_index is None  # type: ignore[union-attr]


def test_default_that_the_hosts_own_settings_name_is_asked_as_well(
    dead_and_alive: list[AMirror],
) -> None:
    bad, good = addresses(dead_and_alive)
    run = ARun(replace(a_host.bare(), pip_index=good), mirrors={"pypi": [bad, "upstream"]})
    counts = asks(run)
    assert planned(run).torch.default_index is None  # type: ignore[union-attr]
    assert counts == [2] and dead_and_alive[1].asked


def test_jobs_know_where_to_go_on(dead_and_alive: list[AMirror]) -> None:
    dead_and_alive[0].files.update(index())
    both = addresses(dead_and_alive)
    state = replace(a_host.bare(), pip_index=None)
    run = ARun(state, mirrors={"pypi": [*both, "upstream"]})
    asks(run)
    planned(run)
    assert standing.ways(run.host).indexes[-1] == ("", "")
    assert {default for default, _ in standing.ways(run.host).indexes} < {*both, ""}


def test_wrong_mirrors_are_bad_data(lines: dict[str, report.Line]) -> None:
    run = ARun(a_host.bare(), mirrors="chima")
    assert run.prepared(plans.for_this_host) is None
    assert lines[NAME].notes[0].startswith("STACK-INVALID")


def offered() -> dict[str, tuple[str, ...]]:
    """What NVIDIA's repository has of a plan that takes from it."""
    plan = resolution.resolved(a_host.bare(), {"driver_origin": "nvidia"}).plan
    assert plan is not None
    parts = [part for part in (plan.driver, plan.cuda, plan.cudnn) if part]
    found = {n: (v.replace("*", "1"),) for part in parts for n, v in part.versions.items()}
    return {**found, **{name: ("1",) for part in parts for name in getattr(part, "pinning", ())}}


RELEASE = b"Label: NVIDIA CUDA\nDate: Mon, 30 Nov 2026 10:00:00 UTC\nSHA256:\n 00 1 Packages\n"


def test_mirror_with_another_key_is_left_for_the_next_although_it_is_the_fastest(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pyinfra")
    monkeypatch.setattr("time.time", lambda: NOW)
    at = "/debian12/x86_64/"
    files = {f"{at}InRelease": RELEASE, f"{at}Packages": b"Package: x\n\n" * 20_000}
    with several(AMirror(files), AMirror(files, rate=400_000)) as (fast, slow):
        state = a_host.bare()
        run = ARun(
            state,
            driver_origin="nvidia",
            mirrors={"nvidia": [fast.address, slow.address]},
            fingerprints={"nvidia": [GOOD]},
        )
        asked_of: list[str] = []
        counts = asks(run)
        told = run.host.get_fact

        def get_fact(kind: Any, **said: Any) -> Any:
            if kind is not RepositoryOffers:
                return told(kind, **said)
            (of,) = said["repositories"]
            asked_of.append(of[2])
            good = of[2].startswith(slow.address)
            found = answer("plain" if good else "with-subkey")
            return (replace(found, address=of[2], versions=offered()),)

        run.host.get_fact = get_fact  # type: ignore[assignment,method-assign]
        plan = run.prepared(plans.for_this_host)
    assert plan is not None and plan.repositories[0].address.startswith(slow.address)
    assert counts == [2]
    assert [place.startswith(fast.address) for place in asked_of] == [True, False]
    assert f"mirror for nvidia: {fast.address}" in caplog.text
    assert f"{fast.address} failed: REPO-KEY" in caplog.text
    assert f"next is {slow.address}" in caplog.text
    assert run.host.data.mirrors == {"nvidia": slow.address}


def test_container_host_asks_mirrors_of_its_toolkit(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pyinfra")
    monkeypatch.setattr(plans.offers, "asked", lambda plan, names: (None, ()))
    at = "/stable/deb/amd64/"
    alive = {f"{at}InRelease": RELEASE, f"{at}Packages": b"Package: x\n\n" * 20_000}
    with several(AMirror({}), AMirror(alive)) as mirrors:
        listed = [mirror.address for mirror in mirrors]
        run = ARun(a_host.bare(), {ContainerEngines: Engines()}, mirrors={"toolkit": listed})
        counts = asks(run)
        plan = run.prepared(lambda: plans.for_this_host(containers=True))
    assert plan is not None and counts == [2]
    assert plan.repositories[0].address == f"{listed[1]}{at}"
    assert f"refused: {listed[0]}: its index: answered 404" in caplog.text


def test_tarballs_go_on_at_the_next_mirror_in_the_job(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pyinfra")
    (file, *_) = [f for f in _redist() if f.size == max(one.size or 0 for one in _redist())]
    path = f"/cuda/redist/{file.path}"
    with several(AMirror({}), AMirror({path: BODY})) as mirrors:
        listed = [*(mirror.address for mirror in mirrors), "upstream"]
        run = ARun(
            a_host.bare(), cuda_origin="redist", without=["torch"], mirrors={"redist": listed}
        )
        asks(run)
        plan = run.prepared(plans.for_this_host)
    assert plan is not None and plan.cuda is not None
    assert {one.base for one in plan.cuda.downloads} == {f"{listed[1]}/cuda/redist/"}
    assert standing.ways(run.host).cuda == (file.base,)
    assert f"over 1.2 MB of {file.path.rpartition('/')[2]}" in caplog.text


def _redist() -> tuple[Download, ...]:
    plan = resolution.resolved(
        a_host.bare(), {"driver_origin": "debian", "cuda_origin": "redist"}
    ).plan
    assert plan is not None and plan.cuda is not None
    return plan.cuda.downloads
