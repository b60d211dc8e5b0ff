"""What goes and what stays, over hosts of all kinds."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from facts.removal_model import Before, Container, Traces
from tasks.hostdata.removal import RemovalSettings
from tasks.removal.removal_plan import RemovalPlan, chart
from tests.unit.tasks.removal.traces_of import host, with_before, with_brought

STATE = "/var/lib/gpuwright"
PINS = "/etc/apt/preferences.d/gpuwright"
UNATTENDED = "/etc/apt/apt.conf.d/52gpuwright-unattended-upgrades"
NOUVEAU = "/etc/modprobe.d/gpuwright-nouveau.conf"
SOURCES = "/etc/apt/sources.list.d/gpuwright-nvidia-cuda.sources"
WATCH = "/etc/systemd/system/gpuwright-guard.path"
UNIT = "/etc/systemd/system/gpuwright-workspace@.service"
OLD_FILES = "/etc/apt/apt.conf.d/52gpuwright-old-files"


def made(**more: object) -> Traces:
    """A host that we have set up."""
    said = {
        "files": (PINS, UNATTENDED, NOUVEAU, SOURCES, WATCH, UNIT, OLD_FILES),
        "aside": ("/etc/apt/sources.list.d/cuda.list.gpuwright-old",),
        "folders": {"/opt/gpuwright": 10, STATE: 1},
        "entries": tuple(f"/opt/gpuwright/{n}" for n in ("envs", "lib", "lib/uv", "lib/workspace"))
        + tuple(f"{STATE}/{n}" for n in ("before", "brought", "jobs", "workspaces", "image.json")),
        "holds": frozenset({"nvidia-smi", "theirs"}),
        "pinned": frozenset({"nvidia-smi", "theirs", "gone"}),
        **more,
    }
    found = host("bash", "nvidia-smi; dkms", **said)
    return with_before(found, holds=frozenset({"theirs"}))


def plan(traces: Traces, also: str = "", loaded: bool = False) -> RemovalPlan:
    return chart(traces, loaded, RemovalSettings(**dict.fromkeys(also.split(), True)))


def test_host_that_never_met_us_has_nothing_that_goes() -> None:
    assert not plan(Traces(before=None))


@pytest.mark.parametrize("before", [None, Before(whole=False)])
def test_older_host_loses_our_files_and_keeps_packages(before: Before | None) -> None:
    traces = replace(made(), before=before)
    found = plan(with_brought(traces, packages={}))
    assert not found.packages.goes and NOUVEAU in found.files and found.folders
    assert found.unhold == ("nvidia-smi", "theirs")  # our pins name both
    assert any("not known" in line and "nvidia-smi" in line for line in found.stays)


def test_hold_of_before_stays_and_ours_ends() -> None:
    found = plan(made())
    assert found.unhold == ("nvidia-smi",)
    assert found.hold_files == (PINS, UNATTENDED)


def test_each_file_of_ours_goes_by_one_step() -> None:
    found = plan(made())
    files = [*found.guard, *found.hold_files, *found.files]
    assert sorted(files) == sorted(made().files)
    assert found.guard == (WATCH,) and found.initramfs
    assert found.put_back == made().aside


def test_backup_of_docker_s_settings_is_not_put_back() -> None:
    aside = ("/etc/docker/daemon.json.gpuwright-old",)
    assert plan(made(aside=aside, files=aside)).put_back == ()


@pytest.mark.parametrize("loaded", [True, False])
def test_module_is_unloaded_where_its_packages_go(loaded: bool) -> None:
    assert plan(made(), loaded=loaded).unloads is loaded
    assert not plan(host("bash", "dkms"), loaded=True).unloads


ALSO = [
    " ".join(s)
    for n in range(4)
    for s in itertools.combinations(RemovalSettings.__annotations__, n)
]


@pytest.mark.parametrize("also", ALSO)
def test_what_is_not_named_stays_with_what_it_needs(also: str) -> None:
    traces = made(
        workspaces=("alice",),
        containers=(Container("gpuwright-workspace-alice", False, "alice"),),
        images=("pytorch-cuda:v2.9",),
        image_names=("pytorch-cuda:v2.9", "pytorch-cuda:old"),
    )
    engine = replace(traces.installed[-1], name="docker.io", depends="libseccomp2")
    library = replace(engine, name="libseccomp2", depends="")
    traces = replace(traces, installed=(*traces.installed, engine, library))
    traces = with_brought(
        traces, packages={**traces.brought.packages, "docker.io": "1", "libseccomp2": "1"}
    )
    found = plan(traces, also)
    goes, folders = {one.plain for one in found.packages.goes}, dict(found.folders)
    assert {"nvidia-smi", "dkms"} <= goes
    assert ({"docker.io", "libseccomp2"} <= goes) is ("engine" in also)
    assert found.workspaces == (("alice",) if "workspaces" in also else ())
    assert found.images == (("pytorch-cuda:v2.9",) if "images" in also else ())
    assert (UNIT in found.files) is ("workspaces" in also)
    assert (f"{STATE}/jobs" in folders) or STATE in folders
    whole = also == " ".join(RemovalSettings.__annotations__)
    assert (STATE in folders) is whole and (f"{STATE}/before" not in folders)
    assert ("/opt/gpuwright" in folders) is ("workspaces" in also)
    assert ("/opt/gpuwright/lib/workspace" in folders) is False
    assert found.notes_stay is not whole
    for word, name in (
        ("workspaces", "alice"),
        ("images", "pytorch-cuda:v2.9"),
        ("engine", "docker.io"),
    ):
        assert any(name in line for line in found.stays) is (word not in also)


@pytest.mark.parametrize("workspaces", [("alice",), ()], ids=["there", "gone"])
def test_home_that_somebody_has_used_stays_whatever_is_named(workspaces: tuple[str, ...]) -> None:
    home = f"{STATE}/workspaces/alice/home"
    found = plan(made(workspaces=workspaces, homes=(home,)), "workspaces images engine")
    gone = [path for path, _ in found.folders]
    assert gone and not any(f"{home}/".startswith(f"{path}/") for path in gone)
    assert any(home in line for line in found.stays)


def test_only_a_home_is_left_and_nothing_goes() -> None:
    home, spaces = f"{STATE}/workspaces/alice/home", f"{STATE}/workspaces"
    assert not plan(Traces(None, homes=(home,), folders={STATE: 1}, entries=(spaces,)))


def test_users_of_packages_go_unless_a_package_stays() -> None:
    traces = with_brought(
        made(users=frozenset({"nvidia-persistenced", "root"}), groups=frozenset({"docker"})),
        users=frozenset({"nvidia-persistenced"}),
        groups=frozenset({"docker", "gone"}),
    )
    found = plan(traces)
    assert (found.users, found.groups) == (("nvidia-persistenced",), ("docker",))
    asked = replace(traces, manual=frozenset({"dkms"}))
    assert (plan(asked).users, plan(asked).groups) == ((), ())


def test_settings_of_docker_that_nobody_noted_stay_and_are_named() -> None:
    found = plan(made(daemon_json='{"default-runtime": "nvidia"}'))
    assert found.docker_text is None
    assert any("daemon.json" in line for line in found.stays)


def test_settings_of_docker_that_cannot_be_read_stay_and_are_named() -> None:
    traces = with_brought(made(daemon_json="{"), docker_keys=frozenset({"runtimes"}))
    assert plan(traces).docker_text is None
    assert any("cannot be read" in line for line in plan(traces).stays)


PULL = "/etc/systemd/system/multi-user.target.wants/gpuwright-pull.service"
METRICS = "/srv/metrics"
CONFIG, DROP_IN = "/etc/containerd/config.toml", "/etc/containerd/conf.d/99-nvidia.toml"


def test_unit_of_first_boot_goes_by_its_own_step_with_its_metrics() -> None:
    told = (f"{METRICS}/gpuwright.prom", f"{METRICS}/gpuwright_pull.prom")
    own = "/etc/gpuwright/host-data.json"
    found = plan(made(files=(PULL, WATCH, own), textfiles=told, made=("/srv", METRICS)))
    assert found.pull == (PULL, told[1]) and found.guard == (WATCH, told[0])
    assert found.files == (own,)
    assert found.made == (METRICS, "/srv")  # the inner one first


def test_only_a_unit_of_first_boot_is_something_to_remove() -> None:
    assert plan(Traces(None, files=(PULL,)))


def test_containerd_s_files_go_back_unless_somebody_changed_them_since() -> None:
    aside = (f"{CONFIG}.gpuwright-old",)
    found = plan(made(aside=aside, written={CONFIG: False, DROP_IN: True}))
    assert found.containerd == (DROP_IN,) and found.put_back == ()
    assert any(CONFIG in line and "changed" in line for line in found.stays)
