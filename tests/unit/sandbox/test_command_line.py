"""The command line: numbers that make no sense are answered, not taken."""

from __future__ import annotations

import pytest

from sandbox.__main__ import main


@pytest.mark.parametrize(
    "words", [("--rate", "-1"), ("--rate", "0"), ("--rate", "inf"), ("--delay", "nan")]
)
def test_numbers_that_make_no_sense_are_refused(
    words: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["up", "x", *words])
    assert end.value.code == 2
    assert words[0] in capsys.readouterr().err
