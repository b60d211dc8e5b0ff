"""The report on a fleet: its page in a browser, and the facts of a bare host by both ways."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.checkout import SOURCE
from sandbox.hosts import HostSpec, SandboxHost
from tasks.drift import page
from tasks.drift.push import Push, installer
from tests.hosts import browser, runner
from tests.hosts.able import needs_hosts
from tests.hosts.browser import Browser
from tests.hosts.runner import until, untouched
from tests.unit.tasks.drift import a_fleet

SHOWN = "return document.querySelectorAll('details.host:not([hidden])').length"
STATUS = "return document.getElementById('shown').textContent"
EVIL = "<img src=x onerror=document.title=1>"


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    """A browser."""
    with browser.opened() as one:
        yield one


@pytest.fixture
def fleet(window: Browser, tmp_path: Path) -> Browser:
    """The page of ten hosts with planted drift, opened."""
    return opened(window, tmp_path, a_fleet.report(EVIL))


def opened(window: Browser, folder: Path, report: Any) -> Browser:
    """A report's page, from a file."""
    file = folder / "report.html"
    file.write_text(page.text(report), encoding="utf-8")
    window.open(file.as_uri())
    window.wait_for("#shown")
    return window


def names(window: Browser) -> list[str]:
    """Hosts that are shown, from top to bottom."""
    found: list[str] = window.run(
        "return [...document.querySelectorAll('details.host:not([hidden]) .name')]"
        ".map(e => e.textContent)"
    )
    return found


def test_filter_search_and_sort_say_how_many_they_hide(fleet: Browser) -> None:
    assert fleet.run(STATUS) == "10 of 10 hosts shown, 0 hidden."
    fleet.click("button[data-verdict=CRITICAL]")
    assert names(fleet) == ["gpu02"]
    assert fleet.run(STATUS) == "1 of 10 hosts shown, 9 hidden by verdict CRITICAL."
    fleet.click("#all")
    assert fleet.run(STATUS) == "10 of 10 hosts shown, 0 hidden."
    fleet.type(fleet.wait_for("#search"), "580.105")
    assert names(fleet) == ["gpu07"]
    assert fleet.run("return document.querySelectorAll('tbody tr:not([hidden])').length") == 1
    assert fleet.run(STATUS) == "1 of 10 hosts shown, 9 hidden by the search."
    fleet.click("#all")
    fleet.click("#differing")
    assert sorted(names(fleet)) == ["gpu03", "gpu05", "gpu07"]
    fleet.click("#silent")
    assert names(fleet) == []
    fleet.click("#all")
    fleet.click("#sort option[value=name]")
    assert names(fleet) == sorted(names(fleet))
    fleet.click("#sort option[value=age]")
    assert names(fleet)[0] == "gpu08"


def test_host_opens_by_click_by_key_and_by_its_name_in_the_matrix(fleet: Browser) -> None:
    is_open = "return document.getElementById('h{}').open"
    number = fleet.run(
        "return [...document.querySelectorAll('details.host')].find(e => e.dataset.name == 'gpu07')"
        ".dataset.id"
    )
    fleet.click(f"#h{number} summary")
    assert fleet.run(is_open.format(number))
    shown = fleet.run(f"return document.getElementById('h{number}').innerText")
    for words in ("580.105.08", "moved by unattended-upgrades", "--limit gpu07", "adopt"):
        assert words in shown
    fleet.type(fleet.wait_for("#h0 summary"), "\ue007")  # the key Enter (WebDriver, "Keyboard")
    assert fleet.run(is_open.format(0))
    fleet.click("#changes a[href='#h3']")
    assert fleet.run(is_open.format(3))


def test_page_fits_a_phone(fleet: Browser) -> None:
    fleet.resize(360, 740)
    try:
        wide = fleet.run("return document.documentElement.scrollWidth")
        assert wide <= 360, "only the matrix may be wider than the screen, and it scrolls by itself"
        fleet.click("button[data-verdict=WARN]")
        assert names(fleet) == ["gpu03"]
    finally:
        fleet.resize(1280, 900)


