"""`python -m tests.hosts.again`: run what failed in CI once more, alone, in one process.

A loaded machine may make a test late that is sound; that must not cost a day's work. What fails
twice fails.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.hosts.floor import RESULT
from tests.hosts.schedule import MINUTES, group

MOST = 3
"""Modules that may have failed: of more, a busy machine is not the cause."""
HOSTS = Path(__file__).parent
CACHE = HOSTS.parent.parent / ".pytest_cache" / "v"


def worth(result: dict[str, Any]) -> list[str]:
    """The modules to run again, all of each host that one failed on; none if it is not worth it."""
    failed = result["failed"]
    if result["status"] != 1 or result["short"] or not 1 <= len(failed) <= MOST:
        return []
    hosts = {group(name) for name in failed}
    return [name for name in MINUTES if group(name) in hosts]


def main() -> int:
    """0 if everything that failed passes now, else 1."""
    try:
        first = json.loads((CACHE / RESULT).read_text())
    except (OSError, ValueError):
        return 1  # It did not come to the tests of hosts.
    modules = worth(first)
    if not modules:
        return 1
    failed = ", ".join(first["failed"])
    print(f"\n{failed} failed. Once more, alone: {', '.join(modules)}\n", flush=True)
    files = [str(HOSTS / f"{name}.py") for name in modules]
    done = subprocess.run([sys.executable, "-m", "pytest", "-v", *files], check=False)
    if done.returncode != 0:
        print(f"\nFAILED, AND DID NOT PASS ALONE: one of {failed}")
        return 1
    print(f"\nFAILED FIRST, PASSED ALONE: {failed}. Look at what made it fail, above.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
