"""A repository that wants a user and a password, on a host with apt and on one with dnf.

Only the repository is added: apt, dnf and the mirror that answers 401 are real, the repository is a
double (docs/sandbox.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.doubles.nvidia import AptDouble
from sandbox.doubles.nvidia_dnf import DnfDouble
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.mirror.faults import Faults
from tests.hosts import onlooker, runner
from tests.hosts.able import needs_hosts
from tests.hosts.lab import Lab, Run

pytestmark = needs_hosts()

DEPLOY = """\
from tasks.host import plans
from tasks.repositories import vendor

plan = plans.for_this_host()
if plan is not None:
    vendor.added(plan=plan, name="Repository")
"""
FILE = {
    "debian-12": "/etc/apt/auth.conf.d/gpuwright-nvidia-cuda.conf",
    "rocky-9": "/etc/yum.repos.d/gpuwright-nvidia-cuda.repo",
}
"""The one file that has the password."""
READ = {
    "debian-12": "apt-get -q update -o APT::Update::Error-Mode=any",
    "rocky-9": "dnf -y -q makecache --repo gpuwright-nvidia-cuda",
}


@dataclass(frozen=True)
class Place:
    """The host, what its data say, and the run that added the repository."""

    host: SandboxHost
    data: dict[str, Any]
    folder: Path
    first: Run
    seen: onlooker.Seen

    @property
    def file(self) -> str:
        """The file with the password."""
        return FILE[self.host.spec.os]

    def run(self, **data: Any) -> Run:
        """Add the repository."""
        return added(self.host, self.folder, {**self.data, **data})


def added(host: SandboxHost, folder: Path, data: dict[str, Any]) -> Run:
    (folder / "add.py").write_text(DEPLOY)
    inventory = runner.inventory(folder, **{host.name: runner.host_data(host, **data)})
    return Lab(host, inventory).pyinfra("-y", "-vvv", deploy=str(folder / "add.py"))


@pytest.fixture(scope="module", params=FILE)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A bare host, after the repository was added with a login in its address."""
    name = f"logins-{request.param}"
    double = DnfDouble("rhel9", name) if "rocky" in name else AptDouble("debian12", name)
    double.reset()
    host = hosts.up(HostSpec(name, os=request.param, gpus=("h100",)), fresh=True)
    folder = tmp_path_factory.mktemp(name)
    told = double.host_data(host.mirror_url or "")
    mirrors = {kind: onlooker.with_login(url) for kind, url in told["mirrors"].items()}
    data = {"driver_origin": "nvidia", "without": ["torch", "cudnn"], **told, "mirrors": mirrors}
    with onlooker.watched(host) as seen:
        first = added(host, folder, data)
    yield Place(host, data, folder, first, seen)
    host.down()


def test_repository_is_added_and_read(place: Place) -> None:
    assert place.first.code == 0, place.first.told
    assert place.first.changed(place.host.name) == {"Repository"}
    with place.host.faults(Faults(login=onlooker.LOGIN)):
        done = place.host.run(READ[place.host.spec.os])
    assert done.returncode == 0, done.stdout + done.stderr


def test_nobody_gets_to_see_the_password(place: Place) -> None:
    assert place.seen.rounds > 10
    assert place.seen.places == []
    told = place.first.told + str(place.first.answer)
    assert not [word for word in onlooker.words() if word in told]


def test_one_file_has_it_for_root_alone(place: Place) -> None:
    search = f"grep -rl '{onlooker.PATTERN}' /etc /var/lib/gpuwright /opt/gpuwright 2>/dev/null"
    assert place.host.run(search).stdout.split() == [place.file]
    assert place.host.run(f"stat -c '%a %U' {place.file}").stdout.split() == ["600", "root"]


def test_second_run_changes_nothing(place: Place) -> None:
    with place.host.faults(Faults(login=onlooker.LOGIN)):
        second = place.run()
    assert (second.code, second.changed(place.host.name)) == (0, set()), second.told


def test_password_that_changed_is_written_and_one_that_is_gone_goes(place: Place) -> None:
    other = {
        k: u.replace(onlooker.PASSWORD, "another%24") for k, u in place.data["mirrors"].items()
    }
    with place.host.faults(Faults(login=f"{onlooker.USER}:another$")):
        assert place.run(mirrors=other).changed(place.host.name) == {"Repository"}
        done = place.host.run(READ[place.host.spec.os])
    assert done.returncode == 0, done.stdout + done.stderr
    bare = {k: u.replace(f"{onlooker.LOGIN}@", "") for k, u in place.data["mirrors"].items()}
    assert place.run(mirrors=bare).changed(place.host.name) == {"Repository"}
    assert place.host.run(f"grep -s another {place.file}").stdout == ""


def test_wrong_password_is_said_without_it(place: Place) -> None:
    wrong = {k: u.replace(onlooker.PASSWORD, "hunter2") for k, u in place.data["mirrors"].items()}
    with place.host.faults(Faults(login=onlooker.LOGIN)):
        run = place.run(mirrors=wrong)
    assert run.code == 1 and "REPO-UNREACHABLE" in run.told
    assert "401" in run.told and "hunter2" not in run.told
