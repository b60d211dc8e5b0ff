"""Nothing calls a package manager past ``tasks/packages``, where each call is tried and judged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[4]
CHANGES = re.compile(
    r"\b(?:apt-get|apt|aptitude)\s[^\n\"']*\b(?:install|remove|purge|upgrade|dist-upgrade"
    r"|autoremove|build-dep)\b"
    r"|\bdpkg\b[^\n\"']*(?:\s-[irP]\b|--install|--remove|--purge|--unpack|--configure)"
    r"|\b(?:dnf|yum)\s[^\n\"']*\b(?:install|remove|erase|upgrade|update|downgrade|autoremove"
    r"|distro-sync|swap)\b"
    r"|\brpm\b\s+-[eUiF]"
    # As words of a list or a tuple.
    r"|[\[(][\"'](?:apt-get|aptitude|dnf|yum|dpkg|rpm)[\"'],\s*f?[\"']"
)
PROSE = ("#", '"""', "{#")
ALLOWED = {
    # The one place: tried, judged by a `Transaction`, then done.
    "tasks/packages/apt.py": "the transactions",
    "tasks/packages/apt_repair.py": "the repair",
    "tasks/packages/apt_transaction.py": "the trial, and words about it",
    "tasks/packages/dnf.py": "the transactions",
    "tasks/packages/dnf_transaction.py": "the trial, and words about it",
    "tasks/packages/removal.py": "takes out what a removal names, after a trial",
    "tasks/packages/repair_state.py": "words: the ways out",
    # Commands of the fault table, which `tasks/repair/means.py` runs with a stand-in of apt-get
    # that must remove nothing (`APT::Get::Remove=false`), and shows before.
    "tasks/faults/faults.yaml": "the doctor's commands",
    "tasks/faults/codes.yaml": "words: remedies",
    "tasks/repair/means.py": "the stand-in itself",
    "tasks/templates/kernel_guard.sh.j2": "words: remedies",
    "tasks/steps/job_shell.py": "words: a remedy",
    # A host that provisions itself, before there is a Python for anything else: removes nothing.
    "tasks/templates/pull_start.sh.j2": "installs python3 alone",
    "tasks/pull/onhost/source.py": "the same, and its venv module: --no-remove, --no-upgrade",
    # Read only.
    "facts/outlook.sh": "a simulation",
    "facts/closure.sh": "simulations, and addresses",
    "facts/removal.sh": "rpm's own trial (--test)",
}
WORDS = {
    "tasks/containers/engine_conflicts.py",
    "tasks/driver/findings.py",
    "tasks/host/others.py",
    "tasks/host/preflight.py",
    "tasks/image/image_conflicts.py",
    "tasks/jetson/findings.py",
    "tasks/jetson/state.py",
    "tasks/repositories/archives.py",
    "tasks/repositories/trust.py",
}
"""Modules in which a person is told what to do; none of them can run anything (no pyinfra)."""


def calls() -> dict[str, list[str]]:
    """File to its lines that change packages."""
    found: dict[str, list[str]] = {}
    for room in ("tasks", "facts", "deploys", "gpuwright"):
        for path in sorted((HOUSE / room).rglob("*")):
            if path.suffix not in (".py", ".sh", ".j2", ".awk", ".yaml") or not path.is_file():
                continue
            name = str(path.relative_to(HOUSE))
            for line in path.read_text(encoding="utf-8").splitlines():
                if CHANGES.search(line) and not line.lstrip().startswith(PROSE):
                    found.setdefault(name, []).append(line.strip())
    return found


CALLS = calls()


@pytest.mark.parametrize("name", sorted(CALLS))
def test_package_manager_is_called_in_one_place(name: str) -> None:
    assert name in ALLOWED or name in WORDS, CALLS[name]


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_exception_is_still_one(name: str) -> None:
    assert name in CALLS, "take it out of the list"


@pytest.mark.parametrize("name", sorted(WORDS))
def test_what_only_tells_reaches_no_host(name: str) -> None:
    assert not re.search(r"^(from|import) pyinfra", (HOUSE / name).read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "line",
    [
        "apt-get -y install foo",
        "apt-get {options()} --fix-broken install",
        "apt install foo",
        "dpkg -i foo.deb",
        "dpkg --purge foo",
        "dnf -y -q install foo",
        "dnf remove --duplicates",
        "rpm -e foo",
        "apt-get autoremove",
        'subprocess.run(["apt-get", "-y", "install", name])',
        "call = ('dnf', '-y', 'remove')",
    ],
)
def test_call_is_recognised(line: str) -> None:
    assert CHANGES.search(line)
