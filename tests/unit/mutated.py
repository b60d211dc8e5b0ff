"""Texts that went wrong on their way: lines lost, doubled, cut, or filled with odd things."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate, takewhile
from random import Random

ODD = (
    *("", " ", "|", "=", ":", "'", '"', "}", "{", "[", "[x", "[]", "%", "-", "/", "\\", "null"),
    *("\x00", "\x1c", "\r", "\t", "\ufeff", "???", "\udcff", "é", "٣", "²", "-1", "1e999", "NaN"),
    *("|" * 9, "9" * 5000, "0" * 25, "1.2.3.4.5", " " * 9000, "a" * 9000, "9 " * 4000, "a/" * 4000),
    *("[" * 700 + "]" * 700, "[" * 200 + "]" * 200, '{"a":' * 300 + "1" + "}" * 300),
    *("[" * 90_000, '{"a":' * 90_000, '{"v1": []}', '{"a": 1e400}', '"\\ud800"', "[" * 900 + "]"),
    *("true", "false", "1", '[{"a": null}]', "!", "@", "#", "<a>", "&#0;", "-----BEGIN PGP", "=="),
)
"""What stands in the place of something else."""

MOST = 120_000
"""Characters of a text."""

_NUMBER = re.compile(r"\d+")


def mutated(text: Sequence[str], seed: int, odd: Sequence[str] = ODD) -> list[str]:
    """These lines with one to six things done to them; the same for the same seed."""
    chance = Random(seed)
    lines = list(text)
    for _ in range(chance.randint(1, 6)):
        if not lines:
            break
        at = chance.randrange(len(lines))
        line, new = lines[at], chance.choice(odd)
        place = chance.randint(0, len(line))
        match chance.randrange(10):
            case 0:
                del lines[at]
            case 1:
                lines.insert(chance.randrange(len(lines)), line)
            case 2:
                lines[at:at] = [line] * 300
            case 3:
                lines[at] = line[:place]
            case 4:
                lines[at] = line[:place] + new + line[place:]
            case 5:
                lines[at] = new
            case 6:
                lines[at] = _NUMBER.sub(lambda _, new=new: new, line, count=1)  # type: ignore[misc]
            case 7:
                words = re.split(r"([|:=, ])", line)
                words[chance.randrange(len(words))] = new
                lines[at] = "".join(words)
            case 8:
                other = chance.randrange(len(lines))
                lines[at], lines[other] = lines[other], line
            case _ if chance.random() < 0.2:
                lines = lines[:at]
    kept = takewhile(lambda size: size < MOST, accumulate(len(line) for line in lines))
    return lines[: len(list(kept))]
