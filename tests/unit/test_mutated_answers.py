"""No answer of a host, however damaged, ends a run: it is read, or it is the declared error.

Each fact is fed with whole answers to which a few things were done (`mutated`). The examples are
the same in every run, so that a failure is one of the code and not of the day.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyinfra.api import FactBase, FactProcessError

from facts.container_proof import ContainerProof
from facts.cuda_call import CudaCall
from facts.engines import ContainerEngines
from facts.evidence import HostEvidence
from facts.gpu_users import GpuUsers
from facts.handmade import HandmadeParts
from facts.host import HostProbe
from facts.images import Images
from facts.nvml import Nvml
from facts.parse import grub, openpgp
from facts.parse.debversion import version_key
from facts.repository import RepositoryOffers
from facts.torch import TorchRuntime
from facts.workspaces import WorkspaceAnswers, Workspaces
from tasks.containers import daemon_json
from tasks.health import makelog
from tasks.image import image_verdict
from tests.unit import whole_answers as whole
from tests.unit.facts import golden_hosts
from tests.unit.mutated import mutated

SECONDS = 1.0
"""Of this process's own time, for one answer of some hundred kilobytes."""


def offers() -> RepositoryOffers:
    fact = RepositoryOffers()
    fact.command(repositories=(("apt", "k", "https://a.example.org/", "p"),))
    return fact


@dataclass(frozen=True)
class Reader:
    """Something that reads what a host said."""

    read: Callable[[list[str]], Any]
    answers: tuple[Sequence[str], ...]
    refuses: type[Exception] | None = FactProcessError
    """What it may raise."""
    examples: int = 120

    def judge(self, lines: list[str]) -> None:
        started = time.process_time()
        try:
            found = self.read(lines)
            getattr(found, "to_json", str)()
        except Exception as error:
            if self.refuses is None or not isinstance(error, self.refuses):
                raise
            assert str(error).strip()
        assert time.process_time() - started < SECONDS


def of(fact: FactBase[Any], *answers: Sequence[str], examples: int = 120) -> Reader:
    return Reader(fact.process, answers, examples=examples)


def text(read: Callable[[str], Any]) -> Callable[[list[str]], Any]:
    return lambda lines: read("\n".join(lines))


def merged(text: str) -> None:
    ours = daemon_json.Settings(
        True, True, {"cdi": True}, ("https://m.example.org",), ("/etc/cdi",)
    )
    daemon_json.changed(text, ours)
    daemon_json.merged(text, ours)


KEYS = tuple(
    path.read_text().splitlines() for path in sorted((golden_hosts.FOLDER / "keys").glob("*.asc"))
)
MENU = golden_hosts.lines("debian-12-grub-saved-entry.txt")
SMI = "##gpuwright-source nvidia-smi"
READERS = {
    "host": of(HostProbe(), *map(whole.short_host, golden_hosts.HOSTS), examples=300),
    "evidence": of(HostEvidence(), whole.framed(whole.CONTAINERS + whole.EVIDENCE), examples=250),
    "engines": of(ContainerEngines(), whole.framed(whole.CONTAINERS + whole.ENGINES), examples=250),
    "handmade": of(HandmadeParts(), whole.framed(whole.HANDMADE)),
    "workspaces": of(Workspaces(), whole.framed(whole.WORKSPACES), examples=250),
    "workspace answers": of(WorkspaceAnswers(), whole.framed(whole.ANSWERS)),
    "repository": of(offers(), whole.framed(whole.REPOSITORY)),
    "images": of(Images(), whole.IMAGES, examples=300),
    "container": of(ContainerProof(), whole.proof()),
    "cuda": of(CudaCall(), whole.program(whole.CUDA)),
    "torch": of(TorchRuntime(), whole.program(whole.TORCH)),
    "nvml": of(
        Nvml(),
        ["##gpuwright-source nvidia-ml-py", *whole.program(whole.NVML)],
        [SMI, *golden_hosts.lines("smi-535-4xt4-mock.xml")[:90], "</gpu>", "##gpuwright-exit 0"],
        [SMI, *golden_hosts.lines("smi-h100-written-by-hand.xml"), "##gpuwright-exit 0"],
    ),
    "gpu users": of(GpuUsers(), ["42 python", "##gpuwright-users-end"], examples=60),
    "grub": Reader(
        lambda lines: grub.next_boot(lines, {"saved_entry": lines[-1][:99]}), (MENU,), None
    ),
    "version": Reader(text(version_key), (["1:2.3-4+b1~rc1"],), None),
    "key": Reader(
        lambda lines: openpgp.read("\n".join(lines).encode("utf-8", "replace")),
        KEYS,
        openpgp.OpenPgpError,
        examples=50,
    ),
    "daemon.json": Reader(text(merged), (whole.DAEMON_JSON,), daemon_json.DaemonJsonError),
    "make.log": Reader(makelog.reason, (["x.c:1: error: a", "gcc: not found"],), None),
    "self-test": Reader(text(image_verdict.judged), (whole.SELFTEST,), None),
}


def judge_damaged(reader: Reader) -> None:
    """Let a reader have its answers, damaged in many ways, the same ones each time."""

    @settings(
        max_examples=reader.examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(reader.answers), st.integers(0, 2**48))
    def judge(answer: Sequence[str], seed: int) -> None:
        reader.judge(mutated(answer, seed))

    judge()


@pytest.mark.parametrize("name", READERS)
def test_damaged_answer_is_read_or_refused_as_declared(name: str) -> None:
    judge_damaged(READERS[name])


@pytest.mark.parametrize("name", [n for n, r in READERS.items() if r.refuses is FactProcessError])
def test_empty_answer_is_a_failure_with_a_reason(name: str) -> None:
    for nothing in ([], [""]):
        with pytest.raises(FactProcessError, match=r"\w+ .*\w"):
            READERS[name].read(nothing)


def changed(answer: Sequence[str], old: str, new: str) -> list[str]:
    """The answer with one thing done to it that once ended a run."""
    assert any(old in line for line in answer)
    return [line.replace(old, new) for line in answer]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("evidence", "|511|", "|x|"),
        ("evidence", "42|python", "|python"),
        ("evidence", "195 nvidia", f"{'9' * 5000} nvidia"),
        ("engines", "|195|", "||"),
        ("engines", '["name=seccomp"]', "7"),
        ("engines", '[{"Count": -1}]', "[" * 90_000),
        ("workspaces", "1001,27", "1001,x"),
        ("workspaces", "token|1001", "token|?"),
        ("workspaces", ":80->", ":0-99999999999->"),
        ("images", "file 12345", "file ²"),
        ("images", 'base_layers ["', "base_layers " + "[" * 90_000),
        ("self-test", '["f"]', "7"),
    ],
)
def test_what_once_ended_a_run_is_read_or_refused(name: str, old: str, new: str) -> None:
    READERS[name].judge(changed(READERS[name].answers[0], old, new))


def test_repository_file_with_a_line_under_a_name_without_value_is_left_out() -> None:
    lines = whole.short_host("rocky-9-managed-h100.txt")
    at = next(i for i, line in enumerate(lines) if line.endswith(".repo"))
    odd = ["[a]", "gpgcheck", "  more"]
    whole_host = HostProbe().process(lines).package_manager.repositories
    found = HostProbe().process([*lines[: at + 1], *odd, *lines[at + 1 :]])
    file = lines[at].partition("@")[2]
    others = tuple(r for r in whole_host if r.file != file)
    assert others
    assert found.package_manager.repositories == others
