"""Does this image work here: versions, a CUDA call, an all-reduce and a DDP step on all GPUs.

``docker run --rm --gpus all IMAGE selftest [--json]``

Exit status as nagios has it: 0 OK, 1 WARN (it works, and something should be known), 2 CRITICAL.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from image.programs import place, versions

LIB = Path("/opt/gpuwright/lib")
MARK = "##gpuwright-json "
LIMIT_S = 300
STATUS = {"OK": 0, "WARN": 1, "CRITICAL": 2}


def main() -> int:
    """Run all parts and tell."""
    parser = argparse.ArgumentParser(prog="selftest", description=__doc__)
    parser.add_argument("--json", action="store_true", help="as data")
    asked = parser.parse_args()
    torch = program("torch_runtime")
    cuda = program("cuda_call")
    gpus = len(torch.get("devices") or [])
    backend, world = ("nccl", gpus) if gpus else ("gloo", 2)
    notes = [note for note in (place.small_shm(), _unused_nodes(gpus)) if note]
    found = judged(versions.plan(), torch, cuda, together(backend, world), notes)
    print(json.dumps(found, indent=2, sort_keys=True) if asked.json else shown(found))
    return STATUS[found["verdict"]]


def judged(
    plan: Mapping[str, Any],
    torch: Mapping[str, Any],
    cuda: Mapping[str, Any],
    group: Mapping[str, Any],
    notes: list[str],
) -> dict[str, Any]:
    """What the parts say, as one answer with a verdict. Pure.

    No GPU is no fault: a container sees those that it was given.
    """
    faults: list[str] = []
    if not torch.get("version"):
        faults.append(f"torch cannot be imported: {torch.get('why')}")
    elif plan.get("torch") and torch["version"].split("+")[0] != plan["torch"].split("+")[0]:
        faults.append(f"torch is {torch['version']}, planned is {plan['torch']}")
    if group.get("why"):
        faults.append(f"{group['backend']} over {group['world']} processes: {group['why']}")
    devices = [d for d in cuda.get("devices") or [] if isinstance(d, dict)]
    proven = bool(devices) and all(d.get("memory_ok") for d in devices)
    if cuda.get("code") == 0 and devices and not (proven and torch.get("computed")):
        faults.append("a GPU is here and does not compute; see cuda and torch in --json")
    if cuda.get("code") not in (0, 100, None):
        faults.append(f"{cuda.get('call', 'cuInit')} answers {cuda['code']} {cuda.get('name')}")
    names = ", ".join(str(d.get("name")) for d in devices)
    why = cuda.get("why") or f"cuInit answers {cuda.get('code')} {cuda.get('name') or ''}".strip()
    return {
        "verdict": "CRITICAL" if faults else "WARN" if notes else "OK",
        "proof": f"cuda-call ({len(devices)} × memory check: {names})"
        if proven
        else f"none ({why})",
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


def _unused_nodes(gpus: int) -> str:
    if gpus or not Path("/dev/nvidiactl").exists():
        return ""
    return "GPU device files are in this container, and CUDA sees no GPU"


def shown(found: Mapping[str, Any]) -> str:
    """The answer for a person."""
    group = found["collective"]
    lines = [f"{name} {value}" for name, value in found["versions"].items() if value]
    if not group.get("why"):
        lines.append(
            f"{group['backend']} all-reduce over {group['world']} processes: right; DDP: loss "
            f"{group['losses'][0]:.3f} → {group['losses'][-1]:.3f}, models equal"
        )
    lines += [f"fault: {fault}" for fault in found["faults"]]
    lines += [f"note: {note}" for note in found["notes"]]
    lines.append(f"verdict {found['verdict']}, proof: {found['proof']}")
    return "\n".join(lines)


def program(name: str) -> dict[str, Any]:
    """The answer of one of the programs that hosts are asked with too."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(LIB / f"{name}.py")],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"why": f"no answer within {LIMIT_S} s"}
    for line in done.stdout.splitlines():
        if line.startswith(MARK):
            answer = json.loads(line[len(MARK) :])
            return dict(answer)
    return {"why": f"exit status {done.returncode}: {done.stderr.strip()[-500:]}"}


def together(backend: str, world: int) -> dict[str, Any]:
    """Let that many processes add and train together; ``why`` says what went wrong."""
    answer: dict[str, Any] = {"backend": backend, "world": world}
    # All of them are in this container: no other network is needed, and none may be there.
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}
    environment.update(OMP_NUM_THREADS="1", PYTHONPATH=str(LIB))
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "image.programs.collective", backend]
        ranks = [
            subprocess.Popen(
                [*words, str(rank), str(world), f"{folder}/meeting"],
                env=environment,
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for rank in range(world)
        ]
        try:
            told = [rank.communicate(timeout=LIMIT_S) for rank in ranks]
        except subprocess.TimeoutExpired:
            return {**answer, "why": f"no end within {LIMIT_S} s"}
        finally:
            for rank in ranks:
                rank.kill()
    bad = [err.strip() for rank, (_, err) in zip(ranks, told, strict=True) if rank.returncode]
    if bad:
        return {**answer, "why": bad[0].splitlines()[-1][:500] if bad[0] else "it was killed"}
    answer |= json.loads(told[0][0].splitlines()[-1])
    if answer["sum"] != answer["expected"]:
        answer["why"] = f"the sum is {answer['sum']} and not {answer['expected']}"
    elif answer["apart"] != 0 or answer["losses"][-1] >= answer["losses"][0]:
        answer["why"] = f"training: losses {answer['losses']}, models apart {answer['apart']}"
    return answer
