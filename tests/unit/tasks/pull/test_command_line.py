"""``python -m tasks.pull``: files out, or one line of why not."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from pathlib import Path

import pytest
import yaml

from stacks.catalog.read import load_catalog
from tasks.pull import rendered
from tasks.pull.__main__ import main

BODY = random.Random(1).randbytes(28000)
"""Nothing makes it smaller, as nothing does an archive."""


@pytest.fixture
def archive(tmp_path: Path) -> str:
    (tmp_path / "g.tar.xz").write_bytes(BODY)
    return f"{tmp_path}/g.tar.xz"


def settings(path: Path) -> dict[str, object]:
    rows = yaml.safe_load(path.read_text())["write_files"]
    found = next(row["content"] for row in rows if row["path"].endswith("settings.json"))
    return dict(json.loads(found))


def test_user_data_pin_the_archive_and_carry_the_data(
    archive: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "v.yaml").write_text("stack: pytorch-2.9\nreboot: never\nwithout: [cuda]\n")
    out = tmp_path / "user-data"
    words = ["user-data", "--archive", archive, "--from", "https://f.example.org/g", "--values"]
    assert main([*words, f"{tmp_path}/v.yaml", "--data", "reboot=now", "--out", f"{out}"]) == 0
    found = settings(out)
    assert found["data"] == {"stack": "pytorch-2.9", "reboot": "now", "without": ["cuda"]}
    assert found["archive"] == {
        "from": "https://f.example.org/g",
        "sha256": hashlib.sha256(BODY).hexdigest(),
        "size": 28000,
    }
    assert "SECRET" not in capsys.readouterr().err
    assert out.stat().st_mode & 0o077 == 0


def test_packed_document_is_the_same_one_and_smaller(archive: str, tmp_path: Path) -> None:
    words = ["user-data", "--archive", archive, "--from", "/mnt/g", "--out"]
    assert main([*words, f"{tmp_path}/u"]) == main([*words, f"{tmp_path}/z", "--gzip"]) == 0
    plain, packed = (tmp_path / "u").read_bytes(), (tmp_path / "z").read_bytes()
    assert gzip.decompress(packed) == plain and len(packed) < len(plain) - 2000


def test_reboot_that_nobody_spoke_of_is_allowed_and_said(
    archive: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["user-data", "--archive", archive, "--from", "/mnt/g", "--out", f"{tmp_path}/u"]
    assert main(words) == 0
    assert settings(tmp_path / "u")["data"] == {"reboot": "if-needed"}
    assert "reboot: if-needed" in capsys.readouterr().err


def test_secret_is_warned_of_and_not_told(
    archive: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["script", "--archive", archive, "--carry", "--out", f"{tmp_path}/s"]
    words += ["--data", "proxy=http://u:hunter2@proxy:3128", "--webhook", "https://h/T0/hunter2"]
    assert main(words) == 0
    said = capsys.readouterr().err
    assert said.count("PULL-SECRET") == 2 and "hunter2" not in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--carry"], "the archive alone has 28,000"),
        (["--from", "ftp://x/y"], "--from"),
        (["--from", "https://x/a b"], "--from"),
        (["--from", "/x\n/y"], "--from"),
        (["--from", "/x", "--data", "stack=none-such"], "none-such"),
        (["--from", "/x", "--data", "expected_gpu=h100"], "did you mean"),
        (["--from", "/x", "--data", "expected_gpus=h1000"], "expected_gpus"),
        (["--from", "/x", "--data", "bundle=/srv/b"], "bundle"),
        (["--from", "/x", "--webhook", "mailto:x"], "--webhook"),
        (["--from", "/x", "--verdict-file", "here"], "--verdict-file"),
        (["--from", "/x", "--values", "/dev/zero"], "more than"),
        (["--from", "/x", "--limit", "100"], "100 is the limit"),
    ],
)
def test_what_cannot_be_made_is_one_line_and_64(
    archive: str, words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["user-data", "--archive", archive, "--out", f"{out}", *words]) == 64
    assert said in capsys.readouterr().err.splitlines()[-1]
    assert not out.exists()


def test_set_of_mirrors_is_spelt_out_for_a_host_that_has_no_catalogue_yet(
    archive: str, tmp_path: Path
) -> None:
    words = ["user-data", "--archive", archive, "--from", "/mnt/g", "--out", f"{tmp_path}/u"]
    assert main([*words, "--data", "mirrors=china"]) == 0
    data = settings(tmp_path / "u")["data"]
    assert isinstance(data, dict)
    assert data["mirrors"]["pypi"][0] == "https://pypi.tuna.tsinghua.edu.cn/simple"
    assert data["mirrors"]["pypi"][-1] == "upstream"


@pytest.mark.parametrize("name", sorted(load_catalog().mirrors.sets))
def test_a_set_of_mirrors_leaves_room_for_more_host_data(
    name: str, archive: str, tmp_path: Path
) -> None:
    words = ["user-data", "--archive", archive, "--from", "https://files.example.org/gpuwright"]
    words += ["--data", "stack=pytorch-2.9", "--data", f"mirrors={name}", "--out", f"{tmp_path}/u"]
    assert main(words) == 0
    assert (tmp_path / "u").stat().st_size < rendered.LIMIT - 400
