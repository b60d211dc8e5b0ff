"""Which Go builds the programs."""

import pytest

from sandbox.doubles import golang


@pytest.mark.parametrize(
    ("said", "release"),
    [("go version go1.26.8 linux/amd64", (1, 26)), ("go version devel", (0, 0))],
)
def test_release_of_go_is_read_from_what_it_says(
    monkeypatch: pytest.MonkeyPatch, said: str, release: tuple[int, int]
) -> None:
    monkeypatch.setattr(golang, "run", lambda *words: said)
    assert golang._release("go") == release
