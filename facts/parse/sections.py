"""Split the probe's output into sections, and refuse half of it.

The marks are described at the top of ``facts/probe/head.sh``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MAGIC = "##gpuwright-probe 1 "
CUT = "##gpuwright-cut"
"""The last line of an answer that is longer than `MOST_BYTES`: it was cut on the host."""
MOST_BYTES = 4 << 20
"""Of one answer. The largest that was seen, of a host with 3,000 packages, has 0.3 MiB."""


class ProbeError(ValueError):
    """The probe's output cannot be trusted: cut off, mixed up, or not from our script."""


@dataclass
class Section:
    """The lines of one subject, and its parts by title in the order of the script."""

    name: str
    lines: list[str] = field(default_factory=list)
    parts: list[tuple[str, list[str]]] = field(default_factory=list)

    def part(self, title: str) -> list[str]:
        """Lines of the first part with this title; empty where there is none."""
        return next((lines for name, lines in self.parts if name == title), [])

    def has(self, title: str) -> bool:
        """Whether the script began such a part."""
        return any(name == title for name, _ in self.parts)

    def first(self, title: str) -> str | None:
        """First line of a part that is not blank, trimmed; None where there is none."""
        return next((line.strip() for line in self.part(title) if line.strip()), None)

    def files(self) -> Iterator[tuple[str, list[str]]]:
        """The parts that are files: their title is an absolute path."""
        return ((title, lines) for title, lines in self.parts if title.startswith("/"))


@dataclass(frozen=True)
class Transcript:
    """The whole output, whole."""

    sections: dict[str, Section]
    unread: dict[str, str]

    def __getitem__(self, name: str) -> Section:
        """A section by name; `ProbeError` where the output has none."""
        try:
            return self.sections[name]
        except KeyError:
            raise ProbeError(f"the probe's output has no section {name!r}") from None


def split(output: Iterable[str]) -> Transcript:
    """Read the marks. Lines before the first mark (a login banner) are skipped.

    Raises `ProbeError` where the first or the last mark is missing.
    """
    lines = iter(output)
    mark = next((f"##{s[len(MAGIC) :].strip()} " for s in lines if s.startswith(MAGIC)), None)
    if mark is None:
        raise ProbeError(
            "the host's answer does not begin with the probe's mark: "
            "does its login shell run another program?"
        )
    sections: dict[str, Section] = {}
    unread: dict[str, str] = {}
    section: Section | None = None
    body: list[str] = []
    line = ""
    for line in lines:
        if not line.startswith(mark):
            body.append(line)
            continue
        word = line[len(mark) :]
        if word == "end":
            return Transcript(sections, unread)
        if word.startswith("!"):
            name, _, why = word[1:].partition(" ")
            unread[name] = why.strip() or "no reason given"
        elif word.startswith("@"):
            if section is None:
                raise ProbeError(f"part {word[1:]!r} stands outside of any section")
            body = []
            section.parts.append((word[1:], body))
        else:
            section = sections.setdefault(word, Section(word))
            body = section.lines
    last = section.name if section else "the first mark"
    if section is not None and section.parts and body is section.parts[-1][1]:
        last += f", {section.parts[-1][0]}"
    raise ProbeError(
        cut_off(line, last)
        or f"the host's answer is cut off in {last}: connection lost or probe killed"
    )


def cut_off(line: str, where: str, most: int = MOST_BYTES) -> str:
    """What is said of an answer with this last line; empty: it was not cut on the host."""
    if line != CUT:
        return ""
    return (
        f"the host's answer is longer than {most >> 20} MiB and was cut in {where}: "
        "something is much larger there than it should be"
    )


def integer(text: str | None) -> int | None:
    """A decimal number, or None where the text is none."""
    text = (text or "").strip()
    # ASCII only and short: int() accepts other scripts' digits and refuses over 4,300 of them.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def number(text: str) -> int:
    """A decimal number that the script always prints; `ProbeError` where there is none."""
    found = integer(text)
    if found is None:
        raise ProbeError(f"expected a number, got {text[:120]!r}")
    return found


def fields(line: str, count: int) -> list[str]:
    """Exactly ``count`` fields of a ``a|b|c`` line of the script; `ProbeError` otherwise."""
    parts = line.split("|", count - 1)
    if len(parts) != count:
        raise ProbeError(f'expected {count} fields divided by "|", got {line[:120]!r}')
    return parts


def marked(output: list[str], most: int = MOST_BYTES) -> dict[str, list[str]]:
    """Lines below each mark ``== NAME`` of a script whose last mark is ``end``.

    Args:
        output: What it printed.
        most: Bytes after which it was cut on the host.

    Raises:
        ProbeError: It was cut off.
    """
    parts: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in output:
        if line.startswith("== "):
            lines = parts.setdefault(line[3:], [])
        else:
            lines.append(line)
    if "end" not in parts:
        last = next(reversed(parts), "its first part")
        raise ProbeError(
            cut_off(output[-1] if output else "", last, most) or "the answer was cut off"
        )
    return parts
