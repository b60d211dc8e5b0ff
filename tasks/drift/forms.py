"""Every form of the report, as files of one folder. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator

from tasks.drift import ci, document, history, markdown, metrics, page
from tasks.drift.document import Report
from tasks.hostdata.report import ReportSettings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")


def written(report: Report, settings: ReportSettings, keeps: bool = True) -> list[str]:
    """Write all forms; give a line for a person about each place.

    Args:
        report: What is written.
        settings: Where to.
        keeps: Whether it is kept among the reports as well: not where it only tells what these say.

    Raises:
        OSError: A file cannot be written.
    """
    data = document.data(report)
    folder = settings.folder
    for name, text in _files(report, data):
        history.write(folder / name, text.encode("utf-8", "replace"))
    lines = [f"written: {folder}/report.html, and .json, .md, .xml (JUnit), .prom"]
    if settings.sbom:
        from tasks.drift import sbom  # its library takes a while to come

        read = [reading for reading in report.readings if reading.read_at]
        for reading in read:
            body = sbom.text(reading).encode("utf-8", "replace")
            history.write(folder / "sbom" / f"{file_name(reading.host)}.cdx.json", body)
        lines.append(f"written: {folder}/sbom/, a bill of materials for each of {len(read)} hosts")
    if keeps and settings.keep:
        kept = history.keep(settings.history, data, report.made_at, settings.keep)
        lines.append(f"kept: {kept}")
    return lines


def _files(report: Report, data: dict[str, object]) -> Iterator[tuple[str, str]]:
    yield "report.json", json.dumps(data, indent=1, sort_keys=True) + "\n"
    yield "report.html", page.text(report)
    yield "report.md", markdown.text(report)
    yield "report.xml", ci.text(report)
    yield "report.prom", metrics.text(report)


def file_name(host: str) -> str:
    """The host's name where it can be a file's; else what can be of it, and a digest."""
    if _NAME.fullmatch(host):
        return host
    digest = hashlib.sha256(host.encode("utf-8", "replace")).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', host)[:60].strip('-') or 'host'}-{digest}"
