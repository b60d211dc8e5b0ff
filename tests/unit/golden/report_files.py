"""What people read: the doctor, the repair's plan, the report's table, `explain`."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from stacks import __main__ as command
from tasks import finding as tasks_finding
from tasks.containers import findings as engines
from tasks.doctor import block
from tasks.repair import means, repair_plan, wording
from tasks.steps import progress
from tasks.verify import comparison, report
from tasks.workspace import report as workspace_report
from tests.unit.golden.host_files import Section, joined
from tests.unit.golden.plan_lines import plain, sha256
from tests.unit.golden.situations import SITUATIONS
from tests.unit.tasks import a_patient, a_workspace
from tests.unit.tasks.ill_hosts import ILL
from tests.unit.tasks.test_templates import RENDERED

EXPLAINED = {
    "list": "list",
    "debian-12": "explain pytorch-2.9 --os debian-12 --gpu h100",
    "debian-12-json": "explain pytorch-2.9 --os debian-12 --gpu h100 --json",
    "blackwell": "explain pytorch-2.9 --os debian-12 --gpu b200",
    "nvswitch": "explain pytorch-2.9 --os ubuntu-22.04 --gpu h100:8 --nvswitch --driver 580",
    "moved": "explain pytorch-2.9 --os ubuntu-22.04 --gpu a100 --installed 535.309.01=nvidia "
    "--driver 580",
    "rocky-9": "explain pytorch-2.9 --os rocky-9 --gpu a100 --secure-boot",
    "containers": "explain pytorch-2.9 --os debian-12 --gpu h100 --containers",
    "image": "explain pytorch-2.9 --os debian-12 --gpu h100 --image",
    "image-json": "explain pytorch-2.9 --os debian-12 --gpu h100 --image --json",
    "jetson": "explain jetson-torch-2.9 --jetson 36.4.7 --gpu orin",
    "jetson-both": "explain pytorch-2.9 --jetson 36.4.7 --gpu orin",
    "unknown": "explain pytorch-2.9 --os plan9 --gpu h100",
    "bad-argument": "explain pytorch-2.9 --os debian-12 --gpu h1000",
}


def texts() -> dict[str, str]:
    """File name to text."""
    found = {f"explain/{name}.txt": _explained(said) for name, said in EXPLAINED.items()}
    found["doctor.txt"] = joined(_doctor())
    found["repair.txt"] = joined(_repair())
    found["report.txt"] = _reported(report, _table)
    found["workspaces.txt"] = _reported(workspace_report, _workspaces)
    for name, text in RENDERED.items():
        if text and name != "kernel_guard.sh.j2":
            found[f"templates/{name}.txt"] = text
    return found


def _explained(said: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    with _plain_terminal(), redirect_stdout(out), redirect_stderr(err):
        code = command.main(said.split())
    return f"exit {code}\n{out.getvalue()}{err.getvalue()}"


def _doctor() -> Iterator[Section]:
    yield "healthy", block.text("gpu1", a_patient.case(), a_patient.answer(a_patient.case()))
    for code, patients in ILL.items():
        for number, patient in enumerate(patients):
            answer = a_patient.answer(patient)
            yield f"{code} {number}", block.text("gpu1", patient, answer)
            yield "as data", sha256(plain(block.data(patient, answer)))


def _repair() -> Iterator[Section]:
    for code, patients in ILL.items():
        for number, patient in enumerate(patients):
            answer = a_patient.answer(patient)
            found = repair_plan.chart(patient, answer, "if-needed")
            yield f"{code} {number}", wording.plan("gpu1", patient, answer, found)
            scripts = [
                means.scripts(act.method, patient, f)
                for act in found.acts
                for f in _of(act, answer)
            ]
            yield "scripts", sha256(plain(scripts))


def _of(act: repair_plan.Act, answer: Any) -> list[Any]:
    return [finding for finding in answer.findings if finding.code in act.codes]


@contextmanager
def _plain_terminal() -> Iterator[None]:
    with patch.dict(os.environ, {"TERM": "dumb"}):
        for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            os.environ.pop(name, None)
        yield


def _reported(module: Any, tell: Callable[[], None]) -> str:
    """What a report prints at the end of a run; nothing of it stays for other tests."""
    kept: list[tuple[dict[str, Any], Callable[[], None]]] = []

    def register(lines: dict[str, Any], host: Any, make: Any, printed: Callable[[], None]) -> None:
        lines[host.name] = make(host.name)
        kept.append((lines, printed))

    said = io.StringIO()
    with patch.object(progress, "register", register), _plain_terminal():
        tell()
        lines, printed = kept[-1]
        with redirect_stderr(said):
            printed()
        lines.clear()
    return said.getvalue()


def _named(name: str) -> Any:
    return SimpleNamespace(name=name)


def _table() -> None:
    for name, one in SITUATIONS.items():
        host, resolution = _named(name), one.resolution
        report.register(host)
        if resolution.plan is None:
            report.refused(host, resolution.conflicts)
            continue
        report.planned(host, one.state, resolution.plan)
        if name.startswith("debian-12"):
            found = (
                *comparison.compare(one.state, resolution.plan),
                *engines.of_packages(one.state, resolution.plan),
            )
            level = tasks_finding.worst(found)
            report.judged(host, one.state, resolution.plan, level, "none (no GPU)", found, None)
    report.register(_named("silent"))


def _workspaces() -> None:
    host = _named("gpu1")
    workspace_report.register(host)
    workspace_report.judged(host, "OK")
    workspace_report.workspace(host, "alice", "pytorch-cuda:v2.9", "none (no GPU)", [], ["ssh"])
    workspace_report.note(host, a_workspace.NEW)
    workspace_report.register(_named("gpu2"))
    workspace_report.refused(_named("gpu2"), SITUATIONS["jetson-both"].resolution.conflicts)
    workspace_report.register(_named("gpu3"))
