"""``python -m tasks.workspace``: values in, a file out, or one line of why not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tasks.workspace.__main__ import main


def test_manifest_is_printed_with_the_stack_s_own_tag(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["kubernetes", "--data", "workspace_user=alice", "--data", "workspace_gpus=2"])
    *_, last = yaml.safe_load_all(capsys.readouterr().out)
    container = last["spec"]["template"]["spec"]["containers"][0]
    assert (code, container["image"]) == (0, "pytorch-cuda:v2.9")
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 2


def test_values_come_from_a_file_and_words_win(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "team.yaml").write_text(
        "workspaces: [{user: alice}, {user: bob, port: 8889}]\nworkspace_tag: v1\n"
        "workspace_address: 0.0.0.0\n"
    )
    assert main(["compose", "--values", f"{tmp_path}/team.yaml", "--data", "workspace_tag=v2"]) == 0
    said = capsys.readouterr()
    assert {s["image"] for s in yaml.safe_load(said.out)["services"].values()} == {
        "pytorch-cuda:v2"
    }
    assert "WORKSPACE-OPEN" in said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["kubernetes"], "no workspace is asked for"),
        (["kubernetes", "--data", "workspace_user=alice"], "say a count"),
        (["compose", "--data", "workspace_user=root; x"], '"workspace_user"'),
        (["compose", "--data", "workspace_user"], "NAME=VALUE"),
        (["compose", "--data", "workspace_user=a", "--uid", "0"], "--uid 0"),
        (["compose", "--data", "workspace_user=a", "--storage", "x\n- y"], "--storage"),
        (["compose", "--values", "/nowhere.yaml"], "No such file"),
        (["compose", "--values", "/dev/zero"], "more than"),
        (["compose", "--data", "workspace_user=a", "--data", "stack=none-such"], "none-such"),
        (["compose", "--data", "workspace_usr=a"], 'did you mean "workspace_user"?'),
    ],
)
def test_what_cannot_be_made_is_one_line_and_64(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 64
    found = capsys.readouterr()
    assert found.out == ""
    assert said in found.err and len(found.err.splitlines()) == 1


def test_file_nested_deeper_than_anybody_reads_is_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "deep.yaml").write_text(f"workspace_user: {'[' * 5000}")
    assert main(["compose", "--values", f"{tmp_path}/deep.yaml"]) == 64
    assert "STACK-INVALID" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["foo"], ["compose", "--uid", "x"], ["compose", "--nope"]])
def test_words_that_are_no_command_end_with_64(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 64
    assert capsys.readouterr().err.startswith("usage: python -m tasks.workspace")


def test_only_what_is_asked_for_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compose", "--data", "workspace_user=alice"]) == 0
    assert capsys.readouterr().err == ""


def test_help_shows_commands_on_lines_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "python -m tasks.workspace compose --values team.yaml" in lines
