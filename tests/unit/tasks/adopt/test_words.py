"""What one host's adoption is told as."""

from __future__ import annotations

from stacks.model.messages import Conflict
from tasks.adopt import words


def test_refused_host_tells_code_reason_and_remedy() -> None:
    conflict = Conflict("NO-GPU", "no GPU", "nothing on the bus", ("look",), "the bus")
    answer = words.refused("gpu1", [conflict])
    assert answer.level == "CRITICAL"
    assert answer.text.split("\n") == [
        "gpu1: not adopted",
        "  NO-GPU: no GPU",
        "    why: nothing on the bus",
        "    do: look",
    ]
    assert answer.data["conflicts"][0]["code"] == "NO-GPU"


def test_words_of_a_failure_stay_on_one_line() -> None:
    answer = words.failed("gpu1", "disk\x1b[2J full\nreally")
    assert answer.text.split("\n")[0] == "gpu1: not adopted" and answer.text.count("\n") == 1
    assert "\x1b" not in answer.text + str(answer.data["why"])
