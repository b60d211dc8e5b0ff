"""Programs that travel to the host: every way they can end has a name."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyinfra.api import FactProcessError

from facts.cuda_call import CudaCall
from facts.nvml import Nvml
from facts.parse import answers
from facts.program import answer, ending, run_program
from facts.runtime import CudaAnswer
from facts.torch import TorchRuntime
from tests.unit.facts.golden_hosts import lines


def shell(command: str) -> list[str]:
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, check=False, encoding="ascii", timeout=120
    )
    return done.stdout.splitlines()


def venv(folder: Path, python: str) -> Path:
    """An environment whose interpreter is a shell script."""
    (folder / "bin").mkdir()
    program = folder / "bin/python"
    program.write_text(f"#!/bin/sh\n{python}\n")
    program.chmod(0o755)
    return folder


def test_host_without_python_gives_the_reason(tmp_path: Path) -> None:
    data, python = answer(shell(run_program("cuda_call", (f"{tmp_path}/none",), 5)), 5)
    assert data["why"] == f"no Python is there: looked for {tmp_path}/none"
    assert python is None


def test_program_killed_by_a_signal_is_named(tmp_path: Path) -> None:
    command = CudaCall().command(str(venv(tmp_path, "kill -SEGV $$")))
    assert CudaCall().process(shell(command)).why == "killed by signal 11: Segmentation fault"


def test_program_that_fails_leaves_its_last_words(tmp_path: Path) -> None:
    command = CudaCall().command(str(venv(tmp_path, "echo 'no room' >&2; exit 3")))
    assert CudaCall().process(shell(command)).why == "exit status 3: no room"


def test_time_out_is_told_with_the_limit() -> None:
    assert ending(124, 60) == "no answer within 60 s"


def test_answer_cut_off_is_an_error_of_this_host_only() -> None:
    for fact in (CudaCall(), TorchRuntime(), Nvml()):
        with pytest.raises(FactProcessError, match="cut off"):
            fact.process(["##gpuwright-note /usr/bin/python3"])


def test_cuda_without_a_driver_library_says_which_file_is_missing() -> None:
    if Path("/proc/driver/nvidia").exists():
        pytest.skip("this machine has a driver")
    seen = CudaCall().process(shell(run_program("cuda_call", (sys.executable,), 30)))
    assert seen.code is None
    assert "libcuda.so.1" in (seen.why or "")
    assert "no CUDA call was possible" in seen.sentence


def test_torch_that_does_not_import_gives_pythons_own_words() -> None:
    if Path(sys.prefix, "lib/python3.11/site-packages/torch").exists():
        pytest.skip("this environment has torch")
    fact = TorchRuntime()
    seen = fact.process(shell(fact.command(sys.prefix)))
    assert seen.why == "ModuleNotFoundError: No module named 'torch'"
    assert seen.venv == sys.prefix


def test_environment_file_that_is_missing_is_the_reason(tmp_path: Path) -> None:
    fact = TorchRuntime()
    seen = fact.process(shell(fact.command(sys.prefix, f"{tmp_path}/env.sh")))
    assert seen.why == f"no environment file {tmp_path}/env.sh"


def test_environment_file_reaches_the_program(tmp_path: Path) -> None:
    env = tmp_path / "it's env.sh"
    env.write_text("export LD_LIBRARY_PATH=/opt/x\n")
    fact = TorchRuntime()
    seen = fact.process(shell(fact.command(sys.prefix, str(env))))
    assert seen.ld_library_path == "/opt/x"


def test_torch_answer_without_gpu_carries_the_real_error() -> None:
    fact = TorchRuntime()
    fact.command("/opt/gpuwright/current")
    seen = fact.process(lines("torch-2.9.1-no-device.txt"))
    assert (seen.version, seen.cuda, seen.cudnn) == ("2.9.1+cu128", "12.8", "9.10.2")
    assert seen.available is False
    assert (seen.driver_code, seen.driver_name) == (100, "CUDA_ERROR_NO_DEVICE")
    assert seen.cuda_error == "RuntimeError: No CUDA GPUs are available"


def test_torch_maps_its_own_cudnn_although_the_environment_file_names_cudnn_8() -> None:
    fact = TorchRuntime()
    seen = fact.process(lines("torch-2.9.1-no-device.txt"))
    assert seen.ld_library_path == "/opt/gpuwright/cudnn-8/lib"
    cudnn = [path for path in seen.mapped if "/libcudnn" in path]
    assert cudnn
    assert all("/site-packages/nvidia/cudnn/lib/" in path for path in cudnn)


def test_real_driver_library_without_a_gpu_answers_no_device() -> None:
    seen = CudaCall().process(lines("cuda-call-no-device.txt"))
    assert (seen.code, seen.call, seen.cuda) == (100, "cuInit", "12.2")
    assert seen.library == "/usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.535.309.01"
    assert seen.why is None
    assert not seen.works


DRIVER = r"""
#include <string.h>
static char card[1 << 20];
int cuDriverGetVersion(int *v) { *v = 12020; return 0; }
int cuInit(unsigned f) { return INIT; }
int cuGetErrorName(int c, const char **s) { *s = "CUDA_ERROR_UNKNOWN"; return c == 0; }
int cuGetErrorString(int c, const char **s) { *s = "unknown error"; return 0; }
int cuDeviceGetCount(int *n) { *n = 1; return 0; }
int cuDeviceGet(int *d, int i) { *d = i; return 0; }
int cuDeviceGetName(char *s, int n, int d) { strcpy(s, "Test Card"); return 0; }
int cuDeviceGetPCIBusId(char *s, int n, int d) { strcpy(s, "0000:17:00.0"); return 0; }
int cuDeviceTotalMem_v2(size_t *n, int d) { *n = (size_t)80 << 30; return 0; }
int cuDeviceGetAttribute(int *v, int a, int d) { *v = a == 75 ? 9 : 0; return 0; }
int cuDevicePrimaryCtxRetain(void **c, int d) { *c = card; return 0; }
int cuDevicePrimaryCtxRelease(int d) { return 0; }
int cuCtxSetCurrent(void *c) { return c != card; }
int cuMemAlloc_v2(unsigned long long *p, size_t n) { *p = (unsigned long long)card; return 0; }
int cuMemFree_v2(unsigned long long p) { return 0; }
int cuMemcpyHtoD_v2(unsigned long long p, const void *s, size_t n) { memcpy(card, s, n); return 0; }
int cuMemcpyDtoH_v2(void *s, unsigned long long p, size_t n) {
  memcpy(s, (void *)p, n); ((char *)s)[n / 2] ^= FLIP; return COPY; }
