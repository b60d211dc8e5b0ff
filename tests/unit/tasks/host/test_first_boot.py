"""The first boot of a cloud machine: waited for; what went badly in it is reported, no more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tasks.host import first_boot

HOST: Any = SimpleNamespace(print_prefix="[h] ")


@pytest.mark.parametrize(
    ("answer", "goes_on", "told"),
    [
        ((True, "status: done\nstatus 0"), True, ""),
        ((True, "status: error\ndetail: no such key\nstatus 1"), True, "detail: no such key"),
        ((True, "status: done\nrecoverable_errors: WARNING\nstatus 2"), True, "recoverable"),
        ((True, "....\nstatus 124"), False, "CLOUD-INIT: the first boot has not ended after 5 s"),
        ((False, ""), False, "CLOUD-INIT"),
    ],
)
def test_how_cloud_init_ends(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    answer: tuple[bool, str],
    goes_on: bool,
    told: str,
) -> None:
    monkeypatch.setattr(first_boot, "run", lambda *_, **__: answer)
    monkeypatch.setattr(first_boot.logger, "propagate", True)
    assert first_boot._cloud_init_ended(None, HOST, 5) is goes_on
    assert told in caplog.text
    assert bool(caplog.text) is bool(told)
