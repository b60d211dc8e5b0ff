"""Provision this host by itself: try, wait, try again, reboot where that is needed, tell. Pure.

python3 -s -E -m onhost            as its unit does: nothing where this machine is done
python3 -s -E -m onhost --again    forget that it is done; then start the unit
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from . import files, source, telling
from .source import Trouble
from .telling import status

MACHINE = ("/etc/machine-id", "/var/lib/cloud/data/instance-id")
"""What a machine that was started from an image of this one has of its own."""
BOOT = Path("/proc/sys/kernel/random/boot_id")


def main(words: list[str]) -> int:
    """Provision, tell, and give the exit status: that of the verdict."""
    told = files.mapping(files.HERE / "settings.json")
    telling.take_over()
    files.STATE.mkdir(parents=True, exist_ok=True, mode=0o755)
    if words == ["--again"]:
        for name in (telling.VERDICT, "progress.json"):
            with contextlib.suppress(FileNotFoundError):
                (files.STATE / name).unlink()
        return 0
    if not told:
        status(f"UNKNOWN: {files.HERE}/settings.json is not there, or no JSON")
        return 3
    key = machine(told)
    before = files.mapping(files.STATE / telling.VERDICT)
    if before.get("done") and before.get("machine") == key:
        status(f"{before['verdict']} since {before['time']}: {before['proof']}; nothing to do")
        return telling.CODES.get(str(before["verdict"]), 3)
    return _tried(told, key)


def machine(told: dict[str, Any]) -> str:
    """What being done holds for: this machine, with these settings."""
    own = [Path(name).read_text() if Path(name).is_file() else "" for name in MACHINE]
    text = json.dumps([own, told], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _tried(told: dict[str, Any], key: str) -> int:
    progress = _progress(key)
    most = told["tries"]
    why = "no try was left"
    while progress["tries"] < most:
        progress["tries"] += 1
        _note(progress)
        number = progress["tries"]
        status(f"try {number} of {most}")
        try:
            _once(told, progress)
        except Trouble as trouble:
            why = str(trouble)
        else:
            if progress["going_down"]:
                return 0
            record = files.mapping(files.RECORD)
            return _ended(told, progress, _judged(record, told["deploys"]), "")
        if number < most:
            pause = min(told["pause_s"] * 2 ** (number - 1), told["most_pause_s"])
            status(f"try {number} of {most} failed: {why}; the next one in {pause} s")
            time.sleep(pause)
    verdict = "CRITICAL" if progress["judged"] == "CRITICAL" else "UNKNOWN"
    return _ended(told, progress, verdict, f"given up after {most} tries: {why}")


def _once(told: dict[str, Any], progress: dict[str, Any]) -> None:
    """One try.

    Raises:
        Trouble: It did not end well.
    """
    data = {**told["data"], **files.mapping(files.OWN_DATA)}
    data.pop("webhook", None)
    proxy = str(data.get("proxy") or "")
    if proxy:
        os.environ.update(http_proxy=proxy, https_proxy=proxy)
    source.reached(told["archive"], told["network_wait_s"])
    folder = source.fetched(told["archive"])
    wait = data.get("lock_wait")
    python = _environment(folder, indexes(data), proxy, int(wait) if wait else 600)
    files.write(files.RUN / "data.json", json.dumps(data), 0o600)
    files.write(files.RUN / "rebooted-for", "".join(f"{one}\n" for one in progress["causes"]))
    asked = files.RUN / "reboot"
    if asked.exists():
        asked.unlink()
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for deploy in told["deploys"]:
        status(f"try {progress['tries']}: {deploy}")
        own = {
            "GPUWRIGHT_HOST_DATA": str(files.RUN / "data.json"),
            "GPUWRIGHT_PULL": str(files.RUN),
        }
        words = [str(python), "-m", "pyinfra", "-y", "inventories/here.py", f"deploys/{deploy}.py"]
        shown = {"NO_COLOR": "1", "COLUMNS": "160", "PYTHONUNBUFFERED": "1"}
        done = subprocess.run(
            words, cwd=str(folder), env={**os.environ, **own, **shown}, stdin=subprocess.DEVNULL
        )
        if asked.exists() and progress["reboots"] < told["reboots"]:
            return _reboot(progress, asked.read_text().splitlines())
        if done.returncode:
            record = files.mapping(files.RECORD)
            if str(_part(record, deploy).get("time") or "") >= began:
                progress["judged"] = _judged(record, [deploy])
            raise Trouble(f"{deploy} ended with {done.returncode}; journalctl -u gpuwright-pull")


def indexes(data: dict[str, Any]) -> list[str]:
    """Package indexes to try in turn; an empty one is pip's own. There is always one."""
    mirrors = data.get("mirrors")
    said = mirrors.get("pypi") if isinstance(mirrors, dict) else None
    words = [str(one) for one in (said if isinstance(said, list) else [said])]
    found = ["" if one == "upstream" else one for one in words if "://" in one or one == "upstream"]
    return found or [""]


