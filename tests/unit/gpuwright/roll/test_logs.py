"""Logs: bounded, without secrets, under a name that any host may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpuwright.roll.logs import Log, name


@pytest.mark.parametrize("host", ["gpu01", "gpu01.example.org"])
def test_plain_name_stays(host: str) -> None:
    assert name(host) == f"{host}.log"


def test_odd_names_are_files_of_the_folder_and_differ() -> None:
    odd = ["../../etc/passwd", "@docker/a b", "@docker/a_b", "..", "", "ü" * 200, "x" * 300, "a\0b"]
    names = [name(host) for host in odd]
    assert len({*names}) == len(odd)
    assert all("/" not in each and not each.startswith(".") and len(each) < 120 for each in names)


def test_secret_is_hidden_wherever_what_came_was_cut(tmp_path: Path) -> None:
    log = Log(tmp_path / "x/host.log", ["opensesame", "open", "abc"])
    for part in (b"say open", b"sesame and abc\nagain opensesame", b" and open\n", b"last"):
        log.write(part)
    log.close()
    kept = (tmp_path / "x/host.log").read_text()
    assert kept == "say *** and abc\nagain *** and ***\nlast\n"
    assert log.last == "last"


def test_log_is_bounded_and_keeps_the_end(tmp_path: Path) -> None:
    log = Log(tmp_path / "host.log", most=1000)
    for number in range(500):
        log.write(b"line %d\n" % number)
    log.write(b"x" * 200_000)
    log.close()
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2 and min(sizes) <= 1000
    old = (tmp_path / "host.log.1").read_text()
    assert old.endswith("line 499\n")


def test_log_goes_on_where_it_ended(tmp_path: Path) -> None:
    for word in (b"one\n", b"two\n"):
        log = Log(tmp_path / "host.log")
        log.write(word)
        log.close()
    assert (tmp_path / "host.log").read_text() == "one\ntwo\n"