def test_nothing_is_fetched_and_nothing_could_be(fleet: Browser) -> None:
    asked: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/x"
        fleet.run(
            f"fetch('{address}').catch(() => 0); new Image().src = '{address}';"
            f"const s = document.createElement('script'); s.src = '{address}';"
            "document.head.append(s)"
        )
        time.sleep(1)
        server.shutdown()
    assert asked == []
    entries = fleet.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert [name for name in entries if not name.startswith(("data:", "http://127"))] == []


def test_words_of_a_host_are_shown_as_they_are(fleet: Browser) -> None:
    assert EVIL in fleet.text
    assert fleet.run("return document.images.length") == 0
    assert fleet.run("return document.title") == "10 GPU hosts: CRITICAL"


def test_page_of_a_thousand_hosts_is_there_in_three_seconds(
    window: Browser, tmp_path: Path
) -> None:
    # Of its own processor time: beside other tests the clock says nothing.
    window.ask("Performance.enable", {"timeDomain": "threadTicks"})
    opened(window, tmp_path, a_fleet.many(1000))
    rows = window.ask("Performance.getMetrics", {})["metrics"]
    took = {row["name"]: row["value"] for row in rows}
    assert 0 < took["TaskDuration"] < 3, took
    window.type(window.wait_for("#search"), "node-0042")
    assert names(window) == ["node-0042.example.org"]
    assert "999 hidden" in window.run(STATUS)


REPORT = "deploys/report.py"
PODMAN = """\
mkdir -p /tmp/deb/DEBIAN && cd /tmp && printf '%s\\n' 'Package: podman' 'Version: 4.3.1-1' \
  'Architecture: all' 'Maintainer: x <x@example.org>' 'Description: x' >deb/DEBIAN/control &&
dpkg-deb -b deb podman.deb && apt-get -q -y install ./podman.deb 2>&1
"""
"""A package that is called so, brought by the real apt: its log says who brought it."""


@pytest.fixture(scope="module")
def host() -> Iterator[SandboxHost]:
    """A bare host with one H100."""
    made = hosts.up(HostSpec("reported", gpus=("h100",)), fresh=True)
    yield made
    made.down()


def reported(host: SandboxHost, folder: Path, *words: str, **data: Any) -> tuple[int, Any]:
    """The exit status of a report on this host, and on one that is not there; and report.json."""
    silent = {"ssh_hostname": "127.0.0.1", "ssh_port": 9}
    own = runner.host_data(host, driver_origin="debian", stack="pytorch-2.9", **data)
    runner.inventory(folder, **{host.name: own, "gone": silent})
    places = [f"report_folder={folder}/report", f"report_history={folder}/reports"]
    more = [word for place in places for word in ("--data", place)]
    outcome = runner.wait(runner.start(folder, *more, *words, deploy=REPORT), folder)
    return outcome.code, json.loads((folder / "report/report.json").read_text())


@needs_hosts()
def test_bare_host_differs_from_its_plan_and_nothing_is_changed(
    host: SandboxHost, tmp_path: Path
) -> None:
    with untouched(host):
        code, told = reported(host, tmp_path)
    bare, gone = told["hosts"][host.name], told["hosts"]["gone"]
    assert code in (2, 3)
    assert (gone["answered"], gone["why"]) == (False, "it could not be reached")
    assert bare["components"]["distribution"]["actual"].startswith("debian-12")
    differs = {d["component"] for d in told["differences"] if d["host"] == host.name}
    assert {"driver", "CUDA", "cuDNN", "PyTorch"} <= differs
    assert "gone" not in {d["host"] for d in told["differences"]}


@needs_hosts()
def test_change_is_told_with_who_made_it_and_a_silent_host_is_kept(
    host: SandboxHost, tmp_path: Path
) -> None:
    reported(host, tmp_path)
    done = host.run(PODMAN)
    assert done.returncode == 0, done.stdout
    _, told = reported(host, tmp_path, "--limit", host.name)
    (change,) = (c for c in told["changes"] if c["component"] == "engines")
    assert change["after"].startswith("podman 4.3.1")
    assert change["moved_by"] == "apt-get -q -y install ./podman.deb"
    assert change["packages"] == ["podman not there → 4.3.1-1"]
    assert set(told["hosts"]) == {host.name}


