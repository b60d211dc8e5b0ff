"""A machine that provisions itself: Debian's cloud-init, a NoCloud seed, and nobody who logs in.

The network is late, and another program holds apt's lock while it boots. cloud-init, systemd, apt
and pip are real; the driver is the double's stand-in.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from sandbox import hosts
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import HostSpec, SandboxHost
from tasks.pull import __main__ as command
from tasks.pull import rendered
from tasks.pull.files import Pull, laid
from tasks.pull.onhost.files import HERE, OWN_DATA, STATE
from tests.hosts import nvidia_rows, runner
from tests.hosts.able import needs_hosts
from tests.hosts.lab import Lab

pytestmark = needs_hosts()

NAME = "born"
SEED = "var/lib/cloud/seed/nocloud"
LATE_S, LIMIT_S = 8, 600
UNIT = "gpuwright-pull.service"
NO_ROUTE = """\
[Unit]
DefaultDependencies=no
Before=network-pre.target
[Service]
ExecStart=/bin/sh /srv/no-route
[Install]
WantedBy=sysinit.target
"""
LATE = """\
for change in add del; do
    for port in {ports}; do
        ip rule $change to {gateway} ipproto tcp dport $port unreachable pref 10
    done
    [ $change = del ] || until systemctl -q is-active {unit}; do sleep 0.5; done
    [ $change = del ] || sleep {late}
done
"""
"""No way to the servers until the unit has run for a while; ssh goes on."""
OURS = """\
# The sandbox gives the host its address and its keys; it has no locales.
locale: false
network: {config: disabled}
datasource_list: [NoCloud]
ssh_deletekeys: false
disable_root: false
users: []
"""
HOLDER = """\
import fcntl, glob, time
held = [open(f"/var/lib/{{name}}", "w") for name in ("dpkg/lock-frontend", "apt/lists/lock")]
for one in held:
    fcntl.lockf(one, fcntl.LOCK_EX)
while not glob.glob("{here}/source-*/deploys"):
    time.sleep(0.2)
time.sleep({late})
"""
"""As unattended-upgrades does at a first boot, until the archive is there and a while more."""
HOLD = """\
[Service]
ExecStart=/usr/bin/python3 /srv/unattended-upgrade
[Install]
WantedBy=sysinit.target
"""


@dataclass
class Office:
    """Where the archive is fetched, and what the webhook was told."""

    address: str
    body: bytes
    posted: list[dict[str, Any]] = field(default_factory=list)


@contextlib.contextmanager
def office(ip: str, body: bytes, port: int = 0) -> Iterator[Office]:
    """Serve the archive and take posts at this address of ours."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            made.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((ip, port), Handler) as server:
        made = Office(f"http://{ip}:{server.server_port}", body)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


