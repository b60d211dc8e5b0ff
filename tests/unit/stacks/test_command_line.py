"""``python -m stacks``: exit codes, words and data."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stacks.__main__ import main
from stacks.model import plain

ROOT = Path(__file__).parents[3]
DEBIAN = ["explain", "pytorch-2.9", "--os", "debian-12", "--gpu", "H100"]


def test_list_has_a_line_per_stack(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    for name in ("pytorch-2.9", "pytorch-2.7-cu118", "pytorch-2.3-cu118-cudnn8", "pytorch-current"):
        assert f"\n{name} " in f"\n{text}"
    assert "torch-2.9.1+cu130-cp310-cp310-manylinux_2_28_aarch64.whl\n" in text


def test_explain_starts_with_the_truth_about_two_stacks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(DEBIAN) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "pytorch-2.9 on Debian 12 (bookworm), x86_64, H100"
    assert lines[2].startswith("Two stacks, one driver:")


def test_explain_fits_80_columns_without_trailing_spaces(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*DEBIAN, "--secure-boot", "--kernel", "6.1.0-56-cloud-amd64", "--origin=driver=debian"])
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert not [line for line in lines if line != line.rstrip()]


@pytest.mark.parametrize("option", ["--os", "--arch", "--kernel", "--installed", "--jetson"])
def test_terminal_gets_nothing_to_obey(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = "535.1=\x1b]52;c;\u202e\a"
    main([*DEBIAN, option, said])
    told = "".join(capsys.readouterr())
    assert not plain.obeyed(told)


def test_explain_b200_on_ubuntu_says_why_not_and_what_instead(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["explain", "pytorch-2.9", "--os", "ubuntu-24.04", "--gpu", "b200"])
    text = " ".join(capsys.readouterr().out.split())
    assert code == 2
    assert "CUDA 11.8 cannot compile for B200" in text
    assert "Take PyTorch alone" in text
    assert "container" in text


def test_the_command_that_a_refusal_names_leads_to_a_plan(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for os in ("ubuntu-24.04", "debian-12", "debian-13"):
        main(["explain", "pytorch-2.9", "--os", os, "--gpu", "b200", "--json"])
        remedy = json.loads(capsys.readouterr().out)["conflicts"][0]["remedies"][0]
        words = remedy.split("`python -m stacks ")[1].split("`")[0].split()
        assert main(words) == 0, words
        capsys.readouterr()


def test_command_in_a_remedy_of_an_image_is_about_the_image(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["explain", "pytorch-2.9", "--os", "rocky-9", "--gpu", "k80", "--image", "--json"])
    remedy = json.loads(capsys.readouterr().out)["conflicts"][0]["remedies"][0]
    words = remedy.split("`python -m stacks ")[1].split("`")[0].split()
    assert words[:2] == ["explain", "pytorch-2.7-cu118"] and words[-1] == "--image"
    assert main(words) == 0


def test_json_of_a_plan_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DEBIAN, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["verdict"] == "plan"
    assert data["plan"]["driver"]["branch"] == "580"
    assert len(data["plan"]["digest"]) == 64
    assert data["conflicts"] == []


def test_json_of_a_refusal_has_code_remedies_and_source(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "pytorch-2.9", "--os", "debian-12", "--json"]) == 2
    data = json.loads(capsys.readouterr().out)
    assert data["plan"] is None
    (conflict,) = data["conflicts"]
    assert conflict["code"] == "NO-GPU"
    assert conflict["remedies"] and conflict["source"]


def test_gpu_may_be_repeated_and_carry_a_count(capsys: pytest.CaptureFixture[str]) -> None:
    main([*DEBIAN, "--gpu", "l40s:2", "--gpu", "RTX-4090", "--json"])
    gpus = json.loads(capsys.readouterr().out)["host"]["gpus"]
    assert gpus == ["h100", "l40s", "l40s", "rtx4090"]


def test_gpu_is_called_as_it_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", "pytorch-2.9", "--os", "debian-12", "--gpu", "a2:2", "--gpu", "b200"])
    said = capsys.readouterr().out
    assert said.startswith("pytorch-2.9 on Debian 12 (bookworm), x86_64, 2 × A2, B200\n")
    assert "--gpu a2:2 --gpu b200" in said and "A16" not in said


@pytest.mark.parametrize("gpu", ["gh200", "GB300", "GB10 Grace Blackwell"])
def test_gpu_on_a_grace_cpu_tells_the_architecture(
    gpu: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["explain", "pytorch-current", "--os", "ubuntu-24.04", "--gpu", gpu]
    main([*asked, "--json"])
    assert json.loads(capsys.readouterr().out)["host"]["arch"] == "aarch64"
    assert main([*asked, "--arch", "amd64"]) == 2
    said = capsys.readouterr().out
    assert "GPU-ARCH: " in said and "`--arch aarch64`" in said


def test_jetson_linux_may_be_named_as_on_the_board(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for said in ("36.4.7", "R36.4.7", "r36.4.7"):
        assert main(["explain", "jetson-torch-2.9", "--jetson", said]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1] == told[2]


def test_options_reach_the_resolver(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--origin", "cuda=redist", "--origin", "cudnn=redist", "--variant", "cu126"]
    assert main([*DEBIAN, *options, "--python", "3.11", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert plan["cuda"]["origin"] == plan["cudnn"]["origin"] == "redist"
    assert plan["torch"]["variant"] == "cu126"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "a command is missing"),
        (["explane"], "invalid choice: 'explane'"),
        (["explain", "pytorch-2.9"], "--os"),
        (["explain", "pytorch-3", "--os", "debian-12"], 'There is no stack "pytorch-3"'),
        ([*DEBIAN, "--gpu", "h10"], "Did you mean h100"),
        ([*DEBIAN, "--gpu", "ffff"], 'unknown GPU "ffff"'),
        ([*DEBIAN, "--gpu", "h100:zero"], '"zero" is not a count'),
        ([*DEBIAN, "--gpu", "h100:"], '"" is not a count'),
        ([*DEBIAN, "--origin", "cuda"], "expected PART=ORIGIN"),
        ([*DEBIAN, "--origin", "cud=redist"], 'did you mean "cuda"?'),
        ([*DEBIAN, "--origin", "cuda=redits"], 'Did you mean "redist"?'),
        ([*DEBIAN, "--flavour", "opne"], 'Did you mean "open"?'),
        ([*DEBIAN, "--without", "cudaa"], 'Did you mean "cuda"?'),
        ([*DEBIAN, "--containers", "dokcer"], 'Did you mean "docker"?'),
        ([*DEBIAN, "--image", "--image-cuda", "runtim"], 'Did you mean "runtime"?'),
        ([*DEBIAN, "--image-cuda", "devel"], "--image-cuda has no effect without --image"),
        ([*DEBIAN, "--image-base", "debian:13"], "has no effect without --image"),
        ([*DEBIAN, "--docker", "29.4.1"], "--docker has no effect without --containers"),
        ([*DEBIAN, "--native"], "--native has no effect without --containers"),
        (["lock", "pytorch-2.9", "--variant", "cu999"], "has no cu999 build"),
        (["lock", "pytorch-2.9", "--arch", "mips"], "is not built for mips"),
        (["lock", "pytorch-2.7-cu118", "--arch", "sbsa"], "is not built for aarch64"),
        (["lock", "pytorch-2.9", "--python", "2.7"], "not built for Python 2.7"),
    ],
)
def test_bad_arguments_end_with_64_and_a_message(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 64
    said = capsys.readouterr()
    assert words in " ".join(said.err.split())
    assert said.out == ""


def test_stack_file_with_a_mistake_ends_with_64(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.yaml").write_text("summary: mine\ntorhc: null\n")
    assert main(["explain", "mine", "--stacks", str(tmp_path), "--os", "debian-12"]) == 64
    assert 'did you mean "torch"' in " ".join(capsys.readouterr().err.split())


def test_it_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stacks", "list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "pytorch-2.9" in done.stdout


def test_a_closed_pipe_is_no_traceback() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m stacks {' '.join(DEBIAN)} | head -n 0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_container_host_is_explained_with_the_words_that_give_gpus(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*DEBIAN, "--containers"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "docker run --runtime=nvidia -e NVIDIA_VISIBLE_DEVICES=all" in text
    assert "NVIDIA Container Toolkit 1.20.0" in text and "DOCKER-NO-CDI" in text


def test_engines_and_docker_s_origin_are_options(capsys: pytest.CaptureFixture[str]) -> None:
    engines = ["--containers", "podman", "--containers", "docker", "--native"]
    assert main([*DEBIAN, *engines, "--origin", "docker=docker", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert [e["engine"] for e in plan["containers"]["engines"]] == ["podman", "docker"]
    assert plan["containers"]["engines"][1]["origin"] == "docker"
    assert plan["torch"] is not None


def test_container_host_that_cannot_be_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--os", "ubuntu-22.04", "--gpu", "h100", "--containers", "podman"]
    assert main(["explain", "pytorch-2.9", *options]) == 2
    assert "CDI-PODMAN" in capsys.readouterr().out


def test_image_is_explained_with_its_name_and_digest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DEBIAN, "--image"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Image pytorch-cuda:v2.9 of pytorch-2.9, x86_64"
    assert max(len(line) for line in lines if "`" not in line) <= 80  # what is copied stays whole
    assert any(re.fullmatch(r"Digest   [0-9a-f]{12}", line) for line in lines)


def test_json_of_an_image_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DEBIAN, "--image", "--image-cuda", "none", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert plan["cuda"] is None and plan["service"]["locked"] is True
    assert len(plan["digest"]) == 64


def test_image_that_cannot_be_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DEBIAN, "--image", "--image-base", "ours:1"]) == 2
    assert "IMAGE-BASE" in capsys.readouterr().out
    assert main([*DEBIAN, "--image", "--image-base", "ours:1", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["conflicts"][0]["code"] == "IMAGE-BASE"


def test_folder_of_stacks_that_is_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--stacks", "/nonexistent"]) == 64
    assert "/nonexistent" in capsys.readouterr().err


def test_complaint_holds_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*DEBIAN, "--gpu", "h100:\x1b]52;c;aGk=\x07[bold]"]) == 64
    said = capsys.readouterr().err
    assert '"?]52;c;aGk=?[bold]" is not a count' in said
