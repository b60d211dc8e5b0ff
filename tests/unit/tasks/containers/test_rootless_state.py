"""Docker without root: what it needs, and when it is left alone."""

from __future__ import annotations

import json
from dataclasses import replace

from facts.engine_model import Engines, User
from facts.model.host import HostState
from stacks.model.containers import EnginePlan
from stacks.model.plan import Plan
from tasks.containers import cdi_state, daemon_json, rootless_state
from tasks.hostdata.containers import ContainerSettings
from tests.unit.tasks import a_container_host as host
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import package, with_packages

ANA = User("ana", 1000, "/home/ana", lingers=True, has_docker=True)
FOR_ANA = ContainerSettings(rootless="ana")
DOCKER = EnginePlan("docker", "distribution", "26.1.5", ("docker.io",), ("docker.io",))
PLAN: Plan = host.plan(DOCKER, injection="cdi", features={"cdi": True})
SETTINGS = "/home/ana/.config/docker/daemon.json"
UNIT = "/home/ana/.config/systemd/user/docker.service"


def helped() -> HostState:
    return with_packages(
        a_host.bare(), *(package(n) for n in (*rootless_state.HELPERS, "rootlesskit"))
    )


def engines_state(user: User = ANA, **files: str) -> Engines:
    text = daemon_json.merged("{}", rootless_state.daemon_settings(PLAN)) or ""
    whole = {SETTINGS: text, UNIT: rootless_state.unit_text(DOCKER)}
    names = {"settings": SETTINGS, "unit": UNIT}
    whole.update({names[name]: text for name, text in files.items()})
    return replace(host.engines("{}"), users={user.name: user}, files=whole)


def test_nobody_is_named_and_nothing_is_done() -> None:
    assert rootless_state.due(a_host.bare(), engines_state(), PLAN, ContainerSettings()) == []


def test_what_is_there_is_left_alone() -> None:
    assert rootless_state.due(helped(), engines_state(), PLAN, FOR_ANA) == []


def test_bare_user_gets_everything() -> None:
    bare = replace(engines_state(User("ana", 1000, "/home/ana")), files={})
    told = rootless_state.due(a_host.bare(), bare, PLAN, FOR_ANA)
    assert {"package uidmap", "services without a login", "unit", "start"} <= {*told}
    assert {"setting features", "setting cdi-spec-dirs"} <= {*told}


def test_unit_of_another_hand_stays() -> None:
    assert (
        rootless_state.due(
            helped(), engines_state(unit="[Unit]\nDescription=mine\n"), PLAN, FOR_ANA
        )
        == []
    )


def test_settings_of_the_user_stay() -> None:
    text = daemon_json.merged('{"cdi-spec-dirs": ["/mine"]}', rootless_state.daemon_settings(PLAN))
    assert json.loads(text or "")["cdi-spec-dirs"] == ["/mine", cdi_state.COPIES]


def test_docker_that_knows_no_cdi_is_refused() -> None:
    (conflict,) = rootless_state.conflicts(
        helped(), engines_state(), host.plan(replace(DOCKER, cdi=False)), FOR_ANA
    )
    assert conflict.code == "DOCKER-ROOTLESS"
    assert "25" in conflict.why


def test_user_without_subordinate_ids_is_refused() -> None:
    user = replace(ANA, subordinate=False)
    (conflict,) = rootless_state.conflicts(helped(), engines_state(user), PLAN, FOR_ANA)
    assert "usermod --add-subuids" in conflict.remedies[0]


def test_broken_settings_of_the_user_are_refused_by_their_path() -> None:
    (conflict,) = rootless_state.conflicts(helped(), engines_state(settings="{"), PLAN, FOR_ANA)
    assert (conflict.code, SETTINGS in conflict.what) == ("DAEMON-JSON", True)


def test_password_in_the_users_settings_is_never_written_from_what_was_shown() -> None:
    """The look hides it; what is merged at the end is read again. Here only: it changes nothing."""
    shown = '{"proxies": {"http-proxy": "http://HIDDEN@p"}}'
    assert "setting features" in rootless_state.due(
        helped(), engines_state(settings=shown), PLAN, FOR_ANA
    )
