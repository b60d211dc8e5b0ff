"""The end of a run: the image tests itself on this host, and the answer is written down."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pyinfra.api import StringCommand
from pyinfra.api.host import Host

from facts.parse.images import ImageState
from stacks.model.plain import decoded
from tasks.image import summary
from tasks.image.look import images
from tasks.image.work import RECORD, Work, noted
from tasks.steps.ending import critical
from tasks.steps.record import TOOL, ImageRecord, SelfTest, now, record_script
from tasks.steps.step import Commands, executing, host_state, run, step, this_host

LIMIT_S = 600
LEVELS = ("OK", "WARN", "CRITICAL")


@step
def report_verdict(work: Work) -> Commands:
    """Run the image's self-test where image, driver or boot are others than at the last one."""
    state = images(work)
    known = _known(work, state)
    if not executing():
        if known is None or _record(work, state, known) != noted(state):
            yield StringCommand(":")  # never sent: it only says that a record will be written
        return
    host = this_host()
    answer = known or _tested(host, work)
    faults = [*(answer.faults or ())]
    verdict, notes = answer.verdict or "CRITICAL", [*faults, *(answer.notes or ())]
    if known:
        notes.append(f"the image tested itself at {known.time}; all is the same since")
    if work.settings.rollback:
        notes.append("ROLLED-BACK (WARN): the moving tag leads to an earlier image, as asked")
        verdict = "WARN" if verdict == "OK" else verdict
    summary.judged(host, verdict, answer.proof or "none", notes)
    record = _record(work, state, answer)
    if record != noted(state):
        yield StringCommand(record_script(RECORD, record))
    if verdict == "CRITICAL":
        yield critical("; ".join(faults))


def self_test(work: Work, gpus: bool) -> str:
    """Shell that runs the self-test, with the GPUs or without; its last word is the exit status."""
    words = ["docker", "run", "--rm", "--network", "none", *(work.gpu_words if gpus else ())]
    words += ["--shm-size", "1g", work.recipe.exact_name, "selftest", "--json"]
    return f'timeout {LIMIT_S} {shlex.join(words)} 2>/run/gpuwright-selftest; echo "status $?"'


def judged(output: str) -> SelfTest:
    """What the record keeps of the self-test's output; CRITICAL where there is none. Pure."""
    body, _, status = output.rpartition("status ")
    try:
        found = decoded(body)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("verdict") not in LEVELS:
        said = " ".join(body.split())[-400:]
        return SelfTest(
            verdict="CRITICAL",
            proof="none (the self-test gave no answer)",
            faults=(f"SELFTEST (CRITICAL): status {status.strip() or '?'}: {said or 'nothing'}",),
            notes=(),
            versions={},
        )
    return SelfTest(
        verdict=found["verdict"],
        proof=str(found.get("proof")),
        faults=tuple(f"SELFTEST (CRITICAL): {fault}" for fault in _listed(found, "faults")),
        notes=tuple(str(note) for note in _listed(found, "notes")),
        versions=versions if isinstance(versions := found.get("versions"), dict) else {},
    )


def _listed(found: Mapping[str, Any], key: str) -> list[Any]:
    value = found.get(key)
    return value if isinstance(value, list) else []


def _tested(host: Host, work: Work) -> SelfTest:
    good, output = run(
        host,
        self_test(work, gpus=bool(host_state().driver.loaded))
        + "; cat /run/gpuwright-selftest >&2; rm -f /run/gpuwright-selftest",
        timeout=LIMIT_S + 60,
    )
    return replace(judged(output if good else "status ?"), time=now())


def _depends_on(work: Work) -> dict[str, Any]:
    """What a self-test's answer holds for."""
    state = host_state()
    loaded = state.driver.loaded
    return {
        "recipe": work.recipe.digest,
        "driver": loaded,
        "gpu_words": list(work.gpu_words) if loaded else [],
        "boot": state.system.boot_id if loaded else None,
    }


def _known(work: Work, state: ImageState) -> SelfTest | None:
    """The recorded answer, if it is of the same image, driver and boot."""
    record = noted(state)
    if record.depends_on != _depends_on(work) or not record.selftest:
        return None
    return record.selftest if record.selftest.verdict in ("OK", "WARN") else None


def _record(work: Work, state: ImageState, answer: SelfTest) -> ImageRecord:
    own, before = work.recipe.exact_name, noted(state)
    return replace(
        before,
        tool=TOOL,
        stack=work.plan.stack,
        plan=work.plan.digest,
        name=work.recipe.name,
        exact=own,
        history=(*(name for name in before.history or () if name != own), own),
        pushed=work.remote if work.settings.push else before.pushed or "",
        depends_on=_depends_on(work),
        selftest=answer,
    )
