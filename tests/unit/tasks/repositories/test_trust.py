"""Which repositories are refused before they are trusted, and in what words."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from facts.parse import openpgp
from facts.parse.repository import RepositoryAnswer
from stacks.model.messages import Conflict
from stacks.model.plan import Repository
from tasks.repositories import trust

KEYS = Path(__file__).parents[2] / "facts/golden/keys"
GOOD = "842E1221BBACBD825E028AA2BBF7CED4BA735993"
OTHER = "8680028958071000BD4F1774E521412E2DDCD1E7"
NOW = 1_790_000_000.0
REPOSITORY = Repository(
    "nvidia-cuda", "apt", "http://mirror.example.org/ubuntu2204/x86_64/", "key.pub", (GOOD,)
)


def answer(
    *keys: str, label: str | None = "NVIDIA CUDA", why: str | None = None
) -> RepositoryAnswer:
    """What a repository with these golden keys answers."""
    data = b"".join((KEYS / f"{key}.asc").read_bytes() for key in keys)
    key = base64.b64encode(data).decode() if keys else None
    return RepositoryAnswer(REPOSITORY.address, key, label, why=why)


def conflict(given: RepositoryAnswer, repository: Repository = REPOSITORY) -> Conflict:
    (found,) = trust.conflicts(repository, given, NOW)
    return found


def test_repository_with_the_pinned_key_has_no_conflict() -> None:
    assert trust.conflicts(REPOSITORY, answer("plain"), NOW) == ()
    assert openpgp.read(trust.keyring(answer("plain"))).fingerprints == (GOOD,)


def test_fingerprint_may_be_pinned_in_lower_case_and_with_blanks() -> None:
    written = " ".join(GOOD[i : i + 4] for i in range(0, 40, 4)).lower()
    pinned = replace(REPOSITORY, fingerprints=(written,))
    assert trust.conflicts(pinned, answer("plain"), NOW) == ()


def test_rotated_key_is_refused_with_both_fingerprints_and_the_line_that_accepts_it() -> None:
    found = conflict(answer("with-subkey"))
    assert found.code == "REPO-KEY"
    assert OTHER in found.why
    assert GOOD in found.why
    assert any(f"fingerprints = {{'nvidia': ['{OTHER}']}}" in r for r in found.remedies)


def test_second_key_beside_the_pinned_one_is_refused() -> None:
    """Whoever adds a key to the file could sign with it."""
    assert conflict(answer("plain", "with-subkey")).code == "REPO-KEY"


def test_repository_without_pinned_key_is_trusted_by_none() -> None:
    found = conflict(answer("plain"), replace(REPOSITORY, fingerprints=()))
    assert found.code == "REPO-KEY"
    assert "trusted are none" in found.why


def test_page_in_place_of_a_key_is_shown() -> None:
    page = base64.b64encode(b"<html>please log in").decode()
    found = conflict(RepositoryAnswer(REPOSITORY.address, page, None))
    assert found.code == "REPO-KEY"
    assert "<html>please log in" in found.why


def test_key_is_judged_before_the_rest_that_could_not_be_read() -> None:
    assert conflict(answer("with-subkey", why="no index")).code == "REPO-KEY"


@pytest.mark.parametrize("keys", [(), ("plain",)])
def test_repository_that_cannot_be_read_is_named_with_the_hosts_own_words(keys: tuple[str]) -> None:
    found = conflict(answer(*keys, why="E: Failed to fetch … 404"))
    assert found.code == "REPO-UNREACHABLE"
    assert REPOSITORY.address in found.what
    assert found.why == "E: Failed to fetch … 404"


def test_missing_certificates_have_their_own_remedy() -> None:
    found = conflict(answer(why="Certificate verification failed"))
    assert "apt-get install ca-certificates" in found.remedies[0]


def test_repository_of_another_label_is_refused() -> None:
    found = conflict(answer("plain", label="Debian"))
    assert found.code == "REPO-LABEL"
    assert '"Debian"' in found.why


ENDED = "C08D2F3AC65535B4BD5F5A637762F0C6254724E8"


def test_expired_key_is_refused_with_its_day() -> None:
    found = conflict(answer("ended"), replace(REPOSITORY, fingerprints=(ENDED,)))
    assert found.code == "REPO-KEY"
    assert "expired" in found.what
    assert "2020-12-31" in found.why


def test_prolonged_key_is_trusted_by_the_same_fingerprint() -> None:
    pinned = replace(REPOSITORY, fingerprints=(ENDED,))
    assert trust.conflicts(pinned, answer("prolonged"), NOW) == ()


def test_expired_key_beside_a_living_one_is_no_conflict() -> None:
    pinned = replace(REPOSITORY, fingerprints=(GOOD, ENDED))
    assert trust.conflicts(pinned, answer("plain", "ended"), NOW) == ()
