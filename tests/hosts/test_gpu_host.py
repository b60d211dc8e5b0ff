"""The main job, for real: a bare Debian 12 host becomes a GPU host, and stays one.

The tests follow each other on one host: it is installed once.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import hosts
from sandbox.checkout import SOURCE
from sandbox.hosts import HostSpec
from sandbox.mirror.faults import Faults
from stacks.locking import wheels
from tasks.benchmark.metrics import METRICS
from tasks.layout import CURRENT, ENVS
from tests.hosts import carried_out, cu118_index, jetson_index, onlooker, real_torch, runner
from tests.hosts.carried_out import carries_out
from tests.hosts.conftest import NAME, GpuHost
from tests.hosts.lab import Lab, Run
from tests.hosts.poor_index import poor_index

MOST_ROUND_TRIPS = 12
SELF_TEST = f"{CURRENT}/bin/gpuwright-selftest"
STACK = """\
summary: the shipped stack with the patch release of torch before it
cuda: {version: "11.8"}
cudnn: {version: "8.9"}
torch: {version: "2.9.0"}
"""
NO_SILICON = "proof: none (no real GPU in this host"
EXPECTED_SKIPS = {
    f"{NAME}: {reason}"
    for reason in (
        "no driver is loaded",
        "no dnf",
        "its kernel is not held",
        "its plan names no versions",
        "its plan has no Fabric Manager",
        "its plan adds no apt repository",
    )
}


def link(lab: Lab) -> str:
    """Where the stable link leads to."""
    return lab.on_host(f"readlink {CURRENT}")


def environments(lab: Lab) -> dict[str, str]:
    """The complete environments of the host, with the time at which each was completed."""
    mark = ".gpuwright-complete"
    told = lab.on_host(f"cd {ENVS} && stat -c '%n %Y' */{mark}").splitlines()
    return dict(line.replace(f"/{mark}", "").split() for line in told)


def torch_version(lab: Lab) -> str:
    """What the managed environment's torch says of itself."""
    return lab.on_host(f"{CURRENT}/bin/python -I -c 'import torch; print(torch.__version__)'")


# ----------------------------------------------------------------- the first run and the second


def test_first_run_ends_well(gpu_host: GpuHost) -> None:
    assert gpu_host.first.code == 0, gpu_host.first.told
    assert gpu_host.first.failed() == set()


def test_long_step_tells_how_far_it_is_and_for_how_long_it_runs(gpu_host: GpuHost) -> None:
    progress = rf"\[{NAME}\] CUDA 11\.8: \d+ % \w.*, (\d+m)?\d+s"
    assert re.search(progress, gpu_host.first.told), gpu_host.first.told


def test_dry_run_predicts_exactly_what_the_run_changes(gpu_host: GpuHost) -> None:
    assert gpu_host.predicted.code == 0
    assert gpu_host.predicted.predicted() == gpu_host.first.changed()


def test_report_says_ok_and_that_nothing_is_proven_without_silicon(gpu_host: GpuHost) -> None:
    for run in (gpu_host.first, gpu_host.second):
        assert f"{NAME}: verdict OK, {NO_SILICON}" in run.report, run.told
        assert "cuda-call (" not in run.report


def test_second_run_changes_nothing(gpu_host: GpuHost) -> None:
    assert gpu_host.second.code == 0
    assert gpu_host.second.changed() == set()
    assert gpu_host.second.unchanged() == gpu_host.first.changed() | gpu_host.first.unchanged()


def test_dry_run_after_it_predicts_nothing(gpu_host: GpuHost) -> None:
    assert gpu_host.predicted_again.code == 0
    assert gpu_host.predicted_again.predicted() == set()


def test_second_run_takes_few_round_trips(gpu_host: GpuHost) -> None:
    assert 0 < gpu_host.second_sessions <= MOST_ROUND_TRIPS


@carries_out(
    "debian-12",
    live={
        "driver": "535.309.01 proprietary debian",
        "cuda": "11.8 debian compile",
        "cudnn": "8.9.6.50 wheels",
        "torch": "torch-2.9.1-cu128-cp311-x86_64",
    },
)
def test_all_parts_are_carried_out(request: pytest.FixtureRequest, gpu_host: GpuHost) -> None:
    carried_out.shown(request, gpu_host.lab)


