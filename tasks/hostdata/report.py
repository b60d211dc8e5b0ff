"""What a person says about the report, checked before it is used. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tasks.hostdata.reading import Data, Reader

Form = Literal["text", "json", "env"]
FORMS: tuple[Form, ...] = ("text", "json", "env")
MOST_KEPT = 5000


@dataclass(frozen=True)
class ReportSettings:
    """What `tasks.drift` is told."""

    folder: Path = Path("report")
    """Where the report is written, on this machine."""
    history: Path = Path("reports")
    """Where reports are kept."""
    keep: int = 90
    """How many of them stay; 0: none is kept."""
    group: str = ""
    """Whom the host is compared with; empty: those of its group in the inventory."""
    sbom: bool = False
    """Whether a bill of materials of each host is written too."""
    source: Path | None = None
    """A folder of readings: no host is asked."""
    form: Form = "text"


def report_settings(data: Data) -> ReportSettings:
    """``report_folder``, ``report_history``, ``report_keep``, ``report_group`` and fellows.

    Raises:
        ValueError: A value is not what it may be.
    """
    reader, folder = Reader(data), "a folder of this machine"
    usual = ReportSettings()
    return ReportSettings(
        reader.file("report_folder", folder) or usual.folder,
        reader.file("report_history", folder) or usual.history,
        reader.count("report_keep", usual.keep, most=MOST_KEPT),
        reader.text("report_group", "a line of text"),
        reader.flag("report_sbom"),
        reader.file("from", folder),
        reader.choice("format", FORMS, "text"),
    )


def exits_on_changes(data: Data) -> bool:
    """``exit``: whether ``--dry`` ends with 1 where it predicts changes. Raises `ValueError`."""
    return Reader(data).choice("exit", ("changes",), "") == "changes"
