"""A container with GPUs: the script runs with a stand-in for Docker, and its answer is read."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from pyinfra.api import FactProcessError

from facts.container_proof import ContainerProof, proof_command
from facts.engine_model import ContainerAnswer

DOCKER = """\
#!/bin/sh
echo "$*" >>{log}
case $1 in
  run) {run} ;;
  inspect) {inspect} ;;
  exec)
    shift
    if [ "$1" = -i ]; then exec sh; fi
    echo 'GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0)'
    [ -e {log}.lost ] || echo 'GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-1)' ;;
esac
"""
SYSTEMCTL = "#!/bin/sh\n{reload}\n"


def proof(tmp_path: Path, reload: str = ":", run: str = "echo id", inspect: str = "echo true"):  # type: ignore[no-untyped-def]
    for name, text in {"docker": DOCKER, "systemctl": SYSTEMCTL}.items():
        program = tmp_path / name
        values = {"{log}": str(tmp_path / "log"), "{run}": run, "{inspect}": inspect}
        for word, value in {**values, "{reload}": reload}.items():
            text = text.replace(word, value)
        program.write_text(text)
        program.chmod(0o755)
    script = proof_command("docker", "base:1", ("--device", "nvidia.com/gpu=all"))
    script = script.replace("PATH=/usr/local/sbin", f"PATH={tmp_path}:/usr/local/sbin")
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    return ContainerProof().process(done.stdout.splitlines())


def test_container_that_keeps_its_gpus_lists_them_and_is_asked_for_cuda(tmp_path: Path) -> None:
    answer: ContainerAnswer = proof(tmp_path)
    assert answer.started
    assert len(answer.gpus) == 2
    assert answer.cuda is not None
    assert answer.cuda.code is None or answer.cuda.call


def test_container_is_asked_for_by_the_plans_words_and_goes_away(tmp_path: Path) -> None:
    proof(tmp_path)
    log = (tmp_path / "log").read_text()
    assert "--device nvidia.com/gpu=all --entrypoint sleep base:1" in log
    assert "--pull never" in log
    assert log.splitlines()[-1].startswith("rm -f gpuwright-proof-")


def test_gpu_that_systemd_takes_away_is_missed(tmp_path: Path) -> None:
    answer = proof(tmp_path, reload=f": >{tmp_path}/log.lost")
    assert len(answer.before) == 2
    assert len(answer.gpus) == 1


def test_container_that_does_not_start_gives_the_engines_words(tmp_path: Path) -> None:
    words = 'could not select device driver "" with capabilities: [[gpu]]'
    answer = proof(tmp_path, run=f"echo '{words}' >&2; exit 125", inspect="exit 1")
    assert answer == ContainerAnswer(False, words)


def test_answer_that_is_cut_off_fails_the_host_alone() -> None:
    with pytest.raises(FactProcessError, match="cut off"):
        ContainerProof().process(["##gpuwright-probe 1 N", "##N proof"])


def test_engine_that_hangs_is_left_alone_within_what_is_given(tmp_path: Path) -> None:
    proof(tmp_path)  # writes the stand-ins
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\n[ "$1" = rm ] || exec sleep 60\n')
    script = proof_command("docker", "base:1", (), within=2)
    script = script.replace("PATH=/usr/local/sbin", f"PATH={tmp_path}:/usr/local/sbin")
    began = time.monotonic()
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert time.monotonic() - began < 20
    assert not ContainerProof().process(done.stdout.splitlines()).started
