"""The report as JUnit's XML: a suite per host, a case per way in which it may differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.drift.document import Report
from tasks.drift.reading import Reading
from tasks.templates.junit import Case, Said, xml


def text(report: Report) -> str:
    """The file ``report.xml``."""
    return xml("gpuwright report", {r.host: list(_cases(report, r)) for r in report.readings})


def _cases(report: Report, reading: Reading) -> Iterator[Case]:
    yield Case("reached", [] if reading.answered else [Said("error", reading.why)])
    if not reading.read_at:
        return
    for kind in ("plan", "group"):
        yield Case(
            kind,
            [
                Said(
                    "failure",
                    f"{d.component}: {d.actual}, expected {d.expected}",
                    d.component,
                    f"fix: {d.fix}" + (f"\nadopt: {d.adopt}" if d.adopt else ""),
                )
                for d in report.differences
                if d.host == reading.host and kind in d.against
            ],
        )
    findings = [f for f in reading.findings if f.level != "OK"]
    yield Case(
        "findings",
        [
            Said(
                "error" if f.level == "UNKNOWN" else "failure",
                f"{f.code} {f.level}: {f.what}",
                f.code,
                "\n".join(line for line in (f.observed, f.do, f.command) if line),
            )
            for f in findings
        ],
    )
    boot = "the next boot is not ready: " + reading.next_boot_why
    yield Case("next boot", [Said("failure", boot)] if reading.next_boot is False else [])
