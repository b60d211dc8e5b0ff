"""Does it work here: versions, a CUDA call, an all-reduce and a DDP step on all GPUs.

In the image: ``docker run --rm --gpus all IMAGE selftest [--json]``. On a host, as any user:
``/opt/gpuwright/current/bin/gpuwright-selftest [--json]``.

Exit status as nagios has it: 0 OK, 1 WARN (it works, and something should be known), 2 CRITICAL;
on a host also 3 UNKNOWN: nothing is wrong, and there is no GPU to prove it with.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from image.programs import added, expected, place, versions
from image.programs.timed import Timed

LIB = Path(__file__).resolve().parents[2]
MARK = "##gpuwright-json "
LIMIT_S = 540
"""For the whole: deploys/image.py waits for 600 s."""
CUDA_S = 120
"""For the CUDA call, which is asked first. Eight GPUs without persistence take some 20 s."""
LOOK = "see: sudo dmesg | grep -i -e nvrm -e xid -e nvgpu"
STATUS = {"OK": 0, "WARN": 1, "CRITICAL": 2, "UNKNOWN": 3}
NONE: Mapping[str, Any] = {"backend": None, "world": 0}
"""What stands for the processes where the stack has no torch."""


def main() -> int:
    """Run all parts and tell."""
    parser = argparse.ArgumentParser(prog="selftest", description=__doc__)
    parser.add_argument("--json", action="store_true", help="as data")
    parser.add_argument("--host", action="store_true", help="on a host: a GPU is missed")
    parser.add_argument(
        "--limit", type=int, default=LIMIT_S, metavar="SECONDS", help="end after this at the latest"
    )
    asked = parser.parse_args()
    end = time.monotonic() + asked.limit
    plan = versions.plan()
    cuda = program("cuda_call", min(end, time.monotonic() + CUDA_S))
    torch: dict[str, Any] = {}
    group: Mapping[str, Any] = NONE
    if plan.get("torch") or not plan:
        torch = program("torch_runtime", end)
        gpus = len(torch.get("devices") or [])
        # Torch for Jetsons comes without NCCL.
        backend, world = ("nccl", gpus) if gpus and torch.get("nccl") else ("gloo", 2)
        group = together(backend, world, end)
    seen = max(len(cuda.get("devices") or []), len(torch.get("devices") or []))
    earlier = _earlier(plan)
    if earlier:
        plan["torch"] = torch.get("version")
    notes = [place.small_shm(host=asked.host), _unused_nodes(seen), earlier]
    missed = expected.gpu() if asked.host and not seen else ""
    found = judged(plan, torch, cuda, group, [n for n in notes if n], missed, asked.host)
    found = added.told_in(found)
    print(json.dumps(found, indent=2, sort_keys=True) if asked.json else shown(found))
    return STATUS[found["verdict"]]


def judged(
    plan: Mapping[str, Any],
    torch: Mapping[str, Any],
    cuda: Mapping[str, Any],
    group: Mapping[str, Any],
    notes: list[str],
    missed: str = "",
    host: bool = False,
) -> dict[str, Any]:
    """What the parts say, as one answer with a verdict. Pure.

    No GPU is no fault: a container sees those that it was given. On a host it leaves the verdict
    open, and is a fault where one is there.

    Args:
        plan: What was to be here.
        torch: Answer of the program ``torch_runtime``; empty where the stack has none.
        cuda: Answer of the program ``cuda_call``.
        group: What `together` gave.
        notes: What should be known.
        missed: Where a GPU is that CUDA does not see; empty: nowhere.
        host: Whether this is a host and no container of an image.
    """
    faults: list[str] = []
    has_torch = bool(plan.get("torch")) or not plan
    if not has_torch:
        pass
    elif not torch.get("version"):
        faults.append(f"torch cannot be imported: {torch.get('why')}")
    elif plan.get("torch") and torch["version"].split("+")[0] != plan["torch"].split("+")[0]:
        faults.append(f"torch is {torch['version']}, planned is {plan['torch']}")
    if group.get("why"):
        faults.append(f"{group['backend']} over {group['world']} processes: {group['why']}")
    devices = [d for d in cuda.get("devices") or [] if isinstance(d, dict)]
    proven = bool(devices) and all(d.get("memory_ok") for d in devices)
    computes = proven and (torch.get("computed") or not has_torch)
    if cuda.get("code") == 0 and devices and not computes:
        faults.append("a GPU is here and does not compute; see cuda and torch in --json")
    if cuda.get("hangs"):
        faults.append(f"the CUDA call: {cuda['why']}; {LOOK}")
    elif missed:
        faults.append(
            f"a GPU is {missed}, and CUDA does not see it: {_why(cuda)}; "
            f"CUDA_VISIBLE_DEVICES is {os.environ.get('CUDA_VISIBLE_DEVICES', 'not set')}; {LOOK}"
        )
    elif cuda.get("code") not in (0, 100, None):
        faults.append(f"{cuda.get('call', 'cuInit')} answers {cuda['code']} {cuda.get('name')}")
    names = ", ".join(str(d.get("name")) for d in devices)
    level = "WARN" if notes else "OK"
    return {
        "verdict": "CRITICAL" if faults else "UNKNOWN" if host and not devices else level,
        "proof": f"cuda-call ({len(devices)} × memory check: {names})"
        if proven
        else f"none ({_why(cuda)})",
        "faults": faults,
        "notes": notes,
        "versions": {
            "stack": plan.get("stack"),
            "plan": plan.get("plan"),
            "torch": torch.get("version"),
            "cuda": torch.get("cuda"),
            "cudnn": torch.get("cudnn"),
            "nccl": torch.get("nccl"),
            "system_cuda": plan.get("system_cuda"),
            "system_cudnn": plan.get("system_cudnn"),
        },
        "torch": dict(torch),
        "cuda": dict(cuda),
        "collective": dict(group),
    }


def _why(cuda: Mapping[str, Any]) -> str:
    said = f"cuInit answers {cuda.get('code')} {cuda.get('name') or ''}".strip()
    return str(cuda.get("why") or said)


def _unused_nodes(gpus: int) -> str:
    if gpus or not Path("/dev/nvidiactl").exists():
        return ""
    return "GPU device files are here, and CUDA sees no GPU"


def _earlier(plan: Mapping[str, Any]) -> str:
    """That this environment is not the plan's own: a host went back to it."""
    meant = plan.get("environment")
    if not meant or os.path.realpath(sys.prefix) == os.path.realpath(meant):
        return ""
    return f"this is the environment {os.path.realpath(sys.prefix)}; the plan's own is {meant}"


