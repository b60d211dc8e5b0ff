"""Whether the services of this container answer as they should: Docker's health check."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request

from image.programs import place
from image.programs.settings import PORTS

SECONDS = 5


def main() -> int:
    """0 where all is well or no service was asked for, else 1 with the reason."""
    try:
        bind, *names = place.RUNNING.read_text().split()
    except OSError:
        print("no services in this container")
        return 0
    address = "127.0.0.1" if bind == "0.0.0.0" else bind
    faults = [fault for name in names if (fault := fault_of(name, address))]
    print("; ".join(faults) or f"well: {', '.join(names)}")
    return 1 if faults else 0


def fault_of(name: str, address: str) -> str:
    """What is wrong with a service at this address; nothing if it is well."""
    base = f"http://{address}:{PORTS[name]}"
    try:
        if name == "sshd":
            with socket.create_connection((address, PORTS[name]), SECONDS) as line:
                line.settimeout(SECONDS)
                return "" if line.recv(4) == b"SSH-" else "sshd: it does not say its name"
        if name == "tensorboard":
            status = _status(f"{base}/")
            return "" if status == 200 else f"tensorboard: it answers {status}"
        # The API's version is for everybody, everything else for who has the token.
        if (status := _status(f"{base}/api")) != 200:
            return f"jupyter: it answers {status}"
        if (status := _status(f"{base}/api/contents")) != 403:
            return f"jupyter: it answers {status}, and not 403, to who has no token"
        return ""
    except OSError as error:
        return f"{name}: {error}"


def _status(url: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