def test_nobody_gets_to_see_the_password_of_the_mirror(gpu_host: GpuHost) -> None:
    assert gpu_host.seen.rounds > 100
    assert gpu_host.seen.places == []
    for run in (gpu_host.predicted, gpu_host.first, gpu_host.second):
        assert not [word for word in onlooker.words() if word in run.told + str(run.answer)]


# ----------------------------------------------------------------- is it what the plan says?


def test_acceptance_checks_pass(gpu_host: GpuHost, tmp_path: Path) -> None:
    """With pkg-config and cmake there, so that no check is skipped for want of them."""
    lab = gpu_host.lab
    lab.on_host("DEBIAN_FRONTEND=noninteractive apt-get -qq install cmake pkg-config >/dev/null")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/acceptance", "-q", "-rs", "--tb=short"]
        + ["-p", "no:cacheprovider", "--inventory", str(lab.inventory)],
        cwd=SOURCE,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    skipped = set(re.findall(r"^SKIPPED .*?:\d+: (.*)$", done.stdout, re.MULTILINE))
    assert skipped <= EXPECTED_SKIPS, done.stdout


def test_ordinary_user_runs_the_image_s_self_test(gpu_host: GpuHost) -> None:
    told = gpu_host.lab.on_host(f"runuser -u nobody -- {SELF_TEST}; echo status $?")
    assert "no GPU: gloo on CPU" in told
    assert "gloo all-reduce over 2 processes: right; DDP: loss" in told
    assert told.split()[-1] == "3"


# ----------------------------------------------------------------- what measures, at tiny sizes


def test_measuring_with_the_real_torch_tells_every_value_and_all_results_are_right(
    gpu_host: GpuHost,
) -> None:
    told = real_torch.measured(gpu_host.lab)
    assert (told.torch, told.tiny, told.why) == ("2.9.1+cu128", True, None)
    kinds = {(m.metric, m.how, m.index) for m in told.measures}
    for metric in ("hbm_bandwidth", "h2d_bandwidth", "d2h_bandwidth", "matmul_fp32"):
        wanted = {(metric, how, n) for how in ("alone", "together") for n in (0, 1)}
        assert wanted <= kinds, told
    assert {"allreduce_busbw", "ddp_step"} <= {m.metric for m in told.measures}
    assert all(m.right and m.value for m in told.measures), told


def test_benchmark_with_the_real_torch_tells_every_figure_and_all_results_are_right(
    gpu_host: GpuHost,
) -> None:
    told = real_torch.benched(gpu_host.lab)
    assert (told.faults, told.wrong, told.tiny) == ((), (), True)
    assert set(told.values) | set(told.left_out) == {m.name for m in METRICS}
    assert all(name.startswith(("start_", "import_")) for name in told.left_out)
    assert 0 < told.values["collective_share"] < 1
    assert told.same["torch"] == "2.9.1+cu128" and told.same["wheel torch"]


def test_burn_in_with_the_real_torch_checks_memory_and_products(gpu_host: GpuHost) -> None:
    told = real_torch.burnt(gpu_host.lab)
    assert (told.ended, told.tiny) == ("done", True)
    (device,) = told.devices
    assert device.passes and device.products and device.samples and device.done
    assert device.wrong is None


# ----------------------------------------------------------------- where the user stands


LEFT_BEHIND = """\
printf 'blacklist nvidia\\nsoftdep nvidia pre: vfio-pci\\n' >/etc/modprobe.d/passthrough.conf
mkdir -p /srv/lib && echo >/srv/lib/torch.py
echo 'export PYTHONPATH=/srv/lib' >/etc/profile.d/ours.sh
cp -p /etc/environment /root/environment && echo CUDA_VISIBLE_DEVICES= >>/etc/environment
"""
TAKEN_AWAY = """\
rm -r /etc/modprobe.d/passthrough.conf /etc/profile.d/ours.sh /srv/lib
mv /root/environment /etc/environment
"""


def test_host_that_is_as_planned_and_not_well_is_not_ok(gpu_host: GpuHost) -> None:
    lab = gpu_host.lab
    lab.on_host(LEFT_BEHIND)
    try:
        run = lab.pyinfra("-y")
    finally:
        lab.on_host(TAKEN_AWAY)
    assert run.code == 1
    assert f"{NAME}: verdict CRITICAL" in run.report
    for code in ("D13 (CRITICAL)", "CARD-CLAIMED (WARN)", "USER-TORCH (CRITICAL)", "GPUS-HIDDEN"):
        assert code in run.report
    assert "import torch reads /srv/lib/torch.py" in run.report
    assert "/etc/profile.d/ours.sh" in run.report


