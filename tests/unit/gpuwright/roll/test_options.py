"""The command line: what it says is checked before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpuwright.roll.batches import AmountError
from gpuwright.roll.options import Settings, of_data, parser, settings
from gpuwright.roll.secrets import SecretError


def parsed(folder: Path, *words: str) -> Settings:
    (folder / "d.py").touch()
    at = words.index("--") if "--" in words else len(words)
    return settings(parser().parse_args(["d.py", "lab.py", *words[:at]]), words[at + 1 :], folder)


def test_settings_survive_their_file(tmp_path: Path) -> None:
    words = ["--canary", "a, b", "--canary", "c", "--window", "22:00-06:00", "--node", "a=n=1"]
    made = parsed(tmp_path, *words, "--", "--data", "stack=mine", "-v")
    assert made.canary == ["a", "b", "c"] and made.nodes == {"a": "n=1"}
    assert made.options == ["--data", "stack=mine", "-v"]
    assert of_data({**made.as_data(), "later": 1}) == made
    assert of_data({"deploy": "d.py", "folder": str(tmp_path), "at_once": "x"}).at_once == 10


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--batches", "0"], "--batches"),
        (["--fail-share", "2"], "--fail-share"),
        (["--deadline", "soon"], "--deadline"),
        (["--deadline", "0"], "one second at least"),
        (["--gate", "hard"], "--gate hard"),
        (["--at-once", "0"], "--at-once"),
        (["--node", "gpu01"], "--node gpu01: HOST=NODE"),
        (["--window", "22:00-23:00"], "shorter than a host's --deadline 2h"),
        (["--", "--limit", "x"], "--limit of the roll itself"),
        (["--", "--serial"], "--batches 1"),
        (["--", "--dry"], "--plan"),
        (["--", "-y"], "before the --"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, words: list[str], told: str) -> None:
    with pytest.raises(AmountError) as error:
        parsed(tmp_path, *words)
    assert told in str(error.value)


@pytest.mark.parametrize(
    "words",
    [
        ["--ssh-password", "hunter2"],
        ["--ssh-password=hunter2"],
        ["--ssh-key-password", "hunter2"],
        ["--data", "_sudo_password=hunter2"],
        ["--data=api_token=hunter2"],
    ],
)
def test_secret_on_the_command_line_is_refused_and_not_repeated(
    tmp_path: Path, words: list[str]
) -> None:
    with pytest.raises(AmountError) as error:
        parsed(tmp_path, "--", *words)
    assert "=env:VARIABLE" in str(error.value) and "hunter2" not in str(error.value)
    with pytest.raises(SecretError):
        parsed(tmp_path, "--secret", "a=hunter2")


def test_deploy_that_is_not_there_is_told(tmp_path: Path) -> None:
    said = parser().parse_args(["none.py", "lab.py"])
    with pytest.raises(AmountError, match=r"there is no deploy none\.py"):
        settings(said, [], tmp_path)
    with pytest.raises(AmountError, match="name a deploy and an inventory"):
        settings(parser().parse_args(["d.py"]), [], tmp_path)


def test_wrong_option_ends_with_64(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parser().parse_args(["--no-such-option"])
    assert end.value.code == 64
    assert "no-such-option" in capsys.readouterr().err
