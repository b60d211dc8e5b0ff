"""What we left on the host: files, the state record; and settings that affect every program."""

from __future__ import annotations

import re
from typing import Any

from facts.model.software import Setting
from facts.parse import jsontext
from facts.parse.sections import Section

_SUM = re.compile(r"^\\?([0-9a-f]{64})  (/.*)$")


def managed_files(section: Section) -> dict[str, str]:
    """Path → sha256 of the files that carry our name."""
    return {m[2]: m[1] for line in section.lines if (m := _SUM.match(line))}


def record(section: Section, unread: dict[str, str]) -> dict[str, Any] | None:
    """The state record as data; None where there is none, with a reason where it is damaged."""
    for path, lines in section.files():
        try:
            data = jsontext.loads("\n".join(lines))
        except ValueError as error:
            unread["record"] = f"{path} is not JSON: {error}"
            return None
        if isinstance(data, dict):
            return data
        unread["record"] = f"{path} holds no JSON object"
    return None


def settings(section: Section) -> tuple[Setting, ...]:
    """Lines ``file:text`` as grep printed them."""
    pairs = (line.partition(":") for line in section.lines)
    return tuple(Setting(path, text.strip()) for path, mark, text in pairs if mark)
