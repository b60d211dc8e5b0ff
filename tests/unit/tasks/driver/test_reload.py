"""The reload of the module: daemons in order, nothing by force, everything back at the end.

The job's script runs with stand-ins for the commands and a folder in place of ``/sys/module``.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tasks.driver.reload import SCRIPT

_CALLED = """\
#!/bin/sh
echo "{name} $*" >>{folder}/calls
case "{name} $*" in
"systemctl is-active --quiet "*) grep -qx "$3" {folder}/active ;;
"rmmod "*) [ ! -e {folder}/stuck ] ;;
esac
"""


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A host with nvidia and nvidia_uvm loaded, persistence and DCGM running."""
    for name in ("systemctl", "rmmod", "modprobe", "nvidia-modprobe"):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(_CALLED.format(name=name, folder=tmp_path))
        path.chmod(0o755)
    (tmp_path / "active").write_text("nvidia-persistenced.service\nnvidia-dcgm.service\n")
    loaded(tmp_path, "nvidia", count=1, holders=("nvidia_uvm",))
    loaded(tmp_path, "nvidia_uvm", count=0)
    return tmp_path


def loaded(host: Path, module: str, count: int, holders: tuple[str, ...] = ()) -> None:
    folder = host / "module" / module / "holders"
    folder.mkdir(parents=True, exist_ok=True)
    for name in holders:
        (folder / name).touch()
    folder.with_name("refcnt").write_text(f"{count}\n")


def reloaded(host: Path) -> tuple[list[str], str]:
    """What was called, without the questions, and what was said."""
    done = subprocess.run(
        ["sh", "-euc", SCRIPT.replace("/sys/module", str(host / "module"))],
        env={"PATH": f"{host / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    calls = (host / "calls").read_text().splitlines()
    return [call for call in calls if "is-active" not in call], done.stdout


def test_daemons_stop_in_order_and_start_in_the_other(host: Path) -> None:
    calls, said = reloaded(host)
    assert calls == [
        "systemctl stop nvidia-dcgm.service",
        "systemctl stop nvidia-persistenced.service",
        "rmmod nvidia_uvm nvidia",
        "modprobe nvidia",
        "modprobe nvidia-uvm",
        "nvidia-modprobe -c 0 -u",
        "modprobe nvidia_uvm",
        "modprobe nvidia",
        "systemctl start nvidia-persistenced.service",
        "systemctl start nvidia-dcgm.service",
    ]
    assert said == ""


def test_module_that_a_program_counts_on_is_not_touched(host: Path) -> None:
    loaded(host, "nvidia_uvm", count=2)
    calls, said = reloaded(host)
    assert not any(call.startswith("rmmod") for call in calls)
    assert "in use: nvidia_uvm: the host needs a reboot" in said
    assert calls[-1] == "systemctl start nvidia-dcgm.service"


def test_module_of_the_display_counts_the_one_above_it_and_no_more(host: Path) -> None:
    loaded(host, "nvidia_modeset", count=1, holders=("nvidia_drm",))
    loaded(host, "nvidia_drm", count=0)
    loaded(host, "nvidia", count=2, holders=("nvidia_uvm", "nvidia_modeset"))
    calls, _ = reloaded(host)
    assert "rmmod nvidia_drm nvidia_modeset nvidia_uvm nvidia" in calls


def test_module_that_does_not_go_is_loaded_again_with_its_daemons(host: Path) -> None:
    (host / "stuck").touch()
    calls, said = reloaded(host)
    assert "could not be taken out: the host needs a reboot" in said
    assert calls[-1] == "systemctl start nvidia-dcgm.service"
    assert not any(" -f" in call for call in calls)
