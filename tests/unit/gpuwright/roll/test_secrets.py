"""Secrets come from somewhere, and what they are is told nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpuwright.roll.secrets import SecretError, Secrets, looks_like_one, read


def test_secrets_come_from_environment_files_and_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THERE", "of the environment")
    (tmp_path / "a key").write_text("of a file\r\n")
    found = read(
        [
            "ssh_password=env:THERE",
            f"_sudo_password=file:{tmp_path}/a key",
            "LAB_TOKEN=command:printf 'of a %s\\n' command",
        ]
    )
    assert found.data == {"ssh_password": "of the environment", "_sudo_password": "of a file"}
    assert found.environment == {"LAB_TOKEN": "of a command"}
    assert "of a" not in repr(found)
    assert set(found.values) == {"of the environment", "of a file", "of a command"}
    assert read([]) == Secrets()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("hunter2", "say where it is"),
        ("ssh_password=hunter2", "ssh_password=env:VARIABLE"),
        ("ssh_password=vault:x", "ssh_password=file:PATH"),
        ("a b=env:x", "NAME=…"),
        ("a=env:", "a=env:VARIABLE"),
        ("a=env:NOT_SET_ANYWHERE", "no variable NOT_SET_ANYWHERE"),
        ("a=file:/nowhere", "No such file"),
        ("a=file:/dev/null", "nothing that can be used"),
        ("a=command:echo hunter2; exit 3", "exit status 3"),
        ("a=command:printf '\\377'", "is no text"),
        ("a=command:yes | head -c 70000", "no secret"),
    ],
)
def test_secret_that_cannot_be_had_is_told_without_what_it_is(source: str, told: str) -> None:
    with pytest.raises(SecretError) as error:
        read([source])
    assert told in str(error.value)
    assert "hunter2" not in str(error.value)


def test_options_called_as_secrets_are_known() -> None:
    yes = ["--ssh-password", "--ssh-key-password", "api_token", "db_passwd", "SECRET", "x-secrets"]
    assert all(map(looks_like_one, yes))
    assert not any(map(looks_like_one, ["--ssh-user", "tokenizer", "stack", "compass_word", ""]))
