"""What others have set: environment of all logins, apt's settings, its preferences, pip's, uv's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from facts.model.settings import HostSettings, Pin, SettingLine
from facts.parse.sections import Section, integer

_LINE = re.compile(r"^(/[^:]*):(\d{1,9}):(.*)$")
_APT = re.compile(r'^([A-Za-z][^ ]*) "(.*)";$')
_PIP = re.compile(r"^\s*([A-Za-z][A-Za-z0-9_-]*)\s*[=:]")
_PRIORITY = re.compile(r"[+-]?\d{1,9}")
_PREFERENCES = "/etc/apt/preferences"


def host_settings(section: Section, pip: Section) -> HostSettings:
    """What the section of settings, and pip's, tell."""
    pairs = (m for line in section.part("apt") if (m := _APT.match(line)))
    return HostSettings(
        environment=tuple(_lines(section.part("environment"))),
        apt={m[1]: m[2] for m in pairs},
        apt_lines=tuple(_lines(section.part("apt_lines"))),
        pins=tuple(
            pin
            for path, lines in section.files()
            if _read_by_apt(path)
            for pin in pins(path, lines)
        ),
        uv_files=tuple(line for line in section.part("uv") if line.startswith("/")),
        pip_lines=tuple(
            SettingLine(path, number, match[1])
            for path, lines in pip.files()
            for number, line in enumerate(lines, 1)
            if (match := _PIP.match(line))
        ),
    )


def _lines(lines: list[str]) -> Iterator[SettingLine]:
    """``file:number:text`` as grep printed them."""
    for line in lines:
        if match := _LINE.match(line):
            yield SettingLine(match[1], integer(match[2]) or 0, match[3].strip())


def _read_by_apt(path: str) -> bool:
    """Whether apt reads a file of this name (apt_preferences(5), "The Effect of APT Preferences").

    In the folder, names end with ``.pref`` or have no ending.
    """
    if path == _PREFERENCES:
        return True
    folder, _, name = path.rpartition("/")
    if folder != f"{_PREFERENCES}.d":
        return False
    return bool(re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", name)) and (
        "." not in name or name.endswith(".pref")
    )


def pins(path: str, lines: list[str]) -> Iterator[Pin]:
    """Records of one preferences file (apt_preferences(5)); explanations are skipped."""
    record: dict[str, str] = {}
    began, last = 0, ""
    for number, line in enumerate([*lines, ""], 1):
        if line.startswith("#"):
            continue
        if not line:  # one of blanks goes on with its record
            if record:
                yield _pin(path, began, record)
            record, last = {}, ""
        elif line[0].isspace():
            if last:
                record[last] += " " + line.strip()
        else:
            key, mark, value = line.partition(":")
            last = key.strip().lower() if mark else ""
            if last == "explanation":
                last = ""
            if last:
                began = began if record else number
                record[last] = value.strip()


def _pin(path: str, line: int, record: dict[str, str]) -> Pin:
    number = _PRIORITY.match(record.get("pin-priority", ""))
    return Pin(
        path,
        line,
        tuple(record.get("package", "").replace(",", " ").split()),
        record.get("pin", ""),
        # apt takes what is no number for 0, and refuses a priority of 0 (apt-pkg/policy.cc).
        (int(number[0]) or None) if number else None,
    )
