"""The package index as the mirror rewrites it."""

import json

import pytest

from sandbox.mirror.index import index_url, rewrite, upstream

PAGE = "https://index.example/simple/demo/"


def test_json_page_keeps_everything_but_the_addresses() -> None:
    page = {"name": "demo", "files": [{"url": "https://f.example/d.whl", "core-metadata": True}]}
    found = json.loads(rewrite(json.dumps(page).encode(), "application/vnd…+json", PAGE))
    assert found["files"] == [{"url": "/files/https/f.example/d.whl", "core-metadata": True}]


def test_html_page_keeps_hash_and_attributes() -> None:
    page = b'<a data-requires-python=">=3" href="https://f.example/d.whl#sha256=1">d</a>'
    expected = b'<a data-requires-python=">=3" href="/files/https/f.example/d.whl#sha256=1">d</a>'
    assert rewrite(page, "text/html", PAGE) == expected


def test_files_path_leads_back_to_the_address() -> None:
    assert upstream("/files/https/f.example/a/d.whl") == "https://f.example/a/d.whl"


def test_other_paths_lead_nowhere() -> None:
    assert upstream("/files/ftp/f.example/d.whl") is None


def test_configured_index_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://index.example/simple/")
    assert index_url() == "https://index.example/simple"


def test_without_configuration_the_installers_default_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")  # else the machine's own pip.conf counts
    assert index_url().startswith("https://")
