"""What is not ours: strangers' sources and settings, and hosts that are not as they should be.

Bare Debian 12 hosts that are asked and refused, and one that runs a single step of ours.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sandbox import hosts, pcibus
from sandbox.hosts import HostSpec, SandboxHost
from tests.hosts import runner
from tests.hosts.able import needs_hosts
from tests.hosts.runner import Outcome, untouched

pytestmark = needs_hosts()

PLAN = "deploys/plan.py"
DEAD = "deb http://127.0.0.1:9/tools bookworm main"
"""Component and codename as Debian's, and nobody who answers."""


@pytest.fixture(scope="module")
def host() -> Iterator[SandboxHost]:
    """A bare host with one H100."""
    made = hosts.up(HostSpec("not-ours", gpus=pcibus.parse_gpus(["h100"])), fresh=True)
    yield made
    made.down()


@contextlib.contextmanager
def so(host: SandboxHost, make: str, undo: str) -> Iterator[None]:
    """The host is so for a while."""
    done = host.run(make)
    assert done.returncode == 0, done.stderr
    try:
        yield
    finally:
        host.run(undo)


@contextlib.contextmanager
def file(host: SandboxHost, path: str, text: str) -> Iterator[None]:
    """The host has this file for a while."""
    with so(host, f"mkdir -p $(dirname {path}); cat >{path} <<'END'\n{text}\nEND", f"rm -f {path}"):
        yield


def planned(host: SandboxHost, folder: Path, **data: Any) -> tuple[int, dict[str, Any]]:
    """Exit status of the plan, and what it says of the host; nothing is touched."""
    with untouched(host):
        outcome = runner.run(host, folder, "--data", "format=json", deploy=PLAN, **data)
    assert "Traceback" not in outcome.said
    found = [line for line in outcome.said.splitlines() if line.startswith('{"verdict"')]
    assert found, outcome.said
    (of_host,) = json.loads(found[0])["hosts"].values()
    return outcome.code, of_host


def conflicts(told: dict[str, Any]) -> dict[str, str]:
    """Code to the whole text of each conflict."""
    return {c["code"]: f"{c['what']} {c['why']} {c['remedies']}" for c in told["conflicts"]}


def notices(told: dict[str, Any]) -> dict[str, str]:
    """Code to the text of each notice."""
    return {n["code"]: f"{n['what']} {n['why']}" for n in told["plan"]["notices"]}


def test_dead_source_of_somebody_is_told_and_the_plan_stands(
    host: SandboxHost, tmp_path: Path
) -> None:
    with file(host, "/etc/apt/sources.list.d/tools.list", f"# tools\n{DEAD}"):
        code, told = planned(host, tmp_path)
    assert code == 0, told
    said = notices(told)["SOURCE-DEAD"]
    assert "/etc/apt/sources.list.d/tools.list:2" in said
    assert "502" in said, "the sandbox's own mirror is the host's proxy, and says so"


@pytest.mark.parametrize(
    ("path", "text", "code", "words"),
    [
        (
            "/etc/apt/apt.conf.d/10release",
            '// old\nAPT::Default-Release "trixie";',
            "APT-DEFAULT-RELEASE",
            ("/etc/apt/apt.conf.d/10release:2", "trixie"),
        ),
        (
            "/etc/apt/preferences.d/no-compilers",
            "Package: gcc-* g++-*\nPin: release *\nPin-Priority: -1",
            "APT-PIN",
            ("/etc/apt/preferences.d/no-compilers:1",),
        ),
        (
            "/etc/apt/preferences.d/half",
            "# x\nPackage: *\nPin: origin mirror.example.org",
            "APT-PREFERENCES",
            ("/etc/apt/preferences.d/half:2", "Pin-Priority"),
        ),
    ],
    ids=["default release", "pin", "no priority"],
)
def test_setting_of_apt_in_the_way_is_refused_with_file_and_line(
    host: SandboxHost, tmp_path: Path, path: str, text: str, code: str, words: tuple[str, ...]
) -> None:
    with file(host, path, text):
        status, told = planned(host, tmp_path)
    assert status == 2
    assert list(conflicts(told)) == [code]
    for word in words:
        assert word in conflicts(told)[code]


@pytest.mark.parametrize(
    ("make", "undo", "words"),
    [
        ("mount -t tmpfs -o ro x /tmp", "umount /tmp", "read-only"),
        ("mount -t tmpfs -o mode=755 x /tmp", "umount /tmp", "755"),
        (
            "mount -t tmpfs -o size=4m,mode=1777 x /tmp && ! dd if=/dev/zero of=/tmp/x bs=1M",
            "umount /tmp",
            "0 MiB are free",
        ),
    ],
    ids=["read-only", "mode", "full"],
)
def test_tmp_that_nothing_can_use_is_refused(
    host: SandboxHost, tmp_path: Path, make: str, undo: str, words: str
) -> None:
    with so(host, make, undo):
        status, told = planned(host, tmp_path)
    assert status == 2
    assert words in conflicts(told)["TMP-UNUSABLE"]