@needs_hosts()
def test_facts_that_the_host_pushes_say_the_same_as_ssh(host: SandboxHost, tmp_path: Path) -> None:
    _, told = reported(host, tmp_path, "--limit", host.name)
    script = installer(Push("/srv/facts", "lab"))
    words = host.ssh_argv("mkdir -p /srv/facts; cat >/root/push.sh && sh /root/push.sh")
    done = subprocess.run(words, input=script, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    facts = host.rootfs / "srv/facts"
    until(lambda: any(facts.glob("[!.]*")), "the facts are written")
    name = host.run("ls /srv/facts").stdout.strip()
    folder = tmp_path / "pushed"
    folder.mkdir()
    (folder / name).write_text(host.run(f"cat /srv/facts/{name}").stdout)
    words = ["@local", REPORT, "--data", f"from={folder}", "--data", f"report_folder={folder}/out"]
    subprocess.run([sys.executable, "-m", "pyinfra", *words], cwd=SOURCE, check=False)
    pushed = json.loads((folder / "out/report.json").read_text())["hosts"]
    (own,) = pushed.values()

    def seen(reading: Any) -> dict[str, str | None]:
        return {n: c.get("actual") for n, c in reading["components"].items()}

    assert seen(own) == seen(told["hosts"][host.name])
    done = host.run(
        "systemctl is-active gpuwright-report.timer; sh /root/push.sh remove; "
        "ls /etc/systemd/system/*gpuwright* /opt/gpuwright/lib/report 2>/dev/null"
    )
    assert done.stdout.strip() == "active"


@needs_hosts()
def test_removal_waits_for_a_job_that_runs_and_takes_the_timer_away(
    host: SandboxHost, tmp_path: Path
) -> None:
    script = installer(Push("/srv/facts", "lab"))
    words = host.ssh_argv("mkdir -p /srv/facts; cat >/root/push.sh && sh /root/push.sh")
    done = subprocess.run(words, input=script, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    host.run("systemd-run --quiet --unit=gpuwright-burn-in.service sleep 900")
    runner.inventory(tmp_path, **{host.name: runner.host_data(host)})
    outcome = runner.wait(runner.start(tmp_path, deploy="deploys/remove.py"), tmp_path)
    told = runner.said(tmp_path)
    assert outcome.code == 1 and "REMOVE-JOB-RUNS" in told, told
    assert "systemctl stop gpuwright-burn-in.service" in told
    alive = "systemctl is-active gpuwright-report.timer gpuwright-burn-in.service"
    assert host.run(alive).stdout.split() == ["active", "active"]
    host.run("systemctl stop gpuwright-burn-in.service")
    outcome = runner.wait(runner.start(tmp_path, deploy="deploys/remove.py"), tmp_path)
    assert outcome.code == 0, runner.said(tmp_path)
    units = "systemctl list-units --all --plain --no-legend 'gpuwright-*'; ls -d /opt/gpuwright"
    left = host.run(f"{units} /etc/systemd/system/*gpuwright* 2>/dev/null").stdout
    assert left.strip() == ""
    assert "active" not in host.run(alive).stdout.split()


@needs_hosts()
def test_dry_run_that_predicts_changes_ends_with_one(host: SandboxHost, tmp_path: Path) -> None:
    own = runner.host_data(host, driver_origin="debian", without=["cuda", "cudnn", "torch"])
    inventory = runner.inventory(tmp_path, **{host.name: own})
    words = [sys.executable, "-m", "pyinfra", "--dry", str(inventory), runner.GPU_HOST]
    for more, status in ((["--data", "exit=changes"], 1), ([], 0)):
        done = subprocess.run([*words, *more], cwd=SOURCE, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == status
