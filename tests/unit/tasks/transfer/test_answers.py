"""What a server's answer means for the part that is here."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tasks.transfer import answers
from tasks.transfer.answers import Again, Held, Later, Refused, Take, Whole

HELD = Held(600, 1000, '"a"')
REST = "bytes 600-999/1000"


def meaning(
    status: int,
    held: Held = HELD,
    size: int | None = None,
    told: Mapping[str, str] | None = None,
    **fields: str,
) -> object:
    named = {name.replace("_", "-"): value for name, value in {**(told or {}), **fields}.items()}
    return answers.meaning(status, named, held, size)


def test_rest_is_asked_for_if_the_file_is_still_the_same() -> None:
    assert Held().asks() == {}
    assert Held(600).asks() == {"Range": "bytes=600-"}
    assert HELD.asks() == {"Range": "bytes=600-", "If-Range": '"a"'}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"content_range": REST, "etag": '"a"'}, Take(600, 1000, '"a"')),
        ({"content_range": REST}, Take(600, 1000, '"a"')),
        ({"content_range": "bytes 0-999/1000"}, Take(0, 1000, '"a"')),
        ({"content_range": "bytes 600-999/*"}, Take(600, 1000, '"a"')),
    ],
)
def test_range_that_fits_is_taken(fields: dict[str, str], expected: Take) -> None:
    assert meaning(206, told=fields) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"content_range": "bytes 700-999/1000"},
        {"content_range": "bytes 600-1999/2000"},
        {"content_range": REST, "etag": '"b"'},
        {"content_range": "lines 600-999/1000"},
        {"content_range": "bytes 600-999/" + "9" * 5000},
        {"content_type": "multipart/byteranges"},
    ],
)
def test_range_that_does_not_fit_is_not_taken(fields: dict[str, str]) -> None:
    assert isinstance(meaning(206, told=fields), Again)


@pytest.mark.parametrize("status", [200, 206])
def test_page_and_other_size_are_refused(status: int) -> None:
    assert isinstance(meaning(status, content_type="TEXT/html;charset=x"), Refused)
    sizes = {"content_length": "1000", "content_range": REST}
    assert isinstance(meaning(status, size=999, told=sizes), Refused)
    assert isinstance(meaning(status, size=1000, told=sizes), Take)


def test_whole_file_in_place_of_the_rest_is_another_one_if_its_mark_is() -> None:
    assert meaning(200, content_length="1000", etag='"a"') == Take(0, 1000, '"a"')
    assert meaning(200, content_length="1000", etag='"b"') == Take(0, 1000, '"b"', changed=True)
    assert meaning(200, content_length="999", etag='"a"') == Take(0, 999, '"a"', changed=True)
    assert meaning(200, Held(), etag='"b"') == Take(0, None, '"b"')


@pytest.mark.parametrize("etag", ['W/"a"', "a", '"a\x1b"', '"' + "a" * 300 + '"', ""])
def test_mark_that_cannot_be_asked_with_is_none(etag: str) -> None:
    assert meaning(200, Held(), etag=etag, content_length="5") == Take(0, 5, "")


@pytest.mark.parametrize("length", ["", "-1", "1e9", "٣", "9" * 400])
def test_length_that_is_none_is_not_known(length: str) -> None:
    assert meaning(200, Held(), content_length=length) == Take(0, None, "")


def test_file_larger_than_any_is_refused() -> None:
    assert isinstance(meaning(200, content_length="9" * 15), Refused)


def test_nothing_after_what_is_here_means_whole_or_too_long() -> None:
    assert meaning(416) == Whole()
    assert meaning(416, content_range="bytes */600") == Whole()
    assert isinstance(meaning(416, content_range="bytes */500"), Again)
    assert isinstance(meaning(416, Held()), Refused)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_busy_server_is_asked_later(status: int) -> None:
    assert isinstance(meaning(status), Later)


@pytest.mark.parametrize("status", [204, 304, 400, 401, 403, 404, 410, 451, 999 - 600])
def test_every_other_status_is_a_refusal(status: int) -> None:
    assert isinstance(meaning(status), Refused)


@pytest.mark.parametrize(
    ("said", "wait"), [("7", 7.0), ("99999", 60.0), ("Fri, 31 Dec 1999", None), ("-1", None)]
)
def test_wait_that_is_asked_for_has_a_limit(said: str, wait: float | None) -> None:
    found = meaning(503, retry_after=said)
    assert isinstance(found, Later) and found.wait_s == wait


def test_status_is_named_by_the_standard_and_not_by_the_server() -> None:
    assert answers.named(404) == "404 Not Found" and answers.named(799) == "799"
