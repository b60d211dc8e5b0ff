"""The hooks in docs/hooks, with stand-ins for Slurm's and Kubernetes' own commands."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tasks.acceptance import hooks

SCONTROL = """#!/bin/sh
printf '%s|' "$@" >>"$FOLDER/asked"; echo >>"$FOLDER/asked"
case "$*" in
*'show node'*) cat "$FOLDER/node" 2>/dev/null || { echo "no node" >&2; exit 1; } ;;
esac
case "$*" in
*state=drain*) for w; do case $w in reason=*) reason=${w#reason=} ;; esac; done
  echo "NodeName=gpu1 State=IDLE+DRAIN Boards=1 Reason=$reason [root@2026-11-30T12:00:00]" ;;
*state=resume*) echo "NodeName=gpu1 State=IDLE Boards=1" ;;
*) exit 0 ;;
esac >"$FOLDER/node"
"""
KUBECTL = """#!/bin/sh
printf '%s|' "$@" >>"$FOLDER/asked"; echo >>"$FOLDER/asked"
case "$*" in
*jsonpath*) cat "$FOLDER/taints" 2>/dev/null || : ;;
*verify-) rm "$FOLDER/taints" ;;
*NoSchedule*) printf 'node.kubernetes.io/unschedulable gpuwright.verify' >"$FOLDER/taints" ;;
esac
"""
IDLE = "NodeName=gpu1 State=IDLE Boards=1 OS=Linux"
BY_HAND = "NodeName=gpu1 State=IDLE+DRAIN Boards=1 Reason=new fan [root@2026-11-30T11:00:00]"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("scontrol", SCONTROL), ("kubectl", KUBECTL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    monkeypatch.setenv("GPUWRIGHT_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("GPUWRIGHT_NODE", raising=False)
    return tmp_path / "asked"


def ran(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    program = Path("docs/hooks", name)
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


def changes(asked: Path) -> list[str]:
    lines = asked.read_text().splitlines() if asked.exists() else []
    return [line.strip("|") for line in lines if "update" in line or "taint|" in line]


def test_slurm_node_is_drained_once_and_comes_back_once(asked: Path) -> None:
    (asked.parent / "node").write_text(IDLE)
    drain, resume = (["docs/hooks/slurm.sh", word] for word in ("drain", "resume"))
    verdicts = ("OK", "CRITICAL", "CRITICAL", "UNKNOWN", "OK", "OK")
    for verdict in verdicts:
        told = hooks.run("gpu1.lab.example.org", verdict, ("GPU-ECC", "D4"), drain, resume)  # type: ignore[arg-type]
        assert all(one.went_well for one in told), told
    assert changes(asked) == [
        "update|nodename=gpu1|state=drain|reason=gpuwright: GPU-ECC,D4",
        "update|nodename=gpu1|state=resume",
    ]


@pytest.mark.parametrize("word", ["drain", "resume"])
def test_slurm_node_that_somebody_has_drained_is_theirs(word: str, asked: Path) -> None:
    (asked.parent / "node").write_text(BY_HAND)
    done = ran("slurm.sh", word, "gpu1", "GPU-ECC")
    assert done.returncode == 0 and changes(asked) == [], done


def test_slurm_node_that_runs_again_is_not_resumed_twice(asked: Path) -> None:
    (asked.parent / "node").write_text(IDLE + " Reason=gpuwright: D4 [root@2026]")
    assert ran("slurm.sh", "resume", "gpu1", "none").returncode == 0
    assert changes(asked) == []


def test_slurm_that_does_not_know_the_node_fails_the_hook(asked: Path) -> None:
    done = ran("slurm.sh", "drain", "gpu9", "D4")
    assert done.returncode != 0 and "no node" in done.stderr


@pytest.mark.parametrize("name", ["slurm.sh", "kubernetes.sh"])
@pytest.mark.parametrize("node", ["gpu[1-9]", "a b", "", "-x", "x;y", "gpu1,gpu2"])
def test_what_is_no_name_of_one_node_is_refused(name: str, node: str, asked: Path) -> None:
    word = "drain" if name == "slurm.sh" else "taint"
    assert ran(name, word, node, "D4").returncode == 2
    assert not asked.exists()


@pytest.mark.parametrize("node", ["ALL", "all"])
def test_slurm_s_word_for_all_nodes_is_no_name(node: str, asked: Path) -> None:
    assert ran("slurm.sh", "drain", node, "D4").returncode == 2


def test_address_is_a_name_as_a_whole(asked: Path) -> None:
    (asked.parent / "node").write_text(IDLE)
    ran("slurm.sh", "drain", "10.0.0.7", "D4")
    assert changes(asked)[0].startswith("update|nodename=10.0.0.7|")


def test_node_may_be_called_otherwise(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUWRIGHT_NODE", "dgx-3")
    (asked.parent / "node").write_text(IDLE)
    ran("slurm.sh", "drain", "gpu1", "D4")
    assert changes(asked)[0].startswith("update|nodename=dgx-3|")


def test_kubernetes_node_is_tainted_once_and_loses_our_taint_alone(asked: Path) -> None:
    taint, untaint = (["docs/hooks/kubernetes.sh", word] for word in ("taint", "untaint"))
    for verdict in ("CRITICAL", "CRITICAL", "OK", "OK"):
        told = hooks.run("gpu1.lab.example.org", verdict, ("GPU-ECC", "D4"), taint, untaint)
        assert all(one.went_well for one in told), told
    ours = "--request-timeout=30s|taint|nodes|gpu1.lab.example.org"
    assert changes(asked) == [
        f"{ours}|gpuwright.verify=GPU-ECC.D4:NoSchedule|--overwrite",
        f"{ours}|gpuwright.verify-",
    ]


def test_kubernetes_node_without_our_taint_stays_as_it_is(asked: Path) -> None:
    (asked.parent / "taints").write_text("node.kubernetes.io/unschedulable other.example/x")
    assert ran("kubernetes.sh", "untaint", "gpu1", "none").returncode == 0
    assert changes(asked) == []


def test_many_codes_are_a_value_that_kubernetes_takes(asked: Path) -> None:
    ran("kubernetes.sh", "taint", "gpu1", ",".join(["GPU-ROW-FAILURE"] * 9))
    (change,) = changes(asked)
    value = change.split("gpuwright.verify=")[1].split(":")[0]
    assert len(value) <= 63 and value[-1].isalnum() and "," not in value


@pytest.mark.parametrize("name", ["slurm.sh", "kubernetes.sh"])
def test_other_word_is_refused(name: str, asked: Path) -> None:
    (asked.parent / "node").write_text(IDLE)
    assert ran(name, "reboot", "gpu1", "D4").returncode == 2
    assert changes(asked) == []
