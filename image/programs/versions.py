"""What is in this image: every package with its version, and on request every file's SHA-256.

docker run --rm IMAGE versions [--json] [--files]
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path("/opt/gpuwright")
PLANS = (Path(__file__).resolve().parents[2] / "plan.json", ROOT / "plan.json")
"""Of a host, beside these programs; of an image."""


def main() -> int:
    """Print the list."""
    parser = argparse.ArgumentParser(prog="versions", description=__doc__)
    parser.add_argument("--json", action="store_true", help="as data")
    parser.add_argument("--files", action="store_true", help="SHA-256 of every file below /opt")
    asked = parser.parse_args()
    found = everything(files=asked.files)
    if asked.json:
        print(json.dumps(found, indent=2, sort_keys=True))
        return 0
    for key, value in sorted(found["plan"].items()):
        if isinstance(value, str):
            print(f"{key} {value}")
    print(f"python {found['python']}")
    for kind in ("packages", "debs"):
        for name, version in sorted(found[kind].items()):
            print(f"{name}=={version}" if kind == "packages" else f"{name}={version}")
    for path, digest in sorted(found.get("files", {}).items()):
        print(f"{digest}  {path}")
    return 0


def everything(files: bool = False) -> dict[str, Any]:
    """The plan that the image was made from, and what is there."""
    found: dict[str, Any] = {
        "plan": plan(),
        "python": platform.python_version(),
        "packages": packages(),
        "debs": debs(),
    }
    if files:
        found["files"] = digests(ROOT)
    return found


def plan() -> dict[str, Any]:
    """What the image was built from, or the host set up; empty where that cannot be read."""
    for path in PLANS:
        try:
            read = json.loads(path.read_text())
        except (OSError, ValueError):
            continue
        return read if isinstance(read, dict) else {}
    return {}


def packages() -> dict[str, str]:
    """The environment's packages, their names as a lock writes them."""
    return {
        re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower(): found.version
        for found in importlib.metadata.distributions()
    }


def debs() -> dict[str, str]:
    """The distribution's packages."""
    told = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${Version}\n"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return dict(line.split(" ", 1) for line in told.splitlines())


def digests(root: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder; a link counts with where it leads to."""
    found = {}
    for path in root.rglob("*"):
        if path.is_symlink():
            text = f"link {path.readlink()}".encode()
        elif path.is_file():
            text = path.read_bytes()
        else:
            continue
        found[str(path)] = hashlib.sha256(text).hexdigest()
    return found
