"""What it tells: systemd, a file, Prometheus's node_exporter, a webhook. Pure."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from . import files

CODES = {"OK": 0, "WARN": 1, "CRITICAL": 2, "UNKNOWN": 3}
"""Exit status by verdict, as Nagios's plugins have it."""
VERDICT = "verdict.json"
TEXTFILES = ("/var/lib/prometheus/node-exporter", "/var/lib/node_exporter/textfile_collector")
METRICS = "gpuwright_pull.prom"
WEBHOOK_TRIES, WEBHOOK_S = 4, 20


_systemd: list[str] = []


def take_over() -> None:
    """Keep systemd's socket from the programs that are started: some would tell it of theirs."""
    _systemd[:] = [os.environ.pop("NOTIFY_SOCKET", "")]


def status(words: str) -> None:
    """Say it in the journal, and in ``systemctl status`` (sd_notify(3), ``STATUS=``)."""
    print(words, flush=True)
    address = _systemd[0] if _systemd else ""
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    line = " ".join(words.split())[:400]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(f"STATUS={line}\n".encode(), name)
    except OSError as error:
        print(f"systemd was not told: {error}", file=sys.stderr)


def metrics(outcome: dict[str, Any]) -> str:
    """The outcome in Prometheus's text format."""
    code = CODES.get(outcome["verdict"], 3)
    ended = "How provisioning ended: 0 OK, 1 WARN, 2 CRITICAL, 3 UNKNOWN."
    return textfile(
        [
            ("gpuwright_pull_verdict", ended, [({}, code)]),
            ("gpuwright_pull_tries", "Tries that it took.", [({}, outcome["tries"])]),
            ("gpuwright_pull_reboots", "Reboots that it took.", [({}, outcome["reboots"])]),
            ("gpuwright_pull_timestamp_seconds", "When it ended.", [({}, int(time.time()))]),
        ]
    )


def textfile(metrics: Any) -> str:
    """Gauges in Prometheus's text format: name, what it says, rows of labels and a value."""
    lines = []
    for name, said, rows in metrics:
        lines += [f"# HELP {name} {said}", f"# TYPE {name} gauge"]
        for labels, value in rows:
            # JSON escapes quotes, backslashes and ends of lines as this format does.
            told = ",".join(f"{k}={json.dumps(v, ensure_ascii=False)}" for k, v in labels.items())
            lines.append(f"{name}{'{' + told + '}' if told else ''} {value}")
    return "\n".join(lines) + "\n"


def outcome(said: dict[str, Any], told: dict[str, Any]) -> None:
    """Tell how it ended, in every way that was asked for. What cannot be told is said.

    Args:
        said: The outcome; ``verdict``, ``tries``, ``reboots`` are among it.
        told: The settings.
    """
    text = json.dumps(said, indent=2, sort_keys=True) + "\n"
    files.write(files.STATE / VERDICT, text)
    copy = told.get("verdict_file") or ""
    folder = (told.get("data") or {}).get("textfile_folder") or ""
    places = [folder] if folder else TEXTFILES
    wanted = [(Path(place) / METRICS, metrics(said)) for place in places if Path(place).is_dir()][
        :1
    ]
    if copy:
        wanted.append((Path(copy), text))
    for path, content in wanted:
        try:
            files.write(path, content)
        except OSError as error:
            print(f"{path} cannot be written: {error}", file=sys.stderr)
    if told.get("webhook"):
        _post(told["webhook"], text.encode())


def _post(address: str, body: bytes) -> None:
    """Post the outcome. The address may be a secret: it is never printed."""
    for number in range(WEBHOOK_TRIES):
        if number:
            time.sleep(2**number)
        request = urllib.request.Request(
            address, data=body, headers={"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=WEBHOOK_S):
                print("the webhook was told")
                return
        except (OSError, ValueError) as error:
            code = getattr(error, "code", "")
            why = f"it answers {code}" if code else type(getattr(error, "reason", error)).__name__
    print(f"the webhook was not told, {WEBHOOK_TRIES} tries: {why}", file=sys.stderr)
