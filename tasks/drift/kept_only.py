"""The report from readings that are kept: no host is asked, and none is connected to.

pyinfra connects before it looks into a deploy. So ``config.py`` asks here first, and the run ends
before there is an inventory.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path, PurePath
from typing import Any

from stacks.model.address import masked
from stacks.model.plain import decoded
from tasks.drift import document, forms, history, paste, wording
from tasks.drift.document import Report
from tasks.drift.reading import as_data
from tasks.hostdata.report import ReportSettings, report_settings
from tasks.steps import screen

DEPLOY = "report.py"


def begin(words: Sequence[str]) -> None:
    """Make the report and end, where the command line asks for one ``from`` folders.

    Args:
        words: The command line.

    Raises:
        SystemExit: The report's status (`tasks.drift.document.Report.status`), or 3 where the
            folders cannot be read.
    """
    deploys = [word for word in words if PurePath(word).parent.name == "deploys"]
    said = _data(words)
    if [PurePath(word).name for word in deploys] != [DEPLOY] or not any(
        word.startswith("from=") for word in said
    ):
        return
    try:
        pairs = [word.partition("=") for word in said]
        data = {name: _value(value) for name, _, value in pairs if name != "from"}
        every = [report_settings({"from": value}).source for n, _, value in pairs if n == "from"]
        folders = [folder for folder in every if folder is not None]
        raise SystemExit(told(report_settings(data), folders, "--json" in words))
    except (ValueError, OSError) as error:
        screen.say([f"the report cannot be made: {error}"])
        raise SystemExit(document.UNKNOWN) from None


def _data(words: Sequence[str]) -> list[str]:
    """What ``--data`` says, in both ways to write it."""
    pairs = zip(words, [*words[1:], ""], strict=True)
    return [
        following if word == "--data" else word.removeprefix("--data=")
        for word, following in pairs
        if word == "--data" or word.startswith("--data=")
    ]


def _value(word: str) -> Any:
    """The value as pyinfra's command line takes it: true, false, JSON, or else a text."""
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    try:
        return decoded(word)
    except ValueError:
        return word


def told(settings: ReportSettings, folders: Sequence[Path], as_json: bool = False) -> int:
    """Make, write and print it.

    Raises:
        OSError: A folder cannot be read, or a file not be written.
    """
    now = datetime.now(timezone.utc)
    report = merged(folders, now)
    written = forms.written(report, settings, keeps=False)
    if as_json or settings.form == "json":
        hosts = {reading.host: as_data(reading) for reading in report.readings}
        print(masked(json.dumps({"verdict": report.verdict, "hosts": hosts})))
    elif settings.form == "env":
        screen.say(paste.text(report.readings).split("\n"), err=False)
    else:
        lines = "\n".join([*wording.by_host(report).values(), wording.closing(report, written)])
        screen.say(lines.split("\n"), err=False)
    sys.stdout.flush()
    return report.status


def merged(folders: Sequence[Path], now: datetime) -> Report:
    """The report on all hosts that these folders know.

    Raises:
        OSError: A folder cannot be read.
    """
    past = history.past(folders, now)
    readings = [history.aged(reading, now) for reading in past.newest.values()]
    return document.made(readings, past.before, history.at_time(now), "", past.complaints)
