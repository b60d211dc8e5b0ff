"""NCCL's settings in host data: taken as meant, refused by name, or taken with a warning."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.hostdata import nccl


def values(**said: Any) -> dict[str, str]:
    return dict(nccl.nccl_settings({"nccl": said}).values)


@pytest.mark.parametrize("said", [{}, {"nccl": None}, {"nccl": {}}, {"nccl": ""}])
def test_nothing_said_sets_nothing(said: dict[str, Any]) -> None:
    assert nccl.nccl_settings(said) == nccl.NcclSettings()


def test_numbers_words_and_lists_of_interfaces_are_taken() -> None:
    found = values(
        NCCL_SOCKET_NTHREADS=4,
        NCCL_NSOCKS_PERTHREAD="4",
        NCCL_IB_DISABLE=1,
        NCCL_SOCKET_IFNAME="^docker,lo",
        NCCL_IB_HCA="=mlx5_0:1,mlx5_1:1",
        NCCL_DEBUG="INFO",
        NCCL_ALGO="allreduce:tree;broadcast:ring",
    )
    assert found["NCCL_SOCKET_NTHREADS"] == found["NCCL_NSOCKS_PERTHREAD"] == "4"
    assert found["NCCL_SOCKET_IFNAME"] == "^docker,lo"
    assert len(found) == 7 and list(found) == sorted(found)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("NCCL_SOCKET_NTHREADS", 0, "a whole number from 1 to 16"),
        ("NCCL_SOCKET_NTHREADS", "four", "a whole number from 1 to 16"),
        ("NCCL_IB_DISABLE", True, "a whole number from 0 to 1"),
        ("NCCL_DEBUG", "LOUD", "one of VERSION, WARN, INFO, TRACE"),
        ("NCCL_SOCKET_IFNAME", "eth0 eth1", "letters, digits"),
        ("NCCL_SOCKET_IFNAME", "$(reboot)", "letters, digits"),
        ("NCCL_NEW", "a'b", "letters, digits"),
        ("NCCL_NEW", "x" * 257, "letters, digits"),
        ("LD_PRELOAD", "/x.so", "names of NCCL's variables"),
        ("NCCL_X Y", "1", "names of NCCL's variables"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(name: str, value: Any, expected: str) -> None:
    with pytest.raises(ValueError, match='"nccl') as caught:
        values(**{name: value})
    assert expected in str(caught.value)


def test_sockets_of_all_threads_are_counted_together() -> None:
    assert values(NCCL_SOCKET_NTHREADS=16, NCCL_NSOCKS_PERTHREAD=4)
    with pytest.raises(ValueError, match="at most 64 sockets over all threads"):
        values(NCCL_SOCKET_NTHREADS=16, NCCL_NSOCKS_PERTHREAD=5)


def test_unknown_name_is_taken_with_a_warning_that_names_the_nearest() -> None:
    found = nccl.nccl_settings({"nccl": {"NCCL_IB_DISABEL": 1, "NCCL_NEW_THING": "x"}})
    assert dict(found.values) == {"NCCL_IB_DISABEL": "1", "NCCL_NEW_THING": "x"}
    assert "Did you mean NCCL_IB_DISABLE?" in found.warnings[0]
    assert "Did you mean" not in found.warnings[1]


def test_every_known_setting_has_its_meaning_and_one_kind_of_value() -> None:
    for name, row in nccl.known().items():
        assert name.startswith("NCCL_") and row.meaning
        assert (row.least is None) == (row.most is None)
        assert not (row.values and row.most is not None), name
