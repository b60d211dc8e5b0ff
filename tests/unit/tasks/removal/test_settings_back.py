"""Docker's settings without ours, whatever others have put there before and since."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks.containers.daemon_json import Settings, changed, merged
from tasks.removal.settings_back import without_ours

OURS = Settings(
    runtime=True,
    default_runtime=True,
    features={"cdi": True},
    mirrors=("https://mirror.example.org",),
)
BEFORE: list[dict[str, Any] | None] = [
    None,
    {},
    {"log-driver": "journald"},
    {"runtimes": {"kata": {"path": "/usr/bin/kata"}}, "features": {"buildkit": True}},
    {"registry-mirrors": ["https://old.example.org"], "default-runtime": "kata"},
    {"features": {"cdi": False}, "runtimes": {"nvidia": {"path": "/opt/theirs"}}},
]


@pytest.mark.parametrize("before", BEFORE)
def test_file_is_as_before(before: dict[str, Any] | None) -> None:
    had = None if before is None else json.dumps(before)
    ours = merged(had, OURS)
    text = without_ours(ours, had, frozenset(changed(had, OURS)))
    assert text is not None
    assert (json.loads(text) if text else None) == before


@pytest.mark.parametrize("before", BEFORE)
def test_what_others_have_put_there_since_stays(before: dict[str, Any] | None) -> None:
    had = None if before is None else json.dumps(before)
    now = json.loads(merged(had, OURS) or "{}")
    now["data-root"] = "/srv/docker"
    now["runtimes"]["other"] = {"path": "/usr/bin/other"}
    text = without_ours(json.dumps(now), had, frozenset(changed(had, OURS)))
    then = json.loads(text or "{}")
    assert then["data-root"] == "/srv/docker" and "other" in then["runtimes"]
    assert "nvidia" not in then["runtimes"] or (before and "nvidia" in before["runtimes"])


@pytest.mark.parametrize("now", [None, "{}", '{"log-driver": "journald"}'])
def test_nothing_of_ours_leaves_the_file_as_it_is(now: str | None) -> None:
    assert without_ours(now, None, frozenset({"runtimes"})) is None


def test_key_that_we_never_changed_stays() -> None:
    assert without_ours('{"default-runtime": "nvidia"}', None, frozenset()) is None