def test_clock_that_is_wrong_by_years_is_told_with_both_times(
    host: SandboxHost, tmp_path: Path
) -> None:
    shim = '#!/bin/sh\n[ "$1" = +%s ] && echo 915148800 && exit\nexec /usr/bin/date "$@"'
    with so(
        host,
        f"cat >/usr/local/bin/date <<'END'\n{shim}\nEND\nchmod 755 /usr/local/bin/date",
        "rm /usr/local/bin/date",
    ):
        status, told = planned(host, tmp_path)
    assert status == 2
    assert "1999-01-01" in conflicts(told)["CLOCK-WRONG"]
    assert time.strftime("%Y-%m-%d", time.gmtime()) in conflicts(told)["CLOCK-WRONG"]


def test_settings_of_all_logins_are_told_with_their_lines(
    host: SandboxHost, tmp_path: Path
) -> None:
    with (
        file(host, "/etc/profile.d/theirs.sh", "# x\nexport PYTHONPATH=/srv/lib UV_INDEX=x"),
        file(host, "/etc/apt/apt.conf.d/zz-theirs", 'Acquire::https::Proxy "http://127.0.0.1:9";'),
    ):
        code, told = planned(host, tmp_path)
    assert code == 0, told
    assert "/etc/profile.d/theirs.sh:2 PYTHONPATH" in notices(told)["USER-SETTING"]
    assert "/etc/apt/apt.conf.d/zz-theirs:1" in notices(told)["PROXY-APT-ONLY"]


class Proxy(http.server.BaseHTTPRequestHandler):
    """A proxy that keeps what it was asked for, and serves none of it."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Proxy-Authorization", "")))
        self.send_error(503, "not today")

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def proxy(host: SandboxHost) -> Iterator[str]:
    """``address:port`` of a proxy that the host reaches."""
    gateway = host.run("ip -4 route show default | awk '{ print $3 }'").stdout.strip()
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Proxy.asked.clear()
    yield f"{gateway}:{server.server_port}"
    server.shutdown()


def test_proxy_of_host_data_wins_over_apts_own_and_its_password_is_told_to_nobody(
    host: SandboxHost, tmp_path: Path, proxy: str
) -> None:
    with file(host, "/etc/apt/apt.conf.d/zz-theirs", 'Acquire::http::Proxy "http://127.0.0.1:9";'):
        status, told = planned(host, tmp_path, proxy=f"http://me:s3cret@{proxy}")
    assert status == 2
    assert "503" in conflicts(told)["ARCHIVE-UNREACHABLE"]
    assert any("InRelease" in path for path, _ in Proxy.asked)
    assert all(login.startswith("Basic ") for _, login in Proxy.asked)
    assert "s3cret" not in json.dumps(told) + runner.said(tmp_path)
    mode = host.run("stat -c %a /run/gpuwright /run/gpuwright/surroundings").stdout.split()
    assert mode == ["755", "600"]


def test_run_goes_on_without_strangers_and_leaves_their_archives_alone(
    host: SandboxHost, tmp_path: Path
) -> None:
    """One dead source, one of somebody with component ``main`` and Debian's codename."""
    make = (
        "mkdir -p /srv/tools/dists/bookworm/main/binary-amd64 && cd /srv/tools/dists/bookworm && "
        ": >main/binary-amd64/Packages && printf '%s\\n' 'Origin: Company' 'Codename: bookworm' "
        "'Components: main' 'Date: Thu, 01 Jan 2026 00:00:00 UTC' 'SHA256:' "
        "' e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 "
        "main/binary-amd64/Packages' >Release"
    )
    assert host.run(make).returncode == 0
    (deploy := tmp_path / "refresh.py").write_text(REFRESH)
    with file(
        host,
        "/etc/apt/sources.list.d/tools.list",
        f"{DEAD}\ndeb [trusted=yes] file:/srv/tools bookworm main",
    ):
        assert host.run("apt-get -q update").returncode in (0, 100)
        outcome: Outcome = runner.run(host, tmp_path, deploy=str(deploy))
        ours = host.run("cat /etc/apt/sources.list.d/gpuwright-components.sources").stdout
        log = host.run("cat /var/lib/gpuwright/jobs/lists/log").stdout
        ended = host.run("cat /var/lib/gpuwright/jobs/lists/exit").stdout.strip()
    assert ended.split()[0] == "0", outcome.said + log
    assert "contrib" in ours
    assert "file:" not in ours and "rusted" not in ours and "127.0.0.1:9" not in ours
    assert "nothing is taken from it: http://127.0.0.1:9/tools bookworm" in log