"""


def call_on(folder: Path, init: int = 0, flip: int = 0, copy: int = 0) -> CudaAnswer:
    """CudaCall against a driver library of ours."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here")
    (folder / "driver.c").write_text(DRIVER)
    values = [f"-DINIT={init}", f"-DFLIP={flip}", f"-DCOPY={copy}"]
    library = ["-shared", "-fPIC", "-o", str(folder / "libcuda.so.1"), str(folder / "driver.c")]
    subprocess.run([compiler, *values, *library], check=True, timeout=60)
    command = run_program("cuda_call", (sys.executable,), 30)
    return CudaCall().process(shell(f"export LD_LIBRARY_PATH={folder}\n{command}"))


def test_device_that_keeps_what_is_written_is_proof(tmp_path: Path) -> None:
    seen = call_on(tmp_path)
    assert seen.works
    (device,) = seen.devices
    assert (device.name, device.pci, device.capability) == ("Test Card", "0000:17:00.0", "9.0")
    assert device.memory_mb == 80 * 1024


def test_one_changed_bit_is_noticed(tmp_path: Path) -> None:
    seen = call_on(tmp_path, flip=1)
    assert seen.devices[0].memory_ok is False
    assert not seen.works


def test_copy_that_fails_names_the_call_and_its_code(tmp_path: Path) -> None:
    seen = call_on(tmp_path, copy=719)
    assert seen.devices[0].error == "cuMemcpyDtoH_v2: 719 CUDA_ERROR_UNKNOWN"
    assert not seen.works


def test_driver_that_does_not_initialise_gives_its_code(tmp_path: Path) -> None:
    seen = call_on(tmp_path, init=999)
    assert (seen.code, seen.call, seen.text) == (999, "cuInit", "unknown error")
    assert seen.sentence == "cuInit answers 999 CUDA_ERROR_UNKNOWN"


def cuda_says(**fields: object) -> list[str]:
    return ["##gpuwright-json " + json.dumps(fields), "##gpuwright-exit 0"]


def test_no_device_is_no_proof() -> None:
    seen = CudaCall().process(cuda_says(code=100, name="CUDA_ERROR_NO_DEVICE", call="cuInit"))
    assert not seen.works
    assert seen.sentence == "cuInit answers 100 CUDA_ERROR_NO_DEVICE"


def test_memory_that_comes_back_different_is_no_proof() -> None:
    device = {"index": 0, "name": "NVIDIA H100", "memory_ok": False}
    seen = CudaCall().process(cuda_says(code=0, count=1, devices=[device]))
    assert not seen.works
    assert seen.sentence == "device 0: memory read back differs"


def test_device_that_refuses_a_call_is_no_proof_and_names_it() -> None:
    device = {"index": 0, "error": "cuMemAlloc_v2: 2 CUDA_ERROR_OUT_OF_MEMORY"}
    seen = CudaCall().process(cuda_says(code=0, count=1, devices=[device]))
    assert not seen.works
    assert "CUDA_ERROR_OUT_OF_MEMORY" in seen.sentence


def test_every_device_that_keeps_its_memory_is_proof() -> None:
    devices = [{"index": i, "name": "NVIDIA H100", "memory_ok": True} for i in (0, 1)]
    seen = CudaCall().process(cuda_says(code=0, count=2, devices=devices))
    assert seen.works
    assert seen.sentence == "cuda-call (2 × memory check: NVIDIA H100, NVIDIA H100)"


@pytest.mark.parametrize(("number", "version"), [(91002, "9.10.2"), (8906, "8.9.6"), (7, None)])
def test_cudnn_number_is_read_in_both_spellings(number: int, version: str | None) -> None:
    assert answers.cudnn_version(number) == version


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
known_keys = st.sampled_from(
    ["code", "devices", "gpus", "driver", "errors", "version", "cudnn", "mapped", "available"]
)


@given(st.dictionaries(known_keys, json_values))
def test_any_json_object_is_read_without_an_exception(data: dict[str, object]) -> None:
    answers.cuda(data, None).to_json()
    answers.torch(data, "/x").to_json()
    answers.nvml(data).to_json()
