"""User data and script: whatever host data hold arrives on the host as it was."""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.pull import files, rendered
from tests.plain_shell import assert_plain

ODD = [
    "",
    " ",
    "a b",
    "'",
    '"',
    "$(reboot)",
    "`id`",
    "\\",
    "\\n",
    "END",
    "\nEND\n",
    "#cloud-config",
    "---\n",
    ": {x",
    "- a",
    "| b",
    "> c",
    "%YAML",
    "{{ x }}",
    "{% y %}",
    "!!python/name:os",
    "&a *a",
    "null",
    "yes",
    "1e3",
    "é 日本 \u2028 \U0001f600",
    "\t",
    "a\r\nb",
    "tail \n",
    "\n\n",
    "x" * 5000,
    "\u0085",
    "\ufeff",
    "$HOME",
    "%s %d",
    "';--",
]


def pull(data: dict[str, Any], **more: Any) -> files.Pull:
    return files.Pull(
        place="https://f.example.org/g",
        sha256="0" * 64,
        size=7,
        data=data,
        deploys=("gpu_host",),
        **more,
    )


def arrived(text: str) -> dict[str, bytes]:
    """What cloud-init's write_files makes of a document (its ``encoding: gz+b64`` and none)."""
    found = {}
    for row in yaml.safe_load(text)["write_files"]:
        body = row["content"]
        packed = row.get("encoding") == "gz+b64"
        found[row["path"]] = gzip.decompress(base64.b64decode(body)) if packed else body.encode()
    return found


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("shape", ["value", "key", "list"])
def test_odd_text_arrives_in_user_data(value: str, shape: str) -> None:
    shapes: dict[str, dict[str, Any]] = {
        "value": {"a": value},
        "key": {value: 1},
        "list": {"a": [value, {"b": value}]},
    }
    data = shapes[shape]
    laid = files.laid(pull(data))
    text = rendered.user_data(laid)
    assert text.startswith("#cloud-config\n") and text.isascii()
    assert arrived(text) == {file.path: file.body for file in laid}
    assert json.loads(arrived(text)[f"{files.HERE}/settings.json"])["data"] == data


@settings(max_examples=20, deadline=None)
@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        ),
    )
)
def test_any_data_arrive_in_user_data(data: dict[str, Any]) -> None:
    body = json.dumps(pull(data).settings, indent=1, sort_keys=True).encode("ascii")
    text = rendered.user_data([files.Laid("/x/settings.json", body, 0o600)])
    assert arrived(text) == {"/x/settings.json": body}


def test_script_lays_the_same_bytes_and_is_plain_shell(tmp_path: Path) -> None:
    """Run as it is, with the host's folders put into one of ours and without systemd."""
    odd = pull({"a": ODD}, carried=bytes(range(256)))
    laid = [
        files.Laid(f"{tmp_path}/a 'b'{file.path}", file.body, file.mode)
        for file in files.laid(odd)
        if file.path.startswith("/")
    ]
    text = rendered.script(laid, start=False)
    assert_plain(text)
    bare = re.sub(r"(?m)^systemctl .*$", ":", text).replace('"$(id -u)" = 0', "1 = 1")
    done = subprocess.run(["sh"], input=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for file in laid:
        assert Path(file.path).read_bytes() == file.body
        assert Path(file.path).stat().st_mode & 0o777 == file.mode


def test_script_for_an_image_starts_nothing() -> None:
    laid = files.laid(pull({}))
    assert f"systemctl restart {files.UNIT}" in rendered.script(laid)
    assert "systemctl restart" not in rendered.script(laid, start=False)
    assert f"systemctl enable --quiet {files.UNIT}" in rendered.script(laid, start=False)


@pytest.mark.parametrize(
    ("state", "starts"), [("dead", True), ("exited", True), ("failed", True), ("running", False)]
)
def test_script_starts_what_is_over_and_breaks_no_run_off(
    state: str, starts: bool, tmp_path: Path
) -> None:
    stand_in = tmp_path / "systemctl"
    stand_in.write_text(
        f'#!/bin/sh\necho "$1" >>{tmp_path}/told\n[ "$1" != show ] || echo SubState={state}\n'
    )
    stand_in.chmod(0o755)
    text = rendered.script([]).replace('"$(id -u)" = 0', "1 = 1")
    done = subprocess.run(
        ["sh"],
        input=text,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = (tmp_path / "told").read_text().split()
    assert (done.returncode, "restart" in told) == (0, starts), done.stderr
    assert ("with the settings of before" in done.stdout) is not starts


def test_document_without_an_archive_fits_what_ec2_takes() -> None:
    text = rendered.user_data(files.laid(pull({"stack": "pytorch-2.9", "reboot": "if-needed"})))
    assert rendered.too_long(len(text), rendered.LIMIT, 0) == ""
    # A kilobyte of host data is left.
    assert len(text) < rendered.LIMIT - 1000


def test_document_that_does_not_fit_as_it_reads_is_packed_and_says_the_same() -> None:
    laid = files.laid(pull({"stack": "pytorch-2.9", "labels": [f"rack-{n}" for n in range(300)]}))
    plain = rendered.user_data(laid)
    assert len(plain) > rendered.LIMIT
    packed = rendered.user_data(laid, rendered.LIMIT)
    assert len(packed) <= rendered.LIMIT and arrived(packed) == arrived(plain)
    assert rendered.user_data(laid, len(plain)) == plain


def test_what_does_not_fit_is_said_with_the_way_out() -> None:
    said = rendered.too_long(20000, 16384, 507144)
    assert "20,000 bytes, and 16,384 is the limit: the archive alone has 507,144" in said
    assert "--from" in said and "--limit" in said
    said = rendered.too_long(16385, 16384, 0)
    assert "archive" not in said and "--gzip" in said
    assert rendered.too_long(16384, 16384, 0) == ""
