"""From host data to jobs that take from a bundle: judged before anything is touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyinfra.connectors.local import LocalConnector

from facts.outlook import PackageOutlook
from tasks.driver import state as driver_state
from tasks.host import plans
from tasks.offline import shortage, supplying, tunnel, wants
from tasks.offline.manifest import Manifest
from tasks.offline.shortage import Opened
from tasks.repositories import components
from tasks.steps import around
from tasks.steps.refusal import Refused
from tests.unit.tasks import a_host, a_host_bundle
from tests.unit.tasks.a_host_bundle import DEBS, deb
from tests.unit.tasks.a_run import ARun

HEADERS = "linux-headers-amd64"


def opened(folder: Path) -> Opened:
    headers = (deb(f"linux-headers-{kernel}") for kernel in driver_state.bootable(a_host.bare()))
    return Opened(folder, Manifest(key="A" * 40), "a key", (*DEBS, *headers))


def run(folder: Path, **data: Any) -> ARun:
    return ARun(a_host.bare(), bundle=str(folder), **data)


def decided(asked: ARun) -> Any:
    return asked.prepared(lambda: plans.decided(asked.host, a_host.bare(), False, False))


def test_host_data_name_folder_place_and_key(tmp_path: Path) -> None:
    asked = run(tmp_path, bundle_at="/mnt/a stick/", bundle_key="ab" * 20)
    assert supplying.named(asked.host) == supplying.Supply(tmp_path, "/mnt/a stick", "AB" * 20)
    assert supplying.named(ARun(a_host.bare()).host) is None


@pytest.mark.parametrize("at", ["ftp://x/y", "http://x/$(id)", "bundle", "/it's"])
def test_place_that_is_none_is_refused(tmp_path: Path, at: str) -> None:
    with pytest.raises(ValueError, match='"bundle_at"'):
        supplying.named(run(tmp_path, bundle_at=at).host)


def test_bundle_of_another_release_refuses_the_host_and_no_source_is_asked(tmp_path: Path) -> None:
    a_host_bundle.made(tmp_path, release="debian-13 x86_64")
    asked = run(tmp_path)
    with pytest.raises(Refused) as refusal:
        decided(asked)
    assert [c.code for c in refusal.value.conflicts] == ["BUNDLE-RELEASE"]
    assert PackageOutlook not in asked.asked and asked.wire.commands == []
    assert around.put_away(asked.host, "x") == ""


def test_plan_from_a_bundle_sets_up_no_source_and_asks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortage, "opened", lambda *_: (opened(tmp_path), []))
    monkeypatch.setattr(shortage, "conflicts", lambda *_, **__: [])
    asked = run(tmp_path, driver_origin="nvidia")
    plan, _ = decided(asked)
    assert plan.driver is not None and plan.driver.origin == "nvidia"
    assert plan.repositories == ()
    assert around.put_away(asked.host, "x") and around.leaves_sources(asked.host)
    assert PackageOutlook not in asked.asked and asked.wire.commands == []


def test_collecting_asks_the_network_whatever_host_data_say(tmp_path: Path) -> None:
    asked = run(tmp_path)
    plan, _ = asked.prepared(
        lambda: plans.decided(asked.host, a_host.bare(), False, False, online=True)
    )
    assert plan.driver is not None
    assert around.put_away(asked.host, "x") == ""


def test_way_to_the_bundle_is_made_when_a_job_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortage, "conflicts", lambda *_, **__: [])
    made: list[Path] = []

    def open_it(host: object, folder: Path, files: object) -> str:
        made.append(folder)
        return "http://127.0.0.1:40001"

    monkeypatch.setattr(tunnel, "opened", open_it)
    asked = run(tmp_path)
    supply = supplying.Supply(tmp_path, "", "")
    asked.prepared(
        lambda: supplying.supplied(
            asked.host, a_host.bare(), a_host.plan(), supply, opened(tmp_path)
        )
    )
    assert made == []
    text = around.of_host(asked.host)
    assert made == [tmp_path] and "http://127.0.0.1:40001" in text and "a key" in text
    assert around.put_away(asked.host, "driver") == "rm -rf /run/gpuwright/bundle/driver\n"


def test_kernels_are_told_as_sources_would_tell_them(tmp_path: Path) -> None:
    more = (deb(HEADERS, "6", "linux-headers-6.1.0-9-amd64"),)
    found = supplying.outlook(
        replace(opened(tmp_path), debs=(*DEBS, *more)),
        ["6.1.0-9-amd64", "6.1.0-1-amd64"],
        (HEADERS,),
    )
    assert found.headers == {"6.1.0-9-amd64": True, "6.1.0-1-amd64": False}
    assert found.newest == {} and not found.unread
    assert supplying.outlook(opened(tmp_path), [], ()).headers is None


def test_host_with_dnf_is_told_that_there_is_none_for_it(tmp_path: Path) -> None:
    state = a_host.bare()
    state = replace(state, package_manager=replace(state.package_manager, kind="dnf"))
    with pytest.raises(Refused) as refusal:
        supplying.opened(
            run(tmp_path).host, state, a_host.plan(), supplying.Supply(tmp_path, "", "")
        )
    assert refusal.value.conflicts[0].code == "BUNDLE-RELEASE"
    assert wants.release_of(a_host.plan()) == "debian-12 x86_64"


def test_machine_at_hand_reads_the_folder_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortage, "conflicts", lambda *_, **__: [])
    asked = run(tmp_path)
    asked.host.connector = LocalConnector.__new__(LocalConnector)
    supply = supplying.Supply(tmp_path, "", "")
    asked.prepared(
        lambda: supplying.supplied(
            asked.host, a_host.bare(), a_host.plan(), supply, opened(tmp_path)
        )
    )
    assert f'ln -s {tmp_path} "$bundle_place/at"' in around.of_host(asked.host)


def test_finished_host_needs_no_bundle_and_keeps_its_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans.package_outlook, "needed", lambda *_: False)
    monkeypatch.setattr(plans, "parts", lambda *_: [])
    asked = run(tmp_path / "gone")
    plan, _ = decided(asked)
    asked.prepared(lambda: components.components(plan=plan, name="Archive components"))
    assert asked.changes == [] and plan.repositories == ()
    network = ARun(a_host.bare())
    network.prepared(lambda: components.components(plan=plan, name="Archive components"))
    assert network.changes == ["Archive components"], "without a bundle they are enabled"