def _environment(folder: Path, listed: list[str], proxy: str, lock_wait_s: int) -> Path:
    """The interpreter, with what the first of these indexes gives that has all.

    Raises:
        Trouble: Not one of them has.
    """
    for number, index in enumerate(listed, 1):
        try:
            return source.environment(folder, index, proxy, lock_wait_s)
        except Trouble as why:
            if number == len(listed):
                raise
            status(f"{why}; the next index is tried")
    raise Trouble("no index is named")


def _part(record: dict[str, Any], deploy: str) -> dict[str, Any]:
    """What a deploy notes: the one for container hosts has a part of its own."""
    part = record.get("containers") if deploy == "container_host" else record
    return part if isinstance(part, dict) else {}


def _judged(record: dict[str, Any], deploys: list[str]) -> str:
    """The worst verdict of these deploys."""
    found = [str(_part(record, deploy).get("verdict")) for deploy in deploys]
    return max((word if word in telling.CODES else "UNKNOWN" for word in found), key=_rank)


def _rank(verdict: str) -> int:
    return telling.CODES[verdict]


def _reboot(progress: dict[str, Any], causes: list[str]) -> None:
    progress["reboots"] += 1
    progress["tries"] -= 1  # it goes on after it
    progress["causes"] = sorted({*progress["causes"], *causes})
    progress["going_down"] = True
    _note(progress)
    status(f"reboots for {'; '.join(causes) or 'the driver'}, and goes on after it")
    os.sync()
    subprocess.run(["systemctl", "reboot"], check=False)


def _progress(key: str) -> dict[str, Any]:
    """How far this machine has come: counted on after a reboot of ours, and else from the start."""
    found = files.mapping(files.STATE / "progress.json")
    boot = BOOT.read_text().strip()
    ours = found.get("machine") == key and (found.get("going_down") or found.get("boot") == boot)
    start = {"tries": 0, "reboots": 0, "causes": [], "judged": ""}
    return {**start, **(found if ours else {}), "going_down": False, "machine": key, "boot": boot}


def _note(progress: dict[str, Any]) -> None:
    files.write(files.STATE / "progress.json", json.dumps(progress))


def _ended(told: dict[str, Any], progress: dict[str, Any], verdict: str, why: str) -> int:
    record = files.mapping(files.RECORD)
    said = {
        "done": not why and verdict in ("OK", "WARN"),
        "host": socket.gethostname(),
        "machine": progress["machine"],
        "proof": str(_part(record, told["deploys"][-1]).get("proof") or "none"),
        "reboots": progress["reboots"],
        "stack": str(record.get("stack") or ""),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "tries": progress["tries"],
        "verdict": verdict,
        "why": why,
    }
    with contextlib.suppress(FileNotFoundError):
        (files.STATE / "progress.json").unlink()
    told = {**told, "webhook": files.mapping(files.OWN_DATA).get("webhook") or told["webhook"]}
    telling.outcome(said, told)
    status(f"{verdict}: {why or said['proof']}")
    return telling.CODES.get(verdict, 3)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
