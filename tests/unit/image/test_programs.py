"""What the image's programs decide from what they are told. They run on plain values here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from image.programs import selftest, services, settings, sshd
from image.programs.settings import RefusalError, Settings

TOKEN = "0123456789abcdef0123456789abcdef"
PLAN = {"stack": "pytorch-2.9", "plan": "ab", "torch": "2.9.1+cu128"}
TORCH = {"version": "2.9.1+cu128", "cuda": "12.8", "devices": []}
NO_GPU = {"code": 100, "name": "CUDA_ERROR_NO_DEVICE", "devices": []}
GROUP = {"backend": "gloo", "world": 2, "sum": 3, "expected": 3, "losses": [2.0, 1.0], "apart": 0}


def told(**environment: str) -> Settings:
    return settings.read({"JUPYTER_TOKEN": TOKEN, **environment})


def refusal(**environment: str) -> RefusalError:
    with pytest.raises(RefusalError) as caught:
        told(**environment)
    return caught.value


def test_jupyter_alone_runs_where_nothing_is_said() -> None:
    assert told().services == ("jupyter",)


def test_services_are_named_with_blanks_or_commas_and_each_once() -> None:
    asked = told(GPUWRIGHT_SERVICES="tensorboard, jupyter tensorboard")
    assert asked.services == ("tensorboard", "jupyter")


def test_unknown_service_is_refused_with_those_there_are() -> None:
    assert "jupyter, tensorboard, sshd" in str(refusal(GPUWRIGHT_SERVICES="ftp"))


@pytest.mark.parametrize("token", ["short", TOKEN[:15], "with blanks in between it", "ünïcödé" * 4])
def test_weak_token_is_refused_and_not_repeated(token: str) -> None:
    refused = refusal(JUPYTER_TOKEN=token)
    assert refused.code == "IMAGE-TOKEN" and token not in str(refused)


def test_token_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    found = told(JUPYTER_TOKEN="", JUPYTER_TOKEN_FILE=str(tmp_path / "token"))
    assert found.token == TOKEN


def test_token_file_that_is_named_and_not_there_is_refused(tmp_path: Path) -> None:
    refused = refusal(JUPYTER_TOKEN="", JUPYTER_TOKEN_FILE=str(tmp_path / "gone"))
    assert refused.code == "IMAGE-UNREADABLE" and "No such file" in str(refused)


def test_sshd_without_a_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("# none yet\n\n")
    refused = refusal(GPUWRIGHT_SERVICES="sshd", SSH_AUTHORIZED_KEYS_FILE=str(tmp_path / "keys"))
    assert refused.code == "IMAGE-NO-KEYS"


@pytest.mark.parametrize("user", ["root", "An na", "a;b", "-x", "a" * 33])
def test_odd_ssh_user_is_refused(user: str) -> None:
    assert refusal(SSH_USER=user).code == "IMAGE-SSH-USER"


def test_no_command_holds_the_token() -> None:
    every = services.commands(told(GPUWRIGHT_SERVICES="jupyter tensorboard"))
    assert TOKEN not in json.dumps(every)
    assert every["tensorboard"][1:] == [
        "--logdir=/workspace/code/runs",
        "--host=0.0.0.0",
        "--port=6006",
    ]


def test_sshd_lets_in_by_key_alone_and_hands_gpu_settings_on() -> None:
    asked = Settings(("sshd",), "0.0.0.0", "/x", "/run/secrets/authorized_keys", "anna", "")
    text = sshd.text(asked, Path("/k"), {"PATH": "/a b", "NCCL_DEBUG": "WARN", "SECRET": "x"})
    lines = text.splitlines()
    assert {"PasswordAuthentication no", "AuthenticationMethods publickey"} <= {*lines}
    assert lines[-1] == "SetEnv NCCL_DEBUG=WARN 'PATH=/a b'"
    assert "SECRET" not in text


def test_no_gpu_is_well_and_not_proven() -> None:
    found = selftest.judged(PLAN, TORCH, NO_GPU, GROUP, [])
    assert (found["verdict"], found["proof"]) == (
        "OK",
        "none (cuInit answers 100 CUDA_ERROR_NO_DEVICE)",
    )


def test_gpu_that_keeps_what_is_written_is_a_proof() -> None:
    cuda = {"code": 0, "devices": [{"name": "H100", "memory_ok": True}]}
    found = selftest.judged(PLAN, {**TORCH, "computed": True}, cuda, GROUP, [])
    assert found["proof"] == "cuda-call (1 × memory check: H100)"
    assert found["verdict"] == "OK"


@pytest.mark.parametrize(
    ("torch", "cuda", "group", "said"),
    [
        ({"why": "OSError: libcudnn"}, NO_GPU, GROUP, "cannot be imported: OSError"),
        ({**TORCH, "version": "2.8.0+cu128"}, NO_GPU, GROUP, "torch is 2.8.0+cu128, planned"),
        (TORCH, {"code": 803, "name": "MISMATCH", "call": "cuInit"}, GROUP, "cuInit answers 803"),
        (TORCH, NO_GPU, {**GROUP, "why": "the sum is 4 and not 3"}, "the sum is 4"),
        (TORCH, {"code": 0, "devices": [{"memory_ok": False}]}, GROUP, "does not compute"),
    ],
)
def test_what_is_wrong_is_critical(
    torch: dict[str, object], cuda: dict[str, object], group: dict[str, object], said: str
) -> None:
    found = selftest.judged(PLAN, torch, cuda, group, [])
    assert found["verdict"] == "CRITICAL"
    assert said in found["faults"][0]


@pytest.mark.parametrize("name", ["services", "entrypoint", "selftest", "versions", "health"])
def test_program_starts_without_anything_but_the_standard_library(name: str) -> None:
    code = f"import image.programs.{name}, sys; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
