"""Whether a run may ask the program that started it for a reboot."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tasks.reboot import itself


@pytest.mark.parametrize(("told", "client", "goes_on"), [(1, None, 1), (0, None, 0), (1, "ssh", 0)])
def test_only_the_machine_at_hand_whose_run_is_begun_again(
    told: int, client: str | None, goes_on: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(itself.FOLDER, "/run/x" if told else "")
    host: Any = SimpleNamespace(connector=SimpleNamespace(client=client))
    assert itself.goes_on(host) is bool(goes_on)
