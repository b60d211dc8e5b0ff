"""Host data from a file and from words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.hostdata import arguments


@pytest.mark.parametrize("word", ["stack", "=x", ""])
def test_word_that_is_no_pair_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="NAME=VALUE"):
        arguments.said(None, [word])


def test_value_may_hold_anything() -> None:
    assert arguments.said(None, ["a=b=c d"]) == {"a": "b=c d"}


def test_word_counts_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "v.yaml").write_text("a: 1\nb: 2\n")
    assert arguments.said(tmp_path / "v.yaml", ["a=3"]) == {"a": "3", "b": 2}


@pytest.mark.parametrize(
    ("text", "words"),
    [("- a\n", "no mapping"), ("x" * (arguments.MOST_BYTES + 1), "more than 1,048,576 bytes")],
)
def test_file_that_is_none_of_host_data_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "v.yaml").write_text(text)
    with pytest.raises(ValueError, match=words):
        arguments.said(tmp_path / "v.yaml", [])


def test_arguments_that_cannot_be_used_end_with_64(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments.Parser(prog="it").parse_args(["--no\x1b"])
    assert ended.value.code == arguments.USAGE
    assert "\x1b" not in capsys.readouterr().err
