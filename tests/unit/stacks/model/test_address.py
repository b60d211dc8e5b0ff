"""Addresses with a login: told without it, taken apart, refused where a file cannot say them."""

from __future__ import annotations

import pytest

from stacks.model import address
from stacks.model.address import Login


@pytest.mark.parametrize(
    "text",
    [
        "E: Failed to fetch https://ana:hunter2@mirror.example.org/x  401",
        "two: http://a:hunter2@one/ and http://b:hunter2@two/",
        "an @ in it: http://ana:p@ss:hunter2@mirror/simple",
        '{"uri": "https://hunter2@mirror/"}',
        "a proxy (socks5h://ana:hunter2@[fd00::1]:1080)",
    ],
)
def test_login_is_told_to_nobody(text: str) -> None:
    told = address.masked(text)
    assert "hunter2" not in told and "ss:" not in told and "://HIDDEN@" in told


@pytest.mark.parametrize(
    "text",
    [
        "see https://mirror.example.org/@scope/x or write to ana@example.org",
        '["http://mirror","ana@example.org"]',
        "git@example.org:a/b",
    ],
)
def test_text_without_a_login_stays(text: str) -> None:
    assert address.masked(text) == text


@pytest.mark.parametrize(
    ("whole", "bare", "login"),
    [
        ("http://a:b@m:8080/x?y", "http://m:8080/x?y", Login("a", "b")),
        ("https://a@[fd00::1]/", "https://[fd00::1]/", Login("a", "")),
        ("https://a%40b:p%3Aw%2F%24@m/", "https://m/", Login("a@b", "p:w/$")),
        ("https://m/@scope", "https://m/@scope", None),
    ],
)
def test_address_is_taken_apart(whole: str, bare: str, login: Login | None) -> None:
    assert (address.bare(whole), address.login(whole)) == (bare, login)
    assert address.fault(whole) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "http://a:p@ss@m/",
        "http://a:p/ss@m/",
        "http://a:p%0Amachine%20x@m/",
        "http://a:p%20w@m/",
        "http://a:%23p@m/",
        "http://:p@m/",
        "http://a:p%C3%BC@m/",
    ],
)
def test_login_that_no_file_can_say_has_a_fault_that_holds_none_of_it(wrong: str) -> None:
    said = address.fault(wrong)
    assert said and "ss" not in said.replace("password", "").replace("address", "")


def test_login_is_not_in_its_own_words() -> None:
    assert "hunter2" not in repr(Login("ana", "hunter2"))
