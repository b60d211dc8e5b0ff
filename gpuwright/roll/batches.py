"""Which hosts go together, in which order, and how many may fail. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

_COUNT = re.compile(r"[1-9][0-9]{0,5}")
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?%")
_SHARE = re.compile(r"[01](\.[0-9]{1,6})?|\.[0-9]{1,6}")


class AmountError(ValueError):
    """An amount, a time or a name of the command line is none. ``str()`` is the message."""


@dataclass(frozen=True)
class Size:
    """How many hosts one batch has."""

    count: int = 0
    percent: Fraction = Fraction(0)
    """Of all hosts of the roll; counts where ``count`` is 0."""

    def of(self, total: int) -> int:
        """Hosts, of so many: a percentage is rounded down, and is one host at least."""
        return self.count or max(1, int(self.percent * total / 100))


def sizes(text: str) -> tuple[Size, ...]:
    """``1,10%,25%``: one host, then a tenth of all, then a quarter again and again.

    Raises:
        AmountError: It says something else.
    """
    return tuple(_size(word.strip(), text) for word in text.split(","))


def _size(word: str, text: str) -> Size:
    if _COUNT.fullmatch(word):
        return Size(count=int(word))
    if _PERCENT.fullmatch(word) and 0 < (percent := Fraction(word[:-1])) <= 100:
        return Size(percent=percent)
    raise AmountError(
        f'--batches {text!r}: "{word}" is no number of hosts; counts from 1 and percentages up to '
        "100%, as in --batches 1,10%,25%"
    )


def share(text: str) -> Fraction:
    """``0.1`` or ``10%``: which part of all hosts may fail before the roll stops.

    Raises:
        AmountError: It says something else.
    """
    word = text.strip()
    if _PERCENT.fullmatch(word):
        found = Fraction(word[:-1]) / 100
    elif _SHARE.fullmatch(word):
        found = Fraction(word)
    else:
        found = Fraction(-1)
    if not 0 <= found <= 1:
        raise AmountError(
            f"--fail-share {text!r} is no share of the hosts: from 0 (none may fail) to 1, or 10%"
        )
    return found


def is_over(failed: int, total: int, allowed: Fraction) -> bool:
    """Whether more hosts failed than may: exactly the share is still allowed."""
    return failed > allowed * total


def may_fail(total: int, allowed: Fraction) -> int:
    """How many hosts may fail without a stop."""
    return int(allowed * total)


def split(
    names: Sequence[str],
    canary: Sequence[str],
    each: Sequence[Size],
    late: Collection[str] = (),
) -> tuple[tuple[str, ...], ...]:
    """The batches: the canaries alone, then as many as each size says; the last size goes on.

    Args:
        names: All hosts, in the inventory's order.
        canary: Who goes first, and by themselves.
        each: Sizes, at least one. Percentages are of all hosts, the canaries among them.
        late: Hosts that go after the others of their kind: those in use.

    Raises:
        AmountError: A canary is none of the hosts.
    """
    if strangers := [name for name in canary if name not in names]:
        raise AmountError(
            f"--canary {', '.join(strangers)}: no such host among the {len(names)} of this roll"
        )
    first = tuple(dict.fromkeys(canary))
    rest = [name for name in names if name not in first]
    rest.sort(key=lambda name: name in late)  # the order stays otherwise
    batches = [first] if first else []
    turn = 0
    while rest:
        many = each[min(turn, len(each) - 1)].of(len(names))
        batches.append(tuple(rest[:many]))
        rest, turn = rest[many:], turn + 1
    return tuple(batches)
