"""The same roles in Ansible: its own environment, its variables from our plan, its runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import target
from bench.counting import PORT, CountingServer
from bench.target import BenchError
from facts.model.host import HostState
from stacks.locking import wheels
from stacks.model.plan import Plan
from tasks import layout
from tasks.cuda import environment_file
from tasks.driver import nouveau_files
from tasks.driver import state as driver_state
from tasks.holds import sets
from tasks.python import state as python_state
from tasks.python import uv
from tasks.repositories import archives

_HERE = Path(__file__).parent / "ansible"
_VENV = target.FOLDER / "ansible"


def ready() -> str:
    """Make Ansible's environment if it is not there; give ansible-core's version.

    Raises:
        BenchError: It cannot be installed.
    """
    requirements = _HERE / "requirements.txt"
    stamp = _VENV / "requirements.txt"
    if not stamp.is_file() or stamp.read_text() != requirements.read_text():
        tool = str(Path(sys.executable).with_name("uv"))
        shutil.rmtree(_VENV, ignore_errors=True)
        for argv in (
            [tool, "venv", "-q", "--python", sys.executable, str(_VENV)],
            [tool, "pip", "install", wheels.ONLY, "-q", "--compile-bytecode"]
            + ["--python", str(_VENV / "bin" / "python"), "-r", str(requirements)],
        ):
            done = target.run(argv)
            if done.returncode != 0:
                raise BenchError(f"ansible-core cannot be installed: {done.stdout.strip()}")
        shutil.copy(requirements, stamp)
    said = target.run([str(_VENV / "bin" / "ansible"), "--version"]).stdout
    return said.splitlines()[0]


def variables(state: HostState, plan: Plan) -> dict[str, Any]:
    """What the playbook declares, taken from the plan and the converged host."""
    assert plan.driver and plan.cuda and plan.cudnn and plan.torch
    texts = {
        archives.SOURCES: archives.sources_text(state, archives.wanted(plan)),
        sets.UNATTENDED: sets.unattended_text(plan),
        nouveau_files.BLACKLIST: nouveau_files.TEXT,
        layout.ENVIRONMENT: environment_file.text(plan),
        sets.PINS: sets.pins_text(sets.held_set(state, plan)),
    }
    headers = [f"linux-headers-{k}" for k in driver_state.bootable(state)]
    return {
        "small_files": [{"path": p, "content": t} for p, t in texts.items() if t is not None],
        "packages": [
            *plan.torch.python_packages,
            *plan.driver.headers,
            *headers,
            *plan.driver.packages,
            *plan.cuda.packages,
            *plan.cuda.compiler_packages,
        ],
        "uv": f"{uv.remote_path(state.system.arch)}.sha256",
        "kernels": driver_state.bootable(state),
        "cudnn_prefix": plan.cudnn.prefix,
        "cudnn_link": layout.CUDNN,
        "held": [p.name for p in sets.held_set(state, plan)],
        "environment_folder": python_state.env_of(plan),
        "current": layout.CURRENT,
        "record": layout.RECORD,
    }


class Playbook:
    """The playbook against one host through the counting sshd, with a connection of its own."""

    def __init__(self, server: CountingServer, values: dict[str, Any]) -> None:
        # A socket's path may be 107 bytes long at most: not below the checkout.
        self._sockets = Path(tempfile.mkdtemp(prefix="bench-"))
        self._values = target.FOLDER / "ansible-variables.json"
        self._values.write_text(json.dumps(values))
        self._inventory = target.FOLDER / "ansible-inventory.ini"
        host = server.host
        self._inventory.write_text(
            f"{host.name} ansible_host={host.ip} ansible_port={PORT} ansible_user={host.user} "
            f"ansible_ssh_private_key_file={host.key}\n"
        )
        self._ssh = (
            "-F /dev/null -o IdentitiesOnly=yes -o ControlMaster=auto -o ControlPersist=600s "
            f"-o UserKnownHostsFile={server.known_hosts} -o StrictHostKeyChecking=yes"
        )
        self._address = f"{host.user}@{host.ip}"

    def run(self, holds_by: str = "apt-mark") -> None:
        """Run it once.

        Raises:
            BenchError: It fails or changes something: then it is no second run.
        """
        done = subprocess.run(
            [str(_VENV / "bin" / "ansible-playbook"), "-i", str(self._inventory)]
            + ["-e", f"@{self._values}", "-e", f"holds={holds_by}", str(_HERE / "gpu_host.yml")],
            env={
                **target.environment(),
                "ANSIBLE_CONFIG": str(_HERE / "ansible.cfg"),
                "ANSIBLE_SSH_ARGS": self._ssh,
                "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self._sockets),
                "ANSIBLE_HOME": str(target.FOLDER / "ansible-home"),
                "LC_ALL": "C.UTF-8",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        recap = re.search(
            r"ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", done.stdout
        )
        if done.returncode != 0 or not recap or recap[2] != "0":
            raise BenchError(f"Ansible's second run changed or failed:\n{done.stdout[-3000:]}")

    def disconnect(self) -> None:
        """End the kept connection: the next run is a cold one."""
        for socket in self._sockets.glob("*"):
            target.run(["ssh", "-O", "exit", "-o", f"ControlPath={socket}", self._address])

    def close(self) -> None:
        """End the connection and remove the sockets' folder."""
        self.disconnect()
        shutil.rmtree(self._sockets, ignore_errors=True)
