"""What a person copies stays on one line, however narrow the screen is."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from stacks.explain import words
from stacks.explain.wrapping import wrapped
from stacks.model.host import Gpu, HostProfile
from stacks.model.messages import Conflict, Notice
from tests.unit.stacks.hosts import CATALOG, ask, stack_of

COMMAND = re.compile(
    r"\b(apt-get|dnf|mokutil|sudo|modprobe|systemctl|nvidia-smi|docker|pyinfra|python -m) "
    r"|(^| )--[a-z]"
)
WIDTHS = (20, 60, 80)


def printed(width: int, say: Callable[[Console], None]) -> str:
    """What is printed into a file of this width."""
    console = Console(file=io.StringIO(), width=width, color_system=None, soft_wrap=False)
    with console.capture() as captured:
        say(console)
    return captured.get()


def said() -> tuple[list[Conflict], list[Notice]]:
    """What is said of hosts of many kinds."""
    conflicts: dict[str, Conflict] = {}
    notices: dict[str, Notice] = {}
    for system in CATALOG.distributions:
        for gpu in ("k80", "h100", "b200"):
            for data in ({}, {"driver_origin": "nvidia"}, {"cuda_origin": "nvidia"}):
                found = ask(HostProfile(system, "x86_64", gpus=(Gpu(gpu),)), **data)
                conflicts |= {str(c.remedies): c for c in found.conflicts}
                notices |= {n.remedy: n for n in (found.plan.notices if found.plan else ())}
    return list(conflicts.values()), list(notices.values())


def test_commands_in_ways_out_are_marked_and_stay_whole() -> None:
    conflicts, notices = said()
    remedies = [r for c in conflicts for r in c.remedies] + [n.remedy for n in notices]
    spans = {span for remedy in remedies for span in re.findall(r"`[^`]*`", remedy)}
    assert len(spans) > 50 and any(len(span) > 80 for span in spans)
    assert not [r for r in remedies if COMMAND.search(re.sub(r"`[^`]*`", "", r))]
    for width in WIDTHS:
        text = printed(width, lambda console: words.conflicts(console, tuple(conflicts)))
        text += printed(width, lambda console: words._notices(console, tuple(notices)))
        lines = text.splitlines()
        assert not [span for span in spans if not any(span in line for line in lines)]


def test_refusal_that_explain_prints_is_copied_as_it_stands() -> None:
    profile = HostProfile("debian-12", "x86_64", gpus=(Gpu("b200"),))
    found = ask(profile)
    text = printed(80, lambda c: words.show(c, stack_of("pytorch-2.9"), profile, found, CATALOG))
    asks = "`python -m stacks explain pytorch-2.9 --os debian-12 --gpu b200 --without cuda`"
    assert any(asks in line for line in text.splitlines())


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("one two three", ["one two", "  three"]),
        ("do: `a b c d e f g h`.", ["do:", "  `a b c d e f g h`."]),
        ("a (`b c d e f g h`), i", ["a", "  (`b c d e f g h`),", "  i"]),
        ("it`s open ended and long", ["it`s open", "  ended", "  and long"]),
    ],
)
def test_words(text: str, lines: list[str]) -> None:
    assert wrapped(text, 10, 0, 2) == lines


@given(st.text(st.sampled_from("ab `"), max_size=60), st.integers(1, 30), st.integers(0, 5))
def test_no_word_is_lost_and_no_line_is_wider_than_it_must_be(
    text: str, width: int, hang: int
) -> None:
    lines = wrapped(text, width, hang, hang)
    assert " ".join(" ".join(lines).split()) == " ".join(text.split())
    for line in lines:
        outside = re.sub(r"`[^`]*`", "", line.strip())
        assert len(line) <= width or " " not in outside.strip()