def shown(found: Mapping[str, Any]) -> str:
    """The answer for a person."""
    group = found["collective"]
    lines = [f"{name} {value}" for name, value in found["versions"].items() if value]
    if group["backend"] is None:
        lines.append("torch is no part of this stack: CUDA alone was asked")
    elif group["backend"] == "gloo":
        seen = found["torch"].get("devices")
        lines.append("no NCCL in this torch: gloo on CPU" if seen else "no GPU: gloo on CPU")
    if group["backend"] and not group.get("why"):
        lines.append(
            f"{group['backend']} all-reduce over {group['world']} processes: right; DDP: loss "
            f"{group['losses'][0]:.3f} → {group['losses'][-1]:.3f}, models equal"
        )
    lines += added.lines(found)
    lines += [f"fault: {fault}" for fault in found["faults"]]
    lines += [f"note: {note}" for note in found["notes"]]
    lines.append(f"verdict {found['verdict']}, proof: {found['proof']}")
    return "\n".join(lines)


def program(name: str, end: float) -> dict[str, Any]:
    """The answer of one of the programs that hosts are asked with too.

    Args:
        name: Of its file.
        end: When it is no longer waited for, as `time.monotonic` counts.
    """
    began = time.monotonic()
    try:
        running = Timed([sys.executable, "-I", str(LIB / f"{name}.py")])
    except OSError as error:
        return {"why": str(error)}
    if not running.ended(end):
        return {"why": f"no answer within {end - began:.0f} s{running.stop()}", "hangs": True}
    for line in running.out.splitlines():
        if line.startswith(MARK):
            answer = json.loads(line[len(MARK) :])
            return dict(answer)
    return {"why": f"exit status {running.status}: {running.err.strip()[-500:]}"}


def together(backend: str, world: int, end: float) -> dict[str, Any]:
    """Let that many processes add and train together; ``why`` says what went wrong."""
    answer: dict[str, Any] = {"backend": backend, "world": world}
    began = time.monotonic()
    # All of them are in this machine: no other network is needed, and none may be there.
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}
    environment.update(OMP_NUM_THREADS="1", PYTHONPATH=str(LIB), PYTHONDONTWRITEBYTECODE="1")
    ranks: list[Timed] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            words = [sys.executable, "-m", "image.programs.collective", backend]
            for rank in range(world):
                own = [*words, str(rank), str(world), f"{folder}/meeting"]
                ranks.append(Timed(own, environment, folder))
            # One that fails leaves the others waiting for it.
            over = False
            while not over and time.monotonic() < end:
                over = all(r.ended(time.monotonic() + 0.1) for r in ranks)
                over = over or any(r.status for r in ranks)
            left = "".join(rank.stop() for rank in ranks)
    except OSError as error:
        return {**answer, "why": str(error)}
    if not over:
        took = f"{end - began:.0f} s"
        return {**answer, "why": f"no end within {took}: {backend} or a GPU hangs{left}; {LOOK}"}
    # What was killed because of another says nothing.
    bad = [rank.err.strip() for rank in ranks if rank.status and rank.status > 0]
    if bad or any(rank.status for rank in ranks):
        last = next((text.splitlines()[-1] for text in bad if text), "it was killed")
        return {**answer, "why": last[:500]}
    # NCCL prints what it does where NCCL_DEBUG asks for it.
    said = [line for line in ranks[0].out.splitlines() if line.startswith('{"sum"')]
    if not said:
        return {**answer, "why": "the first process printed no answer"}
    answer |= json.loads(said[-1])
    if answer["sum"] != answer["expected"]:
        answer["why"] = f"the sum is {answer['sum']} and not {answer['expected']}"
    elif answer["apart"] != 0 or answer["losses"][-1] >= answer["losses"][0]:
        answer["why"] = f"training: losses {answer['losses']}, models apart {answer['apart']}"
    return answer