REFRESH = """
from tasks.host import plans
from tasks.packages import apt
from tasks.repositories import components
from tasks.steps import job
from tasks.steps.step import step

plan = plans.for_this_host()


@step
def read(plan):
    yield job.complete(job.Job("lists", "package lists", apt.refresh()))


if plan is not None:
    components.components(plan=plan, name="Archive components")
    read(plan=plan, name="Package lists")
"""


HANDMADE = r"""
set -e
for f in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  [ ! -f "$f" ] || sed -E -i -e '/^deb /s/ main.*/ main contrib non-free non-free-firmware/' \
    -e 's/^Components:.*/Components: main contrib non-free non-free-firmware/' "$f"
done
apt-get -q update
apt-get -q -y install --no-install-recommends libcuda1 nvidia-smi
apt-mark hold libcuda1
mkdir -p /usr/local/cuda-12.4/bin /usr/local/cuda-12.4/include
echo 'CUDA Version 12.4.1' >/usr/local/cuda-12.4/version.txt
cd /usr/local/cuda-12.4/bin
printf '#!/bin/sh\necho "Cuda compilation tools, release 12.4, V12.4.131"\n' >nvcc
printf '#!/bin/sh\n' >cuda-uninstaller
chmod 755 nvcc cuda-uninstaller; cd /
site() { mkdir -p "$1/lib/python$2/site-packages/torch-$3.dist-info"; }
site /opt/ml 3.11 2.9.1+cu128; echo 'version = 3.11.2' >/opt/ml/pyvenv.cfg
site /home/ana/miniconda3/envs/x 3.12 2.5.1
mkdir -p /home/ana/miniconda3/envs/x/conda-meta
: >/home/ana/miniconda3/envs/x/conda-meta/pytorch-2.5.1-py3.12_cuda12.4_cudnn9.1.0_0.json
site /root/src/.venv 3.11 2.9.0a0+git1234567; : >/root/src/.venv/pyvenv.cfg
printf 'NCCL_IB_DISABLE=1\nNCCL_SOCKET_IFNAME=$(reboot)\n' >/etc/nccl.conf
printf '[global]\nindex-url = http://me:s3cret@mirror.example.org/simple\n' >/etc/pip.conf
"""
"""Debian's own driver without its modules; toolkit and PyTorch are stand-ins: folders and names."""


def test_host_made_by_hand_becomes_a_stack_and_host_data_and_stays_as_it_is(
    host: SandboxHost, tmp_path: Path
) -> None:
    """The last test of this host: it is another one afterwards."""
    done = host.run(HANDMADE)
    assert done.returncode == 0, done.stdout + done.stderr
    words = ("--data", "format=json", "--data", f"adopt_folder={tmp_path / 'lab'}")

    def adopted() -> tuple[int, dict[str, Any]]:
        with untouched(host):
            outcome = runner.run(host, tmp_path, *words, deploy="deploys/adopt.py")
        assert "s3cret" not in outcome.said
        found = [line for line in outcome.said.splitlines() if line.startswith('{"verdict"')]
        assert found, outcome.said
        (told,) = json.loads(found[0])["hosts"].values()
        return outcome.code, told

    code, told = adopted()
    assert code == 1, told
    stack, group = (Path(path).read_text() for path in told["files"])
    assert "branch: '535'" in stack and "origin: debian" in stack and "variant: cu128" in stack
    assert "cuda:" not in stack
    assert "nccl = {'NCCL_IB_DISABLE': '1'}" in group and "expected_gpus = ['h100:1']" in group
    assert "s3cret" not in stack + group and "reboot" not in group
    left = {one["what"]: one["why"] for one in told["left"]}
    assert "CUDA-VERSION" in left["CUDA 12.4 (runfile) in /usr/local/cuda-12.4"]
    assert any("a conda environment, /home/ana/miniconda3/envs/x" in what for what in left)
    assert any("/root/src/.venv" in what for what in left)
    assert any("password" in why for why in left.values()), left
    assert told["differences"] == []

    again, same = adopted()
    assert (again, {*same["files"].values()}) == (1, {"unchanged"})

    # The files in use: the host is planned with them, and is like itself.
    code, plan = planned(host, tmp_path, like=host.name, stack=next(iter(told["files"])))
    assert code == 0, plan
    assert plan["plan"]["torch"]["variant"] == "cu128" and plan["plan"]["cuda"] is None
