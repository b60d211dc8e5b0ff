"""Where uv on the host looks for wheels: the mirror, the host's own index, or uv's default."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from uv import find_uv_bin

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.python import uv
from tasks.templates import render
from tests.unit.an_index import serving, wheel
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import plan

MIRROR = "http://mirror.example.org/a path/simple"


def variables(state: HostState, a_plan: Plan) -> dict[str, str]:
    """The variables that the script sets."""
    done = subprocess.run(
        ["sh", "-euc", f"mkdir() {{ :; }}\n{uv.environment(state, a_plan)}\nenv"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return {name: value for name, value in found.items() if name.startswith("UV_")}


def with_torch(**changes: str | None) -> Plan:
    """The plan with other places for torch."""
    torch = plan().torch
    assert torch is not None
    return replace(plan(), torch=replace(torch, **changes))  # type: ignore[arg-type]


def test_host_without_any_index_takes_uvs_default() -> None:
    state = replace(a_host.bare(), pip_index=None)
    assert "UV_DEFAULT_INDEX" not in variables(state, plan())


def test_hosts_own_pip_configuration_names_the_index() -> None:
    found = variables(a_host.bare(), plan())
    assert found["UV_DEFAULT_INDEX"] == a_host.bare().pip_index


def test_mirror_of_the_host_data_goes_before_it() -> None:
    found = variables(a_host.bare(), with_torch(default_index=MIRROR))
    assert found["UV_DEFAULT_INDEX"] == MIRROR
    assert "UV_INDEX" not in found


def test_torchs_own_index_is_asked_beside_the_default_one() -> None:
    own = "https://download.pytorch.org/whl/cu126"
    found = variables(a_host.bare(), with_torch(index=own))
    assert found["UV_INDEX"] == own
    assert found["UV_DEFAULT_INDEX"] == a_host.bare().pip_index


def test_uv_neither_downloads_pythons_nor_reads_the_hosts_configuration() -> None:
    found = variables(a_host.bare(), plan())
    assert (found["UV_PYTHON_DOWNLOADS"], found["UV_NO_CONFIG"]) == ("never", "1")


def test_uv_for_another_architecture_is_not_taken_from_a_mirror_that_forges_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = importlib.metadata.version("uv")
    file = f"uv-{version}-py3-none-manylinux_2_28_aarch64.whl"
    assert file in uv.LOCK.read_text()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    with serving(tmp_path / "index") as index:
        index.put_files("uv", {file: wheel("uv", files={"bin/uv": "forged"})})
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.address)
        with pytest.raises(RuntimeError, match="for aarch64 cannot be fetched"):
            uv.local_binary.__wrapped__("aarch64")
    assert not list(tmp_path.rglob("bin/uv"))


def test_uv_of_a_version_without_digests_is_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "uv.txt").write_text("uv==0.1 \\\n    --hash=sha256:0\n")
    monkeypatch.setattr(uv, "LOCK", tmp_path / "uv.txt")
    with pytest.raises(RuntimeError, match="digests of another version"):
        uv.local_binary.__wrapped__("aarch64")


@pytest.mark.parametrize("spoil", ["cut", "gone", "other", ""])
def test_uv_that_is_not_the_one_that_was_sent_is_not_run(
    spoil: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local, there = tmp_path / "local", tmp_path / "there"
    local.write_bytes(b"a program")
    there.write_bytes({"cut": b"a prog", "other": b"A program"}.get(spoil, b"a program"))
    if spoil == "gone":
        there.unlink()
    (tmp_path / "there.sha256").touch()
    monkeypatch.setattr(uv, "local_binary", lambda _: local)
    monkeypatch.setattr(uv, "remote_path", lambda _: str(there))
    done = subprocess.run(["sh", "-euc", uv.whole(a_host.bare()) + "echo runs"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert ("runs" in done.stdout, done.returncode) == ((True, 0) if not spoil else (False, 1))
    assert (tmp_path / "there.sha256").exists() is not bool(spoil)


def test_uv_that_never_comes_is_waited_for_no_longer_than_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hanging(*_: object, timeout: float, **__: object) -> None:
        raise subprocess.TimeoutExpired("uv", timeout)

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(uv.subprocess, "run", hanging)
    with pytest.raises(RuntimeError, match="no end within 600 s"):
        uv.local_binary.__wrapped__("aarch64")


def test_flat_listing_is_no_index_to_uv() -> None:
    found = variables(a_host.bare(), with_torch(index="flat+http://mirror.example.org/whl/cu126"))
    assert found["UV_FIND_LINKS"] == "http://mirror.example.org/whl/cu126/"
    assert "UV_INDEX" not in found


def installed(folder: Path, first: str, ways: tuple[tuple[str, str], ...], lock: str) -> str:
    """What the real uv says, from this index and then in these ways; it must end well."""
    (folder / "lock.txt").write_text(lock)
    state = replace(a_host.bare(), pip_index=None)
    script = uv.environment(state, with_torch(default_index=first, index=first), ways)
    script = script.replace(uv.CACHE, str(folder / "cache"))
    call = f"install_wheels {find_uv_bin()} {sys.executable} lock.txt --target={folder}/there"
    done = subprocess.run(
        [
            "sh",
            "-euc",
            f"sleep() {{ :; }}\n{script}\nexport UV_HTTP_RETRIES=0 UV_HTTP_TIMEOUT=2\n"
            f"{render('install_wheels.sh.j2', ways=ways)}\n{call}",
        ],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "no_proxy": "*"},
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_wheels_go_on_with_the_next_mirror_where_one_is_dead_or_gives_other_bytes(
    tmp_path: Path,
) -> None:
    dead = "http://127.0.0.1:9/simple"
    with serving(tmp_path / "forged") as forged, serving(tmp_path / "good") as good:
        text = good.put("mpmath", "py3-none-any")
        forged.put_files(
            "mpmath", {"mpmath-1.0-py3-none-any.whl": wheel("mpmath", files={"x": ""})}
        )
        said = installed(
            tmp_path, dead, ((forged.address, forged.address), (good.address, good.address)), text
        )
    assert f"next is {forged.address}" in said and f"next is {good.address}" in said
    assert "hash" in said.lower(), "of the forged one, in uv's own words"
    assert (tmp_path / "there/mpmath-1.0.dist-info").exists()
    assert not (tmp_path / "there/x").exists()


def test_flat_listing_gives_wheels_to_the_real_uv(tmp_path: Path) -> None:
    with serving(tmp_path / "empty") as empty, serving(tmp_path / "flat") as flat:
        text = flat.put("mpmath", "py3-none-any")
        place = flat.address.removesuffix("/simple")
        ways = ((empty.address, f"flat+{place}"),)
        installed(tmp_path, empty.address, ways, text)
    assert (tmp_path / "there/mpmath-1.0.dist-info").exists()


def test_login_of_a_way_is_in_no_message() -> None:
    ways = (("http://ana:hunter2@m.example.org/simple", ""),)
    text = uv.environment(a_host.bare(), plan(), ways)
    told = [line for line in text.splitlines() if "echo" in line]
    assert told and "hunter2" not in "".join(told)
