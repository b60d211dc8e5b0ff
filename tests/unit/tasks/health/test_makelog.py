"""Why a build failed, read out of real logs and of lines that users reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.health.makelog import kernel_compiler, reason

GOLDEN = Path(__file__).parents[1] / "golden"
DIFFERS = "warning: the compiler differs from the one used to build the kernel"


@pytest.mark.parametrize(
    ("log", "code", "line"),
    [
        ("gcc11", "D3", "unrecognized command-line option '-ftrivial-auto-var-init=zero'"),
        ("cerror", "D4", "has no member named 'vm_flags_locked'"),
        ("nospace", "D5", "No space left on device"),
    ],
)
def test_real_log(log: str, code: str, line: str) -> None:
    found = reason((GOLDEN / f"make-{log}.log").read_text().splitlines())
    assert found is not None
    assert found[0] == code
    assert line in found[1]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("gcc-12: command not found", "D3"),
        ("Failed CC version check. Bailing out!", "D3"),
        ("gcc: fatal error: Killed signal terminated program cc1", "D5"),
        ("nvidia-drm-drv.c:748:9: error: too few arguments to function 'drm_x'", "D4"),
    ],
)
def test_line_that_users_reported(line: str, code: str) -> None:
    found = reason(["DKMS make.log", line, "make: *** [all] Error 2"])
    assert found == (code, line)


def test_driver_too_old_is_not_taken_for_a_compiler_that_merely_differs() -> None:
    found = reason([DIFFERS, "x.c:1:2: error: 'struct a' has no member named 'b'"])
    assert found is not None
    assert found[0] == "D4"


def test_compiler_that_differs_is_the_reason_where_nothing_else_is() -> None:
    assert reason([DIFFERS, "make: *** [Makefile:1: modules] Error 2"]) == ("D3", DIFFERS)


def test_log_of_a_build_that_went_well_tells_no_reason() -> None:
    assert reason([DIFFERS, "  LD [M]  nvidia.ko"]) is None


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0", "gcc-12"),
        ("x86_64-linux-gnu-gcc-13 (Ubuntu 13.3.0-6ubuntu2~24.04) 13.3.0", "gcc-13"),
        ("gcc (GCC) 11.5.0 20240719 (Red Hat 11.5.0-5)", "gcc"),
        (None, "gcc"),
    ],
)
def test_kernels_compiler_as_a_package(text: str | None, package: str) -> None:
    assert kernel_compiler(text) == package
