"""Toolkits, cuDNN, NCCL, compilers, interpreters, environments, pip's index."""

from tests.unit.facts.probe_text import host


def test_toolkit_of_the_runfile_is_told_by_its_uninstaller() -> None:
    (toolkit,) = host(
        toolkits="@toolkit /usr/local/cuda-11.8\n/usr/local/cuda-11.8/bin/cuda-uninstaller\n"
        '@/usr/local/cuda-11.8/version.json\n{"cuda": {"version": "11.8.0"}}\n'
        "@nvcc /usr/local/cuda-11.8/bin/nvcc\nCuda compilation tools, release 11.8, V11.8.89"
    ).cuda
    assert toolkit.runfile
    assert (toolkit.version, toolkit.nvcc_release) == ("11.8.0", "V11.8.89")


def test_two_toolkits_do_not_mix() -> None:
    one, two = host(
        toolkits="@toolkit /usr/local/cuda-10.2\n@/usr/local/cuda-10.2/version.txt\n"
        "CUDA Version 10.2.89\n@toolkit /usr/local/cuda-12.2"
    ).cuda
    assert (one.version, two.version, two.nvcc) == ("10.2.89", None, None)


def test_cudnn_is_found_by_its_header_and_libraries_under_one_prefix() -> None:
    (cudnn,) = host(
        cudnn_nccl="@macros\n"
        "/opt/gpuwright/cudnn/8.9.6.50-cuda11/include/cudnn_version.h:#define CUDNN_MAJOR 8\n"
        "/opt/gpuwright/cudnn/8.9.6.50-cuda11/include/cudnn_version.h:#define CUDNN_MINOR 9\n"
        "/opt/gpuwright/cudnn/8.9.6.50-cuda11/include/cudnn_version.h:#define CUDNN_PATCHLEVEL 6\n"
        "@libraries\n/opt/gpuwright/cudnn/8.9.6.50-cuda11/lib/libcudnn.so.8"
    ).cudnn
    assert cudnn.path == "/opt/gpuwright/cudnn/8.9.6.50-cuda11"
    assert cudnn.version == "8.9.6"
    assert cudnn.libraries == ("/opt/gpuwright/cudnn/8.9.6.50-cuda11/lib/libcudnn.so.8",)


def test_link_of_the_default_toolkit_does_not_double_its_libraries() -> None:
    state = host(
        cudnn_nccl="@cuda_link\n/usr/local/cuda-11.8\n@libraries\n"
        "/usr/local/cuda/lib64/libcudnn.so.8\n/usr/local/cuda-11.8/lib64/libcudnn.so.8"
    )
    (cudnn,) = state.cudnn
    assert cudnn.libraries == ("/usr/local/cuda-11.8/lib64/libcudnn.so.8",)


def test_nccl_of_the_distribution() -> None:
    (nccl,) = host(
        cudnn_nccl="@macros\n/usr/include/nccl.h:#define NCCL_MAJOR 2\n"
        "/usr/include/nccl.h:#define NCCL_MINOR 16\n/usr/include/nccl.h:#define NCCL_PATCH 5\n"
        "@libraries\n/usr/lib/x86_64-linux-gnu/libnccl.so.2"
    ).nccl
    assert (nccl.path, nccl.version) == ("/usr", "2.16.5")


def test_compilers_of_every_kind_are_told_apart() -> None:
    compilers = host(
        compilers="/usr/bin/gcc-11|11.3.0\n/usr/bin/g++-11|11.3.0\n/usr/bin/clang++-14|14.0.6\n"
        "/usr/bin/gcc-10|"
    ).compilers
    assert [(c.kind, c.version) for c in compilers] == [
        ("gcc", "11.3.0"),
        ("g++", "11.3.0"),
        ("clang++", "14.0.6"),
    ]


def test_interpreter_that_does_not_start_is_left_out() -> None:
    pythons = host(
        pythons="/usr/bin/python3.11|Python 3.11.2\n/usr/bin/python3.9|sh: no such"
    ).pythons
    assert [(p.path, p.version) for p in pythons] == [("/usr/bin/python3.11", "3.11.2")]


VENV = """\
@current
/opt/gpuwright/envs/pytorch-2.9-abc
@venv /opt/gpuwright/envs/pytorch-2.9-abc
/opt/gpuwright/envs/pytorch-2.9-abc/.gpuwright-complete
version_info = 3.11.2
/opt/gpuwright/envs/pytorch-2.9-abc/lib/python3.11/site-packages/torch-2.9.1+cu128.dist-info
/opt/gpuwright/envs/pytorch-2.9-abc/lib/python3.11/site-packages/nvidia_cudnn_cu12-9.10.2.21.dist-info
/opt/gpuwright/envs/pytorch-2.9-abc/lib/python3.11/site-packages/sympy-1.14.0.dist-info
@venv /opt/gpuwright/envs/half
"""


def test_environment_is_read_from_the_names_of_its_dist_info_folders() -> None:
    state = host(venvs=VENV)
    whole, half = state.venvs
    assert state.current_venv == whole.path
    assert (whole.complete, whole.python) == (True, "3.11.2")
    assert whole.packages == {"torch": "2.9.1+cu128", "nvidia-cudnn-cu12": "9.10.2.21"}
    assert not half.complete


def test_pips_own_order_of_configuration_decides_the_index() -> None:
    files = (
        "@/etc/pip.conf\n[global]\nindex-url = https://site.example/simple\n"
        "@/root/.config/pip/pip.conf\n[global]\nindex-url = https://user.example/simple\n"
    )
    assert host(pip=files).pip_index == "https://user.example/simple"
    variable = files + "@PIP_INDEX_URL\nhttps://env.example/simple"
    assert host(pip=variable).pip_index == "https://env.example/simple"


def test_index_with_a_password_is_not_given_away() -> None:
    state = host(pip="@/etc/pip.conf\n[global]\nindex-url = https://HIDDEN@site.example/simple")
    assert state.pip_index is None
    assert "password" in state.unread["pip_index"]


def test_broken_pip_configuration_is_passed_over() -> None:
    assert host(pip="@/etc/pip.conf\nindex-url = no section").pip_index is None
