"""Why did DKMS's build fail? Read out of its ``make.log``. Pure.

Golden logs with their origin lie in ``tests/unit/tasks/golden``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ROOM = re.compile(
    r"No space left on device|Killed signal terminated program|virtual memory exhausted"
    r"|Cannot allocate memory|out of memory allocating|\bKilled\b",
)
_COMPILER = re.compile(
    r"unrecognized command[- ]line option|Failed CC version check|Compiler version check failed"
    r"|(?:gcc|cc|clang)(?:-\d+)?: (?:(?:command )?not found|No such file)|error: unknown argument"
)
_DIFFERS = re.compile(r"the compiler differs from the one used to build the kernel")
_C_ERROR = re.compile(
    r"\.[ch]:\d+(?::\d+)?: error: |implicit declaration of function|has no member named"
    r"|too (?:few|many) arguments to function|incompatible pointer type"
)


def reason(lines: Sequence[str]) -> tuple[str, str] | None:
    """Code (D3, D4 or D5) and the line that says so; None where the log tells no reason.

    The order matters. A full disk makes any error; an option that the compiler does not know makes
    it stop before it sees the driver's source. "The compiler differs" is only a warning: it is the
    reason only where nothing else went wrong, for a newer compiler may build well.
    """
    for code, pattern in (("D5", _ROOM), ("D3", _COMPILER), ("D4", _C_ERROR)):
        for line in lines:
            if pattern.search(line):
                return code, line.strip()
    failed = any(re.search(r"\berror\b|Error \d", line, re.IGNORECASE) for line in lines)
    for line in lines:
        if failed and _DIFFERS.search(line):
            return "D3", line.strip()
    return None


def kernel_compiler(text: str | None) -> str:
    """The package of the compiler in a kernel's ``CONFIG_CC_VERSION_TEXT``: ``gcc-12``.

    ``gcc-12 (Debian 12.2.0-14) 12.2.0`` and ``x86_64-linux-gnu-gcc-12 (Ubuntu …)`` both name it.
    Red Hat's is the plain ``gcc``.
    """
    found = re.search(r"\b(gcc|clang)-(\d+)\b", text or "")
    return f"{found[1]}-{found[2]}" if found else "gcc"
