"""The benchmark's programs: on plain values, and by their own code at tiny sizes where torch is."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from image.programs import benchmark, benchmark_group, benchmark_same, benchmark_work
from tasks.benchmark.metrics import METRICS
from tasks.benchmark.programs import files
from tasks.benchmark.readings import Reading, reading

TORCH = os.environ.get("GPUWRIGHT_TEST_TORCH")
"""A Python that has torch, where this one has not: developers may name one."""
needs_torch = pytest.mark.skipif(
    not TORCH and importlib.util.find_spec("torch") is None,
    reason="no torch in this environment (GPUWRIGHT_TEST_TORCH names a Python that has one)",
)
RECORD = """\
torch/__init__.py,sha256=aaa,12
torch/lib/libtorch.so,sha256=bbb,13
torch/__pycache__/__init__.cpython-311.pyc,,
torch-2.9.1.dist-info/RECORD,,
torch-2.9.1.dist-info/INSTALLER,sha256=uv,2
../../../bin/torchrun,sha256=names-its-folder,200
"""


@pytest.fixture
def laid(tmp_path: Path) -> Path:
    """The programs as a host gets them."""
    for name, text in files().items():
        path = tmp_path / "programs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def ran(laid: Path, *words: str) -> Reading:
    done = subprocess.run(
        [TORCH or sys.executable, "-I", "-B", str(laid / "programs"), *words],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    return reading(done.stdout.splitlines())


@needs_torch
def test_one_run_tells_every_figure_and_all_results_are_right(laid: Path) -> None:
    found = ran(laid, "run", "--volume", str(laid / "volume"), "--cpu", "2", "--same")
    assert (found.faults, found.wrong) == ((), ())
    assert set(found.values) == {m.name for m in METRICS}
    assert 0 < found.values["collective_share"] < 1
    assert found.tiny and found.same["torch"] and found.same["wheel torch"]
    assert found.values["import_warm"] > found.values["start_warm"] > 0


@needs_torch
def test_broken_file_of_the_volume_is_seen(laid: Path) -> None:
    volume = laid / "volume"
    benchmark.made(volume, 4)
    path = volume / "0002.bin"
    path.write_bytes(path.read_bytes()[:-1] + b"\0\0"[:1])
    text = (
        "import torch; from pathlib import Path; from image.programs.benchmark_work import *\n"
        f"[tell(**f) for f in loading(torch, Path({str(volume)!r}))]"
    )
    done = subprocess.run(
        [TORCH or sys.executable, "-c", text],
        cwd=laid / "programs",
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert reading(done.stdout.splitlines()).wrong == ("loading",), done.stderr


def test_volume_is_the_same_each_time_and_knows_its_checksums(tmp_path: Path) -> None:
    for name in ("a", "b"):
        benchmark.made(tmp_path / name, 2)
    first, second = (tmp_path / n / "0001.bin" for n in ("a", "b"))
    data = first.read_bytes()
    assert data == second.read_bytes()
    assert zlib.crc32(data[4:]).to_bytes(4, "big") == data[:4]
    assert first.stat().st_mode & 0o777 == 0o644


def test_wheel_s_digest_is_that_of_its_own_files_alone() -> None:
    own = benchmark_same.digest_of(RECORD)
    other = RECORD.replace("sha256=uv,2", "sha256=pip,3").replace("names-its", "of-another")
    assert own == benchmark_same.digest_of(other)
    assert own != benchmark_same.digest_of(RECORD.replace("bbb", "ccc"))
    assert benchmark_same.digest_of(None) == "no RECORD"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/opt/gpuwright/envs/x", "overlay"),
        ("/volume", "xfs"),
        ("/volume/deep", "xfs"),
        ("/volumes", "overlay"),
        ("/my files/x", "nfs4"),
    ],
)
def test_file_system_is_the_one_that_holds_the_path(path: str, kind: str) -> None:
    mounts = (
        "overlay / overlay rw 0 0",
        "/dev/a /volume ext4 rw 0 0",
        "/dev/b /volume xfs rw 0 0",
        r"srv:/x /my\040files nfs4 rw 0 0",
    )
    assert benchmark_same.kind_of(mounts, path) == kind


def test_least_limit_of_the_cgroups_above_is_told(tmp_path: Path) -> None:
    assert benchmark_same.cgroup("cpu.max", "cpu/cpu.cfs_quota_us", tmp_path) == ""
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert benchmark_same.cgroup("cpu.max", "cpu/cpu.cfs_quota_us", tmp_path) == "no limit"
    (tmp_path / "cpu.max").write_text("200000 100000\n")
    assert benchmark_same.cgroup("cpu.max", "cpu/x", tmp_path) == "200000 100000"


def test_only_what_the_libraries_read_of_the_environment_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NCCL_ALGO", "Ring")
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("MY_NCCL_X", "secret")
    found = benchmark_same.settings()
    assert found["variable NCCL_ALGO"] == "Ring" and "secret" not in str(found)


def test_share_of_nccl_is_its_kernels_by_all_kernels() -> None:
    events = [
        ("ncclDevKernel_AllReduce_Sum_f32", "DeviceType.CUDA", 17.0),
        ("sm90_gemm", "DeviceType.CUDA", 83.0),
        ("nccl:all_reduce", "DeviceType.CPU", 900.0),
    ]
    assert benchmark_group.share_of(events, gpu=True, wall=1.0) == pytest.approx(0.17)
    assert benchmark_group.share_of(events[1:2], gpu=True, wall=1.0) is None
    gloo = [("gloo:all_reduce", "DeviceType.CPU", 20.0), ("aten::mm", "DeviceType.CPU", 70.0)]
    assert benchmark_group.share_of(gloo, gpu=False, wall=100.0) == pytest.approx(0.2)


def test_figures_of_cold_and_warm_starts_have_names_of_their_own() -> None:
    told = json.loads(benchmark._named('{"metric": "start", "value": 1}', "cold"))
    assert told == {"metric": "start_cold", "value": 1}
    assert benchmark._named("no JSON", "cold") == "no JSON"


def test_work_goes_on_for_so_long_and_once_at_least() -> None:
    done: list[int] = []
    count, seconds = benchmark_work.until(lambda: done.append(1), lambda: None, 0.0)
    assert (count, len(done)) == (1, 1) and seconds >= 0


def test_forgetting_files_that_are_not_there_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("kept")
    benchmark_work.forget([tmp_path / "x", tmp_path / "gone"])
    assert (tmp_path / "x").read_text() == "kept"