def test_environment_that_users_cannot_enter_is_not_ok_until_they_can(gpu_host: GpuHost) -> None:
    lab, env = gpu_host.lab, link(gpu_host.lab)
    lab.on_host(f"chmod 750 {env}/bin")
    try:
        run = lab.pyinfra("-y")
    finally:
        lab.on_host(f"chmod 755 {env}/bin")
    assert run.code == 1
    assert "USER-BLOCKED (CRITICAL)" in run.report
    assert f"an ordinary user may not enter {env}/bin (750 root:root)" in run.report
    again = lab.pyinfra("-y")
    assert (again.code, again.changed()) == (0, {"Verdict"})
    assert f"{NAME}: verdict OK" in again.report


# ----------------------------------------------------------------- another torch, with bad luck


OTHER = "2.9.0"


def kept_its_environment(lab: Lab, run: Run, before: str, *words: str) -> None:
    """The run failed at torch, in plain words, and what is behind the stable link is whole."""
    assert run.code == 1, run.told
    assert "Traceback" not in run.told
    for word in (f"torch {OTHER}+cu128: failed", *words):
        assert word in run.told, run.told
    assert link(lab) == before
    assert Path(before).name in environments(lab)


def test_index_without_a_build_for_this_python_leaves_the_link(
    gpu_host: GpuHost, tmp_path: Path
) -> None:
    lab, before = gpu_host.lab, link(gpu_host.lab)
    with poor_index(lab.host) as address:
        data = runner.host_data(lab.host, torch_version=OTHER, mirrors={"pypi": address})
        run = Lab(lab.host, runner.inventory(tmp_path, **{NAME: data})).pyinfra("-y")
    kept_its_environment(lab, run, before, "only found wheels for `torch`", address)


def test_network_cut_in_the_wheel_download_leaves_the_link(
    gpu_host: GpuHost, tmp_path: Path
) -> None:
    lab, before = gpu_host.lab, link(gpu_host.lab)
    with lab.host.faults(Faults(cut_after=30_000_000)):
        data = runner.host_data(lab.host, torch_version=OTHER)
        run = Lab(lab.host, runner.inventory(tmp_path, **{NAME: data})).pyinfra("-y")
    kept_its_environment(lab, run, before)


# ----------------------------------------------------------------- another torch, and back


@contextlib.contextmanager
def link_watched(lab: Lab) -> Iterator[None]:
    """Fail if the stable link leads to no Python at any look inside the block."""
    script = (
        f"while [ -e /run/watch ]; do [ -x {CURRENT}/bin/python ] || echo gone >>/run/gone; "
        "sleep 0.01; done"
    )
    lab.on_host(f"rm -f /run/gone; touch /run/watch; systemd-run -q --unit=watch sh -c '{script}'")
    try:
        yield
    finally:
        lab.on_host("rm -f /run/watch")
    assert lab.on_host("cat /run/gone 2>/dev/null || true") == ""


@pytest.fixture(scope="module")
def older(gpu_host: GpuHost, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Run, str]:
    """The host after a run with torch 2.9.0: option, run, and the environment that was before.

    It goes on where one was cut off.
    """
    stack = tmp_path_factory.mktemp("stack") / "pytorch-2.9.yaml"
    stack.write_text(STACK)
    before = link(gpu_host.lab)
    option = f"stack={stack}"
    with link_watched(gpu_host.lab):
        run = gpu_host.lab.pyinfra("-y", "--data", option)
    return option, run, before


def test_new_torch_patch_release_gets_an_environment_of_its_own(
    gpu_host: GpuHost, older: tuple[str, Run, str]
) -> None:
    _, run, before = older
    assert run.code == 0, run.told
    assert {"PyTorch environment", "Stable link", "Verdict"} <= run.changed()
    assert link(gpu_host.lab) != before
    assert torch_version(gpu_host.lab).startswith("2.9.0+")


def test_it_touches_neither_driver_nor_toolkit(older: tuple[str, Run, str]) -> None:
    _, run, _ = older
    allowed = {"PyTorch environment begun", "PyTorch environment", "Stable link", "Verdict"}
    assert run.changed() <= {*allowed, "Self-test"}  # its name, and what it compares with


def test_former_environment_is_kept(gpu_host: GpuHost, older: tuple[str, Run, str]) -> None:
    _, _, before = older
    assert Path(before).name in environments(gpu_host.lab)


