"""What keeps a host from becoming a container host: said before it is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.engine_model import Engine, Engines, Running, User
from facts.model.host import HostState
from facts.model.system import Unit
from stacks.model.messages import Conflict
from tasks.containers import engine_conflicts
from tasks.hostdata.containers import ContainerSettings
from tests.unit.tasks import a_container_host as host
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import package, with_packages

NOTHING = ContainerSettings()
BUSY = (Running("train", "base:1", gpus=True),)


def said(
    state: HostState | None = None,
    engines_state: Engines | None = None,
    settings: ContainerSettings = NOTHING,
) -> dict[str, Conflict]:
    state = state or a_host.bare()
    found = engine_conflicts.conflicts(state, engines_state or Engines(), host.plan(), settings)
    return {c.code: c for c in found}


def with_docker(name: str = "docker.io", version: str = "20.10.24+dfsg1-1") -> HostState:
    return with_packages(a_host.bare(), package(name, version))


def test_bare_host_is_welcome() -> None:
    assert said() == {}


def test_host_without_containers_in_its_plan_is_not_judged() -> None:
    engines_state = host.engines("not json")
    assert engine_conflicts.conflicts(a_host.bare(), engines_state, a_host.plan(), NOTHING) == ()


def test_snap_is_refused_with_what_does_not_move() -> None:
    engines_state = Engines(engine=Engine(docker="/usr/bin/snap", snap=True))
    conflict = said(engines_state=engines_state)["DOCKER-SNAP"]
    assert "snap remove" in conflict.remedies[1]
    for lost in ("images", "volumes", "daemon.json", "group"):
        assert lost in conflict.remedies[1]


def test_docker_of_another_origin_is_refused_with_the_setting_that_keeps_it() -> None:
    conflict = said(with_docker("docker-ce", "5:29.1.0-1"), host.engines())["DOCKER-OTHER-ORIGIN"]
    assert "docker_origin: docker" in conflict.remedies[0]
    assert conflict.remedies[1].endswith("--allow-change-held-packages docker-ce")


def test_everything_that_dockers_own_cannot_stand_beside_is_named_at_once() -> None:
    state = with_docker()
    for name in ("docker-cli", "runc"):
        state = with_packages(state, package(name, "1"))
    (conflict,) = engine_conflicts.conflicts(
        state, host.engines(), host.plan(host.DOCKERS_OWN), NOTHING
    )
    assert "docker_origin: distribution" in conflict.remedies[0]
    assert conflict.remedies[1].endswith("--allow-change-held-packages docker.io docker-cli runc")


def test_runc_without_docker_stands_in_dockers_way_too() -> None:
    state = with_docker("runc", "1.1.15")
    (conflict,) = engine_conflicts.conflicts(state, Engines(), host.plan(host.DOCKERS_OWN), NOTHING)
    assert conflict.code == "DOCKER-OTHER-ORIGIN"


def test_docker_of_the_planned_origin_stays() -> None:
    assert said(with_docker(), host.engines()) == {}


def test_docker_that_no_package_owns_is_refused_by_its_path() -> None:
    engines_state = Engines(engine=Engine(docker="/usr/local/bin/docker"))
    assert (
        "/usr/local/bin/docker"
        in said(engines_state=engines_state)["DOCKER-OTHER-ORIGIN"].remedies[0]
    )


def test_podman_under_dockers_name_is_refused() -> None:
    state = with_docker("podman-docker", "4.3.1")
    assert "remove podman-docker" in said(state, host.engines())["DOCKER-SHIM"].remedies[0]


def test_masked_docker_is_somebodys_choice() -> None:
    unit = Unit("docker.service", "inactive", "masked")
    state = replace(with_docker(), units={unit.name: unit})
    assert "unmask docker.service" in said(state)["DOCKER-MASKED"].remedies[0]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"features": 1}'])
def test_settings_that_docker_cannot_read_are_refused(text: str) -> None:
    conflict = said(with_docker(), host.engines(text))["DAEMON-JSON"]
    assert "/etc/docker/daemon.json" in conflict.what
    assert all("daemon.json" in remedy for remedy in conflict.remedies)


def test_backup_of_broken_settings_is_named() -> None:
    engine = replace(host.engines("{").engine, backups={"/etc/docker/daemon.json.bak": "{}"})
    conflict = said(with_docker(), replace(host.engines(), engine=engine))["DAEMON-JSON"]
    assert conflict.remedies[-1].startswith("or take its backup: cp /etc/docker/daemon.json.bak")


def test_user_who_is_not_there_is_not_made() -> None:
    settings = ContainerSettings(users=("ana", "ben"))
    engines_state = replace(host.engines(), users={"ana": User("ana", 1000, "/home/ana")})
    assert "ben" in said(with_docker(), engines_state, settings)["DOCKER-USER"].what
    assert "ana" not in said(with_docker(), engines_state, settings)["DOCKER-USER"].what


def test_containers_that_a_restart_would_stop_are_named() -> None:
    engines_state = replace(host.engines(), docker=host.docker(*BUSY))
    conflict = said(with_docker(), engines_state)["DOCKER-BUSY"]
    assert "train" in conflict.why
    assert "docker stop train" in conflict.remedies[0]


def test_restart_that_is_allowed_is_no_conflict() -> None:
    engines_state = replace(host.engines(), docker=host.docker(*BUSY))
    assert said(with_docker(), engines_state, ContainerSettings(restart="now")) == {}


def test_containers_that_outlive_docker_are_in_nobodys_way() -> None:
    engines_state = replace(host.engines(), docker=host.docker(*BUSY, live_restore=True))
    assert said(with_docker(), engines_state) == {}


def test_containers_do_not_matter_where_a_reload_is_enough() -> None:
    state = with_packages(with_docker(), *(package(n, "1.20.0-1") for n in host.TOOLKIT))
    engines_state = replace(host.engines("{}"), docker=host.docker(*BUSY))
    assert said(state, engines_state) == {}


def test_byte_order_mark_is_refused_only_for_a_docker_that_refuses_it() -> None:
    marked = host.engines("???{}")
    assert said(with_docker("docker.io", "26.1.5+dfsg1-9"), marked) == {}
    (found,) = said(with_docker(), marked).values()
    assert (found.code, "this one is 20.10.24" in found.why) == ("DAEMON-JSON", True)
    assert found.remedies == (
        r"take the mark out: sed -i '1s/^\xef\xbb\xbf//' /etc/docker/daemon.json",
    )
    assert said(with_docker(), host.engines("{}")) == {}


def test_empty_settings_are_refused_only_for_a_docker_that_refuses_them() -> None:
    for text in ("", "\n", "???"):
        empty = host.engines(text)
        assert said(with_docker("docker.io", "26.1.5+dfsg1-9"), empty) == {}
        (found,) = said(with_docker(), empty).values()
        assert (found.code, "it is empty" in found.why) == ("DAEMON-JSON", True)
        assert found.remedies[0] == "if nothing is to be set: rm /etc/docker/daemon.json"


def test_docker_that_the_plan_brings_counts_where_there_is_none() -> None:
    (found,) = said(a_host.bare(), Engines(engine=Engine(daemon_json=""))).values()
    assert "this one is 20.10.24" in found.why
