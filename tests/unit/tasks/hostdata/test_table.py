"""The table of host data, held against the code that reads them."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stacks.requests import REQUESTS
from tasks.host import resolution
from tasks.hostdata import table
from tasks.hostdata.everything import everything
from tasks.python import locks
from tests.host_data_page import page
from tests.unit.tasks.a_workspace import KEY

WRONG: Mapping[str, Any] = {
    "stack": 29,
    "expected_gpus": "h1000",
    "gpu_like": "h1000",
    "mirrors": {"pip": "https://mirror.example.org"},
    "fingerprints": {"nvidia": ["3BF863CC"]},
    "without": "cudda",
    "nccl": {"NCCL_IB_DISABLE": "yes"},
    "rollback": "one",
    "lock_wait": -1,
    "answer_wait": 0,
    "silence_wait": "long",
    "job_limit": 4,
    "driver_branch": 580.1,
    "driver_version": 580,
    "secure_boot": "no",
    "driver_flavour": "opn",
    "driver_origin": "debain",
    "cuda_origin": "nvidai",
    "cuda_purpose": "compiling",
    "cudnn_origin": "wheel",
    "cudnn_version": 8.9,
    "torch_version": 2.9,
    "torch_variant": 128,
    "torch_python": 3.11,
    "torch_index": "pypy",
    "torch_companions": 2,
    "container_engines": ["dokcer"],
    "container_injection": "cdl",
    "docker_origin": "dokcer",
    "docker_version": 29,
    "toolkit_version": 1.2,
    "with_native": "yes",
    "docker_users": ["Ana; reboot"],
    "docker_registry_mirrors": ["https://mirror.example.org/v2"],
    "docker_proxy": "proxy:3128",
    "proxy": "proxy:3128",
    "no_proxy": ["a;b"],
    "docker_no_proxy": ["a;b"],
    "docker_default_runtime": "runc",
    "docker_restart": "maybe",
    "docker_rootless": "root",
    "proof_image": "-v /:/host image",
    "kernel_policy": "Hold",
    "textfile_folder": "metrics",
    "level": "burnin",
    "verify_skip": ["nvlinc"],
    "verify_junit": 7,
    "verify_limit": 5,
    "burn_in": 8,
    "on_fail": "drain 'gpu",
    "on_pass": {"drain": "gpu"},
    "gate": "burn-in",
    "gate_age": "soon",
    "against": ["gpu02"],
    "benchmark_runs": 4,
    "benchmark_cpu": 9,
    "benchmark_skip": ["start", "model"],
    "benchmark_to": 7,
    "benchmark_keep": "yes",
    "anyway": True,
    "report_folder": 1,
    "report_history": 1,
    "report_keep": -1,
    "report_group": ["a"],
    "report_sbom": "yes",
    "from": 1,
    "exit": "drift",
    "format": "yaml",
    "like": ["gpu01"],
    "adopt_folder": 1,
    "reboot": "yes",
    "reboot_wait": "long",
    "canary": 1,
    "batch": 0,
    "fail_share": 2,
    "also": "driver",
    "image_base": 22,
    "image_os": 12,
    "image_cuda": "full",
    "image_apt": ["http://mirror.example.org bookworm main"],
    "bundle_for": "gpu_hosts",
    "bundle_at": "ftp://192.0.2.1/bundle",
    "bundle_key": "3BF863CC",
    "bundle": ["/srv/bundle"],
    "image_from": "magic",
    "image_tar": "/nowhere/image.tar.zst",
    "image_save": "image.tar.zst",
    "image_registry": "https://registry.example.org",
    "image_push": "yes",
    "image_uid": 0,
    "workspaces": "alice",
    "workspaces_absent": "../x",
    "workspace_user": "../etc",
    "workspace_port": 80,
    "workspace_address": "localhost",
    "workspace_code": "code",
    "workspace_gpus": "one",
    "workspace_shm": "8 GB",
    "workspace_memlock": "none",
    "workspace_memory": "0g",
    "workspace_cpus": "many",
    "workspace_ssh_key": "/no/such/file",
    "workspace_ssh_port": 70000,
    "workspace_tensorboard_port": True,
    "workspace_image": "Pytorch Cuda",
    "workspace_tag": "-v",
}


class Recorder:
    """Host data that keep what they were asked for."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said, self.asked = said, set[str]()

    def get(self, key: str, default: Any = None, /) -> Any:
        self.asked.add(key)
        return self.said.get(key, default)


def read(said: Mapping[str, Any]) -> tuple[set[str], tuple[Any, ...]]:
    """Everything that deploys read: the keys they asked for, and what they took them for."""
    data = Recorder(said)
    values = (
        *everything(data, resolution.catalog(), "pytorch-cuda", "v2.9"),
        # Which requests were said is for remedies alone.
        replace(resolution.stack_of(data), said=()),
        replace(resolution.stack_of(data, containers=True), said=()),
        locks.own_folder(data),
    )
    return data.asked, values


def beside(key: str) -> dict[str, Any]:
    """What must be said beside this key."""
    owner = {"workspace_user": "alice"} if key.startswith("workspace_") else {}
    found: dict[str, Any] = ast.literal_eval(table.rows()[key].beside)
    return {**owner, **found}


def test_page_is_made_from_the_table_of_today() -> None:
    assert Path("docs/host-data.md").read_text() == page()


def test_rows_are_all_that_is_read_and_no_others() -> None:
    asked, _ = read({})
    assert asked == set(table.rows())


@pytest.mark.parametrize("key", table.rows())
def test_example_is_accepted_and_means_something(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in {"keys/alice.pub": KEY, "images/pytorch-cuda.tar.zst": ""}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    example = ast.literal_eval(table.rows()[key].example)
    taken = read({**beside(key), key: example})[1]
    assert taken != read({k: v for k, v in beside(key).items() if k != key})[1]


@pytest.mark.parametrize("key", table.rows())
def test_wrong_value_is_refused_with_the_key_s_name(key: str) -> None:
    with pytest.raises(ValueError, match=rf'"{key}\b'):
        read({**beside(key), key: WRONG[key]})


@pytest.mark.parametrize(
    ("key", "default"),
    [
        (key, ast.literal_eval(row.default.strip("`")))
        for key, row in table.rows().items()
        if re.fullmatch(r"`[^`]*`", row.default)
    ],
)
def test_default_is_what_counts_where_nothing_is_said(key: str, default: Any) -> None:
    assert read({**beside(key), key: default})[1] == read(beside(key))[1]


@pytest.mark.parametrize("key", sorted(set(table.rows()) - set(REQUESTS)))
def test_empty_text_says_nothing(key: str) -> None:
    assert read({key: ""})[1] == read({})[1]


def test_deploys_are_those_whose_own_words_name_the_key() -> None:
    for path in Path("deploys").glob("*.py"):
        words = ast.get_docstring(ast.parse(path.read_text())) or ""
        named = {w for w in re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", words) if w in table.rows()}
        for key in {w for w in named if f"``{w}``" in words}:
            assert path.stem in table.rows()[key].deploys, (path, key)


def test_deploys_of_every_row_are_there() -> None:
    stems = {path.stem for path in Path("deploys").glob("*.py")}
    for key, row in table.rows().items():
        assert row.deploys and set(row.deploys) <= stems, key