def test_rollback_goes_back_and_twice_is_no_change(
    gpu_host: GpuHost, older: tuple[str, Run, str]
) -> None:
    option, _, before = older
    words = ("-y", "--data", option, "--data", "rollback=1")
    with link_watched(gpu_host.lab):
        back = gpu_host.lab.pyinfra(*words)
    assert back.code == 0, back.told
    assert back.changed() == {"Stable link", "Verdict"}
    assert link(gpu_host.lab) == before
    assert torch_version(gpu_host.lab).startswith("2.9.1+")
    assert "ROLLED-BACK" in back.report
    told = gpu_host.lab.on_host(f"{SELF_TEST}; echo status $?")
    assert f"note: this is the environment {before}; the plan's own is " in told
    assert told.split()[-1] == "3"
    assert gpu_host.lab.pyinfra(*words).changed() == set()


def test_going_to_and_fro_builds_nothing_again(
    gpu_host: GpuHost, older: tuple[str, Run, str]
) -> None:
    option, _, before = older
    lab, built = gpu_host.lab, environments(gpu_host.lab)
    forward = lab.pyinfra("-y", "--data", option)
    assert forward.changed() == {"Stable link", "Verdict"}
    assert link(lab) != before
    original = lab.pyinfra("-y")
    assert original.changed() == {"Stable link", "Self-test", "Verdict"}
    assert link(lab) == before
    assert environments(lab) == built


# ----------------------------------------------------------------- several hosts


def test_refused_host_does_not_stop_the_others(gpu_host: GpuHost, tmp_path: Path) -> None:
    bare = hosts.up(HostSpec("acceptance-bare"), fresh=True)
    try:
        data = {h.name: runner.host_data(h, stack="pytorch-2.9") for h in (gpu_host.lab.host, bare)}
        own = data[NAME]["mirrors"]  # as in its other runs
        data[NAME]["mirrors"] = {kind: onlooker.with_login(url) for kind, url in own.items()}
        run = Lab(bare, runner.inventory(tmp_path, **data)).pyinfra("-y")
        untouched = not bare.run("test ! -e /opt/gpuwright -a ! -e /var/lib/gpuwright").returncode
    finally:
        bare.down()
    assert run.code == 1
    assert run.failed() == set() and run.changed() == set() and len(run.unchanged()) > 10
    assert run.failed(bare.name) == {"Refused: NO-GPU"}
    assert f"{NAME}: verdict OK" in run.report
    assert f"{bare.name}: verdict REFUSED, proof: none (nothing was changed)" in run.report
    assert untouched


# ----------------------------------------------------------------- CUDA 11.8 and PyTorch as one


def test_index_has_every_wheel_that_the_cu118_lock_takes_from_it() -> None:
    taken = {
        name: text for name, text in cu118_index.shipped().items() if name not in cu118_index.OWN
    }
    options = ["--python-version=3.11", "--python-platform=x86_64-manylinux_2_28"]
    there = wheels.named("".join(taken.values()), options, 300)
    for name, text in taken.items():
        digests = set(re.findall(r"--hash=sha256:(\w+)", text))
        assert digests and digests <= there.keys(), name


def test_stack_that_has_cuda_118_in_its_wheel_takes_the_place_of_the_other(
    gpu_host: GpuHost, tmp_path: Path
) -> None:
    host, before = gpu_host.lab.host, link(gpu_host.lab)
    stack = cu118_index.write(tmp_path)
    with jetson_index.serving(tmp_path / "index", host.mirror_url or "") as address:
        data = runner.host_data(host, stack=str(stack))
        data["mirrors"] = {**data["mirrors"], "pytorch": address}
        lab = Lab(host, runner.inventory(tmp_path, **{NAME: data}))
        first, second = lab.pyinfra("-y"), lab.pyinfra("-y")
    assert first.code == 0 and f"{NAME}: verdict OK" in first.report, first.told
    assert "2.7.1+cu118" in first.report
    assert second.code == 0 and second.changed() == set()
    assert link(lab).startswith(f"{ENVS}/{cu118_index.STACK}-") and link(lab) != before
    code = (
        "import torch as t, torchvision as v; print(t.__version__, t.version.cuda, v.__version__)"
    )
    assert lab.on_host(f"{CURRENT}/bin/python -I -c '{code}'") == "2.7.1+cu118 11.8 0.22.1+cu118"
    assert Path(before).name in environments(lab)
