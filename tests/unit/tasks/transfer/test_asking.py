"""Who is asked for a file, and who learns the password."""

from __future__ import annotations

import pytest

from tasks.transfer import asking
from tasks.transfer.asking import AskingError, Source

URL = "https://index.example.org:8443/a.whl"


def test_login_of_the_address_is_not_part_of_it() -> None:
    source = Source.at("https://me:s%40c@index.example.org:8443/a.whl")
    assert (source.url, source.host) == (URL, "index.example.org:8443")
    assert source.login == "Basic bWU6c0Bj" and "bWU6" not in repr(source)


@pytest.mark.parametrize(
    ("known", "sent"),
    [
        ("https://me:x@index.example.org:8443/simple", True),
        ("https://me:x@INDEX.example.org:8443/", True),
        ("http://me:x@index.example.org:8443/", False),
        ("https://me:x@index.example.org/", False),
        ("https://me:x@example.org:8443/", False),
        ("https://me:x@index.example.org:8443.evil.example/", False),
        ("https://index.example.org:8443@evil.example/", False),
        ("https://me:x@index.example.org:port/", False),
        ("", False),
    ],
)
def test_login_serves_the_same_scheme_name_and_port(known: str, sent: bool) -> None:
    assert bool(Source.at(URL, [known]).login) is sent


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
def test_proxy_that_is_none_of_http_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "gopher://me:secret@proxy.example.org")
    with pytest.raises(AskingError, match="names a proxy") as caught:
        asking.client(1.0)
    assert "secret" not in str(caught.value)
