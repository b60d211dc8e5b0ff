"""What a host says of mirrors, read as it was printed, or not at all."""

from __future__ import annotations

import pytest

from facts.parse.mirrors import MirrorReading, readings
from facts.parse.sections import ProbeError

HEAD = "##gpuwright-probe 1 N"


def answer(*lines: str) -> list[str]:
    return [HEAD, *(f"##N {line[2:]}" if line.startswith("# ") else line for line in lines)]


def one(*lines: str) -> MirrorReading:
    return readings(answer("# mirror 0", *lines, "# end"), 1)[0]


def test_figures_are_read_with_the_clients_words() -> None:
    found = one(
        "# @index",
        "120|0|200|0.1|0.2|text/html; charset=utf-8|http://m.example.org/a|b",
        "# @index_look",
        "html",
        "# @link",
        "found",
        "metadata",
        "# @measured",
        "torch.whl",
        "# @bytes",
        "1000|56|206|0.5|2|application/zip|http://m.example.org/torch.whl",
        "curl: (56) reset",
        "# @bytes_look",
    )
    assert found.linked and found.promised and found.measured == "torch.whl"
    assert found.index is not None and found.index.html and not found.index.browser
    assert found.index.address == "http://m.example.org/a|b"
    assert found.bytes is not None
    assert (found.bytes.rate, found.bytes.exit, found.bytes.said) == (500.0, 56, "curl: (56) reset")


def test_page_without_the_file_is_other_than_no_page() -> None:
    assert one("# @link").linked is False
    assert one().linked is None


@pytest.mark.parametrize("line", ["", "x|y", "²|0|200|1e400|nan||", "|" * 20, "-1|0|abc|-1|inf||"])
def test_figures_that_are_none_are_none(line: str) -> None:
    found = one("# @bytes", line, "# @bytes_look")
    assert found.bytes is not None
    assert not found.bytes.came and found.bytes.rate is None


def test_mirror_that_was_not_reached_says_so() -> None:
    assert readings(answer("# end"), 2) == (MirrorReading(left="time"),) * 2


def test_answer_that_is_cut_off_is_none() -> None:
    with pytest.raises(ProbeError):
        readings(answer("# mirror 0", "# @bytes"), 1)
