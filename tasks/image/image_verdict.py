"""The end of a run: the image tests itself on this host, and the answer is written down."""

from __future__ import annotations

import json
import shlex
import time
from typing import Any

from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host

from facts.parse.images import ImageState
from tasks import __version__
from tasks.image import summary
from tasks.image.work import RECORD, Work, history, images
from tasks.steps.step import Commands, executing, look, run, step, this_host, write

LIMIT_S = 600
LEVELS = ("OK", "WARN", "CRITICAL")


@step
def given(work: Work) -> Commands:
    """Run the image's self-test where image, driver or boot are others than at the last one."""
    state = images(work)
    known = _known(work, state)
    if not executing():
        if known is None or _record(work, state, known) != state.record:
            yield write(RECORD, "")  # never sent: it only says that a record will be written
        return
    host = this_host()
    answer = known or _tested(host, work)
    verdict, notes = answer["verdict"], [*answer["faults"], *answer["notes"]]
    if known:
        notes.append(f"the image tested itself at {known['time']}; all is the same since")
    if work.wishes.rollback:
        notes.append("ROLLED-BACK (WARN): the moving tag leads to an earlier image, as asked")
        verdict = "WARN" if verdict == "OK" else verdict
    summary.judged(host, verdict, answer["proof"], notes)
    record = _record(work, state, answer)
    if record != state.record:
        yield write(RECORD, json.dumps(record, indent=2, sort_keys=True) + "\n")
    if verdict == "CRITICAL":
        yield FunctionCommand(_fail, (answer["faults"],), {})


def self_test(work: Work, gpus: bool) -> str:
    """Shell that runs the self-test, with the GPUs or without; its last word is the exit status."""
    words = ["docker", "run", "--rm", "--network", "none", *(work.gpu_words if gpus else ())]
    words += ["--shm-size", "1g", work.recipe.exact_name, "selftest", "--json"]
    return f'timeout {LIMIT_S} {shlex.join(words)} 2>/tmp/gpuwright-selftest; echo "status $?"'


def judged(output: str) -> dict[str, Any]:
    """What the record keeps of the self-test's output; CRITICAL where there is none. Pure."""
    body, _, status = output.rpartition("status ")
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("verdict") not in LEVELS:
        said = " ".join(body.split())[-400:]
        return {
            "verdict": "CRITICAL",
            "proof": "none (the self-test gave no answer)",
            "faults": [f"SELFTEST (CRITICAL): status {status.strip() or '?'}: {said or 'nothing'}"],
            "notes": [],
            "versions": {},
        }
    return {
        "verdict": found["verdict"],
        "proof": str(found.get("proof")),
        "faults": [f"SELFTEST (CRITICAL): {fault}" for fault in found.get("faults", [])],
        "notes": [str(note) for note in found.get("notes", [])],
        "versions": found.get("versions", {}),
    }


def _tested(host: Host, work: Work) -> dict[str, Any]:
    good, output = run(
        host,
        self_test(work, gpus=bool(look().driver.loaded))
        + "; cat /tmp/gpuwright-selftest >&2; rm -f /tmp/gpuwright-selftest",
        timeout=LIMIT_S + 60,
    )
    answer = judged(output if good else "status ?")
    return {**answer, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def _depends_on(work: Work) -> dict[str, Any]:
    """What a self-test's answer holds for."""
    state = look()
    loaded = state.driver.loaded
    return {
        "recipe": work.recipe.digest,
        "driver": loaded,
        "gpu_words": list(work.gpu_words) if loaded else [],
        "boot": state.system.boot_id if loaded else None,
    }


def _known(work: Work, state: ImageState) -> dict[str, Any] | None:
    """The recorded answer, if it is of the same image, driver and boot."""
    record = state.record or {}
    answer = record.get("selftest")
    if record.get("depends_on") != _depends_on(work) or not isinstance(answer, dict):
        return None
    return answer if answer.get("verdict") in ("OK", "WARN") else None


def _record(work: Work, state: ImageState, answer: dict[str, Any]) -> dict[str, Any]:
    own, past = work.recipe.exact_name, history(state)
    pushed = work.remote if work.wishes.push else (state.record or {}).get("pushed", "")
    return {
        "tool": f"gpuwright {__version__}",
        "stack": work.plan.stack,
        "plan": work.plan.digest,
        "name": work.recipe.name,
        "exact": own,
        "history": past if past[-1:] == [own] else [*(n for n in past if n != own), own],
        "pushed": pushed,
        "depends_on": _depends_on(work),
        "selftest": answer,
    }


def _fail(state: object, host: Host, faults: list[str]) -> bool:
    logger.error(f"{host.print_prefix}verdict CRITICAL: {'; '.join(faults)}")
    return False
