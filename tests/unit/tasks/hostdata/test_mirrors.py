"""What ``mirrors`` of host data may say."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.catalog.mirrors import UPSTREAM
from stacks.catalog.read import load_catalog
from tasks.hostdata import containers as container_data
from tasks.hostdata import mirrors
from tasks.hostdata.mirrors import Candidate

SECRET = "hunter2"


def words(said: Any) -> dict[str, list[str]]:
    found = mirrors.candidates({"mirrors": said})
    return {kind: [candidate.word for candidate in listed] for kind, listed in found.items()}


def test_one_address_is_a_list_of_one() -> None:
    assert words({"pypi": "http://m.example.org/simple"}) == {
        "pypi": ["http://m.example.org/simple"]
    }


def test_nothing_said_is_no_mirror() -> None:
    assert words(None) == words({}) == words("") == words({"pypi": []}) == {}


def test_order_is_kept_and_what_is_named_twice_counts_once() -> None:
    said = ["http://b.example.org/simple", "http://a.example.org/simple"] * 2
    assert words({"pypi": said}) == {"pypi": said[:2]}


def test_names_of_the_catalogue_stand_among_addresses() -> None:
    known = load_catalog().mirrors.mirrors["pypi"]["tuna"].address
    said = ["http://a.example.org/simple", "tuna", UPSTREAM]
    assert words({"pypi": said}) == {"pypi": [said[0], known, UPSTREAM]}


def test_set_is_taken_by_its_name_with_the_names_of_its_mirrors() -> None:
    found = mirrors.candidates({"mirrors": "china"})
    known = load_catalog().mirrors.sets["china"].kinds
    assert {kind: tuple(c.name for c in listed) for kind, listed in found.items()} == dict(known)


def test_address_of_the_catalogue_has_its_name() -> None:
    address = load_catalog().mirrors.mirrors["pypi"]["ustc"].address or ""
    (found,) = mirrors.candidates({"mirrors": {"pypi": address}})["pypi"]
    assert found == Candidate("pypi", address, "ustc")


def test_resolver_gets_the_preferred_ones_and_no_word_for_upstream() -> None:
    said = {
        "pypi": ["http://a.example.org/simple", "tuna"],
        "nvidia": [UPSTREAM, "aliyun"],
        "registry": ["daocloud"],
    }
    assert mirrors.first(mirrors.candidates({"mirrors": said})) == {
        "pypi": "http://a.example.org/simple"
    }


def test_docker_gets_all_registries_unless_host_data_name_others() -> None:
    said = {"mirrors": {"registry": ["daocloud", "http://m.example.org:5000/", UPSTREAM]}}
    known = load_catalog().mirrors.mirrors["registry"]["daocloud"].address
    settings = container_data.container_settings(said)
    assert settings.mirrors == (known, "http://m.example.org:5000")
    own = {**said, "docker_registry_mirrors": ["https://o.example.org"]}
    assert container_data.container_settings(own).mirrors == ("https://o.example.org",)


def test_login_is_in_no_shown_address() -> None:
    address = f"http://me:{SECRET}@m.example.org:8080/simple"
    (found,) = mirrors.candidates({"mirrors": {"pypi": address}})["pypi"]
    assert found.address == address
    assert found.shown == "http://m.example.org:8080/simple"
    assert (found.name, found.site) == ("m.example.org:8080", "m.example.org")


WRONG: dict[str, Any] = {
    "set": "chinna",
    "set that is an address": "https://mirror.example.org",
    "list": ["china"],
    "kind": {"pip": "tuna"},
    "kind in upper case": {"PyPI": "tuna"},
    "name of another kind": {"redist": "tuna"},
    "name that was shut": {"registry": "163"},
    "name that wants an account": {"registry": "aliyun"},
    "number": {"pypi": 1},
    "number in a list": {"pypi": ["tuna", 1]},
    "list in a list": {"pypi": [["tuna"]]},
    "mapping": {"pypi": {"address": "http://m.example.org"}},
    "blank": {"pypi": "http://m.example.org/a b"},
    "line break": {"pypi": ["http://m.example.org/\nTrusted: yes"]},
    "not ASCII": {"pypi": "http://m.example.org/größe"},
    "no scheme": {"pypi": "m.example.org/simple"},
    "empty": {"pypi": [""]},
    "too many": {"pypi": [f"http://m{i}.example.org" for i in range(mirrors.MOST + 1)]},
    "flat index of anything": {"pypi": "flat+https://m.example.org/whl"},
    "registry with a path": {"registry": "https://m.example.org/v2"},
    "registry with a login": {"registry": f"https://me:{SECRET}@m.example.org"},
    "two at signs": {"pypi": f"http://me:{SECRET}@x@m.example.org"},
    "port": {"pypi": "http://m.example.org:port/simple"},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_its_key_and_no_password(name: str) -> None:
    with pytest.raises(ValueError, match=r'^"mirrors') as caught:
        mirrors.candidates({"mirrors": WRONG[name]})
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_misspelt_set_is_told_the_nearest() -> None:
    with pytest.raises(ValueError, match='did you mean "china"'):
        mirrors.candidates({"mirrors": "chima"})


@pytest.mark.parametrize(
    "said",
    [
        {"pypi": ["tuna", UPSTREAM], "redist": "nvidia-cn"},
        {"pypi": "https://tuna.example.org/simple", "docker": "https://tuna/linux"},
        {"docker": [f"https://me:{SECRET}@tuna/linux", "tuna", UPSTREAM]},
        *sorted(load_catalog().mirrors.sets),
    ],
)
def test_spelt_out_is_what_it_was_and_python_packages_come_by_addresses(said: Any) -> None:
    found = mirrors.spelt_out({"mirrors": said})
    indexes = found.get("pypi", [])
    for one in [indexes] if isinstance(indexes, str) else indexes:
        assert one == UPSTREAM or "://" in one
    again = mirrors.candidates({"mirrors": found})
    assert again == mirrors.candidates({"mirrors": said})