@dataclass(frozen=True)
class Born:
    """The host after its boot."""

    host: SandboxHost
    office: Office
    verdict: dict[str, Any]

    def said(self, command: str, user: str | None = None) -> str:
        done = self.host.run(command, user=user)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def born(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Born]:
    """A host that was given user data and booted; from then on nobody touches it until its end."""
    folder = tmp_path_factory.mktemp(NAME)
    spec = HostSpec(NAME, gpus=("h100",))
    host = hosts.up(spec, fresh=True)
    double = AptDouble("debian12").reset()
    assert host.mirror_url
    gateway = urlsplit(host.mirror_url).hostname or ""
    data = nvidia_rows.host_data(host, double, driver_origin="nvidia", without=["cuda", "torch"])
    data["textfile_folder"] = "/srv/metrics"
    done = host.run(
        "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install"
        " --no-install-recommends cloud-init"
    )
    assert done.returncode == 0, done.stderr
    archive = folder / "gpuwright.tar.xz"
    assert command.main(["archive", "--out", str(archive)]) == 0
    (folder / "values.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(data))))
    with office(gateway, archive.read_bytes()) as made:
        words = ["user-data", "--archive", str(archive), "--from", f"{made.address}/g.tar.xz"]
        words += ["--values", str(folder / "values.yaml"), "--webhook", f"{made.address}/told"]
        words += ["--verdict-file", "/srv/verdict.json", "--out", str(folder / "user-data")]
        assert command.main(words) == 0
        ports = f"{urlsplit(made.address).port} {urlsplit(host.mirror_url).port}"
        late = LATE.format(ports=ports, gateway=gateway, unit=UNIT, late=LATE_S)
        lay(
            host,
            {
                f"{SEED}/user-data": (folder / "user-data").read_text(),
                f"{SEED}/meta-data": f"instance-id: {NAME}-1\nlocal-hostname: {NAME}\n",
                "etc/cloud/cloud.cfg.d/99-here.cfg": OURS,
                "etc/systemd/system/late-network.service": NO_ROUTE,
                "srv/no-route": late,
                "etc/systemd/system/unattended-upgrade.service": HOLD,
                "srv/unattended-upgrade": HOLDER.format(here=HERE, late=LATE_S),
            },
        )
        done = host.run("mkdir /srv/metrics; systemctl enable late-network unattended-upgrade")
        assert done.returncode == 0, done.stderr
        host.run("sync")
        host.kill()
        host = hosts.up(spec)
        verdict = host.rootfs / STATE.relative_to("/") / "verdict.json"
        runner.until(verdict.is_file, "a verdict", LIMIT_S, every_s=0.5)
        runner.until(lambda: bool(made.posted), "the webhook", 60)
        yield Born(host, made, json.loads(verdict.read_text()))
    if not request.session.testsfailed:
        host.down()


def lay(host: SandboxHost, files: dict[str, str]) -> None:
    """Write files on the host's disk, from outside."""
    for name, text in files.items():
        path = host.rootfs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_machine_comes_from_boot_to_verdict_by_itself(born: Born) -> None:
    journal = born.said(f"journalctl -o cat -u {UNIT}")
    assert born.verdict["verdict"] == "OK", f"{born.verdict}\n{journal}"
    assert born.verdict["done"] is True
    assert born.verdict["proof"].startswith("none (")
    record = json.loads(born.said("cat /var/lib/gpuwright/state.json"))
    assert (record["verdict"], record["stack"]) == ("OK", "pytorch-2.9")
    state = born.said(f"systemctl show {UNIT} -p ActiveState -p SubState -p ExecMainStatus")
    assert state.split() == ["ExecMainStatus=0", "ActiveState=active", "SubState=exited"]
    assert "OK: none (" in born.said(f"systemctl status {UNIT}")
    assert "status: done" in born.said("cloud-init status --wait --long")


def test_late_network_and_held_lock_are_waited_for_and_said(born: Born) -> None:
    journal = born.said(f"journalctl -o cat -u {UNIT}")
    assert "the network is not there yet: " in journal
    assert "waits for a lock: " in journal


def test_outcome_is_told_in_every_way_that_was_asked_for(born: Born) -> None:
    assert born.office.posted == [born.verdict]
    assert json.loads(born.said("cat /srv/verdict.json")) == born.verdict
    assert "\ngpuwright_pull_verdict 0\n" in born.said("cat /srv/metrics/gpuwright_pull.prom")
    assert born.said(f"stat -c %a {HERE}/settings.json {HERE}").split() == ["600", "755"]


def test_it_does_not_run_again_unless_it_is_asked_to(born: Born) -> None:
    born.said(
        f"systemctl restart {UNIT}; while systemctl show -p SubState {UNIT} | grep -q running;"
        " do sleep 0.2; done"
    )
    assert "nothing to do" in born.said(f"systemctl status {UNIT}")
    assert json.loads(born.said(f"cat {STATE}/verdict.json")) == born.verdict


def test_cloud_init_s_own_schema_accepts_the_document(born: Born) -> None:
    odd = ["'\"", "---\\n# {{ x }}", ": - >|", "\u2028\x85 é", " \n\nend \n", "null"]
    pull = Pull(place="/mnt/a b", sha256="0" * 64, size=1, data={"a": odd}, deploys=("gpu_host",))
    lay(born.host, {"srv/odd": rendered.user_data(laid(pull))})
    for name in (f"/{SEED}/user-data", "/srv/odd"):
        assert "Valid" in born.said(f"cloud-init schema --config-file {name} 2>&1")


def test_deploys_run_at_hand_for_a_sudo_user_and_find_nothing_to_do(born: Born) -> None:
    source = born.said(f"ls -d {HERE}/source-*").strip()
    settings = json.loads(born.said(f"cat {HERE}/settings.json"))
    lay(born.host, {"srv/data.json": json.dumps(settings["data"])})
    run = f"cd {source} && NO_COLOR=1 GPUWRIGHT_HOST_DATA=/srv/data.json PYTHONDONTWRITEBYTECODE=1"
    words = "-m pyinfra -y inventories/here.py deploys/gpu_host.py"
    done = born.host.run(f"{run} .venv/bin/python {words} 2>&1", user="admin")
    assert done.returncode == 0, done.stdout
    outcome = runner.Outcome(done.returncode, done.stdout)
    assert outcome.changes == [] and "verdict OK" in outcome.said, outcome.said


def test_removal_refuses_from_inside_and_leaves_nothing_from_elsewhere(
    born: Born, tmp_path: Path
) -> None:
    source = born.said(f"ls -d {HERE}/source-*").strip()
    lay(born.host, {OWN_DATA.relative_to("/").as_posix(): "{}"})
    words = "PYTHONDONTWRITEBYTECODE=1 .venv/bin/python -m pyinfra -y inventories/here.py"
    inside = born.host.run(f"cd {source} && {words} deploys/remove.py 2>&1")
    assert inside.returncode != 0 and "REMOVE-FROM-INSIDE" in inside.stdout, inside.stdout
    assert born.said(f"systemctl is-enabled {UNIT}").strip() == "enabled"
    data = runner.host_data(born.host)
    run = Lab(born.host, runner.inventory(tmp_path, **{NAME: data})).pyinfra(
        "-y", deploy="deploys/remove.py"
    )
    assert run.code == 0, run.told
    assert born.host.run(f"systemctl cat {UNIT}").returncode != 0
    left = "ls -d /opt/gpuwright /var/lib/gpuwright /etc/gpuwright /srv/metrics/* 2>/dev/null"
    assert born.host.run(left).stdout == ""
    assert born.host.run("dpkg -l '*nvidia*' 2>/dev/null | grep ^ii").stdout == ""
