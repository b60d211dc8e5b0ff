"""What a host answers is bounded there, and read in a time that grows with its length alone."""

from __future__ import annotations

import base64
import importlib
import inspect
import pkgutil
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from pyinfra.api import FactBase, ShortFactBase

import facts
from facts import acceptance_note, closure
from facts.parse import openpgp, repository, workspaces
from facts.parse.sections import CUT, MOST_BYTES, ProbeError, marked, split
from facts.program import AnswerError, read, run_tool
from facts.script import LIMITED, as_root
from tests.unit.facts.parse.test_openpgp import armoured, binary
from tests.unit.whole_answers import REPOSITORY, WORKSPACES, framed

FRAME = "echo '##gpuwright-probe 1 N'; echo '##N one'; echo '##N @a-file'; {}; echo '##N end'"


def shell(command: str) -> list[str]:
    """The lines that a command prints."""
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True)
    return done.stdout.decode(errors="replace").splitlines()


def test_answer_that_is_longer_than_it_can_be_is_cut_on_the_host_and_refused_with_the_place() -> (
    None
):
    lines = shell(as_root(FRAME.format("yes | head -c 700M")))
    assert sum(map(len, lines)) <= MOST_BYTES and lines[-1] == CUT
    with pytest.raises(ProbeError, match="longer than 4 MiB and was cut in one, a-file: something"):
        split(lines)


def test_answer_of_the_most_that_may_be_is_whole() -> None:
    lines = shell(f"yes | head -c {MOST_BYTES} | {LIMITED}")
    assert lines[-1] == "y" and 2 * len(lines) == MOST_BYTES


def test_line_of_the_host_that_says_so_does_not_cut() -> None:
    assert split(shell(as_root(FRAME.format(f"echo '{CUT}'"))))["one"].part("a-file") == [CUT]


def test_program_that_prints_for_ever_is_said_to() -> None:
    with pytest.raises(AnswerError, match="longer than 4 MiB"):
        read(shell(run_tool("sh -c 'yes | head -c 9M'", 20)), 20)


def versions(count: int) -> Callable[[], object]:
    offer = "".join(f"libcudnn8|8.9.{n}-1+cuda11.8\n" for n in range(count))
    lines = framed(REPOSITORY + offer)
    return lambda: repository.answers(lines, ["http://mirror.example.org/"])


def names(count: int) -> Callable[[], object]:
    key = binary("plain") + b"\x89\x00\x03\x04\x10\x01" * count
    return lambda: openpgp.read(key)


def armour(count: int) -> Callable[[], object]:
    text = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n" * (count // 40) + b" " * count
    return lambda: openpgp.read(armoured("plain") + text)


def blanks(count: int) -> Callable[[], object]:
    text = armoured("plain").replace(b"\n\n", b"\nComment: " + b" " * count + b"x\n\n", 1)
    return lambda: openpgp.read(text)


def seconds(work: Callable[[], object]) -> float:
    """Processor time of the quickest of three rounds."""
    found = []
    for _ in range(3):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


@pytest.mark.parametrize(
    ("made", "count"),
    [(versions, 4_000), (names, 3_000), (armour, 40_000), (blanks, 40_000)],
    ids=["versions", "names", "armour", "blanks"],
)
def test_ten_times_as_much_takes_some_ten_times_as_long(
    made: Callable[[int], Callable[[], object]], count: int
) -> None:
    """It was a hundred times for each of these."""
    assert seconds(made(10 * count)) < 40 * max(seconds(made(count)), 0.001)


def test_key_that_is_no_key_by_its_length_is_refused() -> None:
    with pytest.raises(openpgp.OpenPgpError, match="longer than 1024 KiB"):
        openpgp.read(base64.b64encode(bytes(1 << 20)))


def test_ports_that_a_host_cannot_have_are_refused() -> None:
    ranges = ", ".join(["0.0.0.0:0-99999->1/tcp"] * 10_000)
    published = WORKSPACES.replace("web|", f"web|{ranges}, ")
    with pytest.raises(ProbeError, match="publish more than"):
        workspaces.workspace_state(framed(published))
    few = WORKSPACES.replace("web|", "web|0.0.0.0:65530-99999->1/tcp, ")
    assert max(workspaces.workspace_state(framed(few)).published) == 65535


def facts_of_ours() -> list[type[FactBase[Any]]]:
    """Each fact that asks a host something of its own."""
    found = []
    for module in pkgutil.iter_modules(facts.__path__, "facts."):
        for one in vars(importlib.import_module(module.name)).values():
            ours = isinstance(one, type) and issubclass(one, FactBase)
            if ours and one.__module__ == module.name and not issubclass(one, ShortFactBase):
                found.append(one)
    return found


@pytest.mark.parametrize("fact", facts_of_ours(), ids=lambda fact: fact.__name__)
def test_answer_of_every_fact_is_bounded_on_the_host(fact: type[FactBase[Any]]) -> None:
    asked = inspect.signature(fact.command).parameters.values()
    given: dict[str, Any] = {one.name: () for one in asked if one.default is one.empty}
    given |= {name: "x" for name in given if name in ("engine", "image", "repository", "file")}
    command = str(fact().command(**{k: v for k, v in given.items() if k != "self"}))
    # The one file of ours that is read by itself is bounded as it is read.
    own = f"head -c {acceptance_note.MOST_BYTES} {acceptance_note.FILE} "
    assert "| { head -c " in command or own in command


@pytest.mark.parametrize(("most", "asked"), [(MOST_BYTES, 4), (closure.MOST, 16)])
def test_package_manager_s_answer_that_was_cut_says_so(most: int, asked: int) -> None:
    with pytest.raises(ProbeError, match=f"longer than {asked} MiB and was cut in show"):
        marked(["== show", "Package: a", CUT], most)
