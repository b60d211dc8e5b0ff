"""What a host takes from a bundle follows from its plan, and nothing of it is forgotten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.driver import state as driver_state
from tasks.host import resolution
from tasks.offline import manifest, wants
from tasks.offline.manifest import Entry, Manifest
from tasks.offline.wants import Wants
from tests.unit.tasks import a_host, a_host_bundle
from tests.unit.tasks.a_host_bundle import lock

TEXT = lock("torch", "numpy")


def planned(state: HostState, **data: object) -> Plan:
    plan = resolution.resolved(state, data).plan
    assert plan is not None
    return plan


def wanted(**data: object) -> tuple[Plan, Wants]:
    plan = planned(a_host.bare(), **data)
    return plan, wants.of_plan(a_host.bare(), plan, TEXT)


def test_driver_comes_in_its_versions_with_headers_of_every_kernel() -> None:
    plan, found = wanted()
    assert plan.driver is not None and plan.driver.versions
    names = {name for ask in found.asks for name in ask}
    for package in plan.driver.packages:
        version = plan.driver.versions.get(package)
        assert (f"{package}={version}" if version else package) in names
    assert set(plan.driver.headers) <= names
    assert set(plan.driver.pinning) <= names
    assert set(found.offered) == {
        f"linux-headers-{k}" for k in driver_state.bootable(a_host.bare())
    }
    assert found.pins


def test_toolkit_from_tarballs_brings_them_and_what_unpacks_them() -> None:
    plan, found = wanted()
    assert plan.cuda is not None and plan.cuda.downloads
    assert found.tarballs == plan.cuda.downloads
    assert ("curl", "ca-certificates", "xz-utils") in found.asks
    assert plan.cuda.compiler_packages in found.asks


def test_toolkit_of_the_archive_brings_its_packages() -> None:
    plan, found = wanted(driver_origin="debian")
    assert plan.cuda is not None and plan.cuda.packages and not found.tarballs
    assert (*plan.cuda.packages, *plan.cuda.compiler_packages) in found.asks


def test_locks_are_named_by_release_so_that_two_of_them_do_not_meet() -> None:
    plan, found = wanted()
    assert plan.torch is not None and plan.cudnn is not None
    assert found.locks[f"debian-12/{plan.torch.lock}"] == TEXT
    assert found.locks[f"debian-12/cudnn-{plan.cudnn.version}"].startswith("nvidia-cudnn-cu11==")
    assert found.release == "debian-12 x86_64" and found.index == "apt/debian-12-x86_64"


def test_what_is_left_out_of_the_plan_is_not_fetched() -> None:
    _, found = wanted(without=["cuda", "cudnn", "torch"])
    assert found.locks == {} and found.tarballs == ()


def test_mokutil_comes_where_a_key_may_have_to_be_enrolled() -> None:
    state = replace(a_host.bare(), shim=True)
    found = wants.of_plan(state, planned(state), TEXT)
    assert ("mokutil",) in found.asks
    assert ("mokutil",) not in wanted()[1].asks


def test_wheel_of_another_hash_serves_no_package() -> None:
    entry = Entry("ab" * 32, 3, ("l",))
    assert wants.lacking_wheels(TEXT, "l", Manifest({"wheels/torch-1.0.whl": entry})) == [
        "torch==1.0",
        "numpy==1.0",
    ]


def test_comments_of_a_lock_do_not_count() -> None:
    assert wants.lock_digest(f"# of today\n\n{TEXT}") == wants.lock_digest(TEXT)


def test_all_that_a_host_reads_is_served_and_nothing_of_other_releases(
    tmp_path: Path,
) -> None:
    known = manifest.read(a_host_bundle.made(tmp_path))
    served = wants.files(a_host_bundle.WANTED, known)
    assert set(served) == set(known.files)
    entry = Entry("ab" * 32, 3, ("debian-13 x86_64",))
    assert "pool/ab/x.deb" not in wants.files(
        a_host_bundle.WANTED, known.with_file("pool/ab/x.deb", entry)
    )
