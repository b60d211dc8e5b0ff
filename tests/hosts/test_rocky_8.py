"""Rocky Linux 8 with NVIDIA's dnf repository, on a host that presents as such.

dnf, rpm, module streams, gpg and DKMS are real; the repositories are doubles with real names,
versions and dependencies (docs/sandbox.md). The tests follow each other on one host.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from sandbox.checkout import SOURCE
from tests.hosts import carried_out, difference, runner
from tests.hosts.carried_out import carries_out
from tests.hosts.rocky_lab import CUDA, NEW, OLD, Rocky, rocky, untouched, wait_for

REMOVE = "deploys/remove.py"
MONITORING, COMPANY = "/etc/yum.repos.d/monitoring.repo", "/etc/yum.repos.d/company.repo"


@pytest.fixture(scope="module")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rocky]:
    """Rocky 8, bare, with a GPU that the open modules do not drive, and a dead repository."""
    for one in rocky("8", "v100", tmp_path_factory.mktemp("eight")):
        dead_repository(one, MONITORING, "monitoring")
        yield one


def dead_repository(one: Rocky, file: str, name: str) -> None:
    """A repository where nobody listens."""
    lines = f"[{name}]\\nname={name}\\nbaseurl=http://127.0.0.1:9/\\nenabled=1\\ngpgcheck=0\\n"
    one.sh(f"printf '{lines}' >{file}")


def test_vanished_version_is_refused_with_what_is_there(eight: Rocky) -> None:
    eight.double.withdraw(NEW)
    with untouched(eight):
        refused = eight.run()
    eight.double.reset()
    assert refused.code != 0
    assert "VERSION-GONE" in refused.told and NEW in refused.told and OLD in refused.told


def test_rotated_key_is_refused_until_its_fingerprint_is_given(eight: Rocky) -> None:
    known = eight.data()
    new = eight.double.rotate_key()
    with untouched(eight):
        refused = eight.run(fingerprints=known["fingerprints"])
    assert refused.code != 0
    assert "REPO-KEY" in refused.told and new in refused.told
    # Its own fingerprint is in the data of every later run.
    accepted_now = eight.run("--dry")
    assert accepted_now.code == 0, accepted_now.told


def test_package_that_is_not_whole_is_not_installed(eight: Rocky) -> None:
    eight.double.corrupt("nvidia-driver-cuda-580.178.04-*.rpm")
    failed = eight.run()
    eight.double.reset()
    assert failed.code != 0
    assert "checksum doesn't match" in failed.told
    assert eight.versions() == {}
    assert eight.state().package_manager.streams == {}


def test_index_of_another_key_than_the_published_one_is_not_read(eight: Rocky) -> None:
    eight.double.sign_with_stranger()
    failed = eight.run()
    eight.double.reset()
    assert failed.code != 0
    assert "GPG signature verification error" in failed.told
    assert eight.versions() == {}


def test_dead_repository_that_may_be_the_distributions_ends_the_run_by_its_name(
    eight: Rocky,
) -> None:
    dead_repository(eight, COMPANY, "company-baseos")
    failed = eight.run()
    eight.sh(f"rm {COMPANY}")
    assert failed.code != 0
    assert "company-baseos" in failed.told and "Traceback" not in failed.told
    assert eight.versions() == {}


@carries_out("rocky-8", double={"driver": "570.211.01 proprietary nvidia", **CUDA})
def test_power_cut_while_the_driver_is_installed_is_fixed_by_the_next_run(
    request: pytest.FixtureRequest, eight: Rocky
) -> None:
    eight.lab(driver_branch="570")
    process = runner.start(eight.folder)
    with runner.killed_at_the_end(process):
        wait_for(eight, "Running transaction", "/var/lib/gpuwright/jobs/driver/log")
        eight.host.kill()
    eight.host.boot()
    again = eight.run(driver_branch="570")
    assert again.code == 0, again.told
    assert set(eight.versions().values()) == {"570.211.01"}
    assert eight.sh("dnf -q check --duplicates") == ""
    carried_out.shown(request, eight.lab(driver_branch="570"))


def test_branch_is_not_changed_unasked(eight: Rocky) -> None:
    with untouched(eight):
        refused = eight.run()
    assert refused.code != 0
    assert "DRIVER-BRANCH" in refused.told


def test_move_between_streams_by_name(eight: Rocky) -> None:
    """570 goes, 580 comes, in one transaction, with its stream, modules and locks."""
    predicted = eight.run("--dry", driver_branch="580")
    moved = eight.run(driver_branch="580")
    assert moved.code == 0, moved.told
    assert predicted.predicted("rocky8") == moved.changed("rocky8")
    assert set(eight.versions().values()) == {NEW}
    state = eight.state()
    assert state.package_manager.streams == {"nvidia-driver": "580-dkms"}
    assert {m.version for m in state.driver.modules} == {NEW}
    assert "nvidia-driver-cuda" in state.package_manager.holds


@carries_out("rocky-8", double={"driver": f"{NEW} proprietary nvidia", **CUDA})
def test_second_run_after_the_move_changes_nothing(
    request: pytest.FixtureRequest, eight: Rocky
) -> None:
    again = eight.run(driver_branch="580")
    assert (again.code, again.changed("rocky8")) == (0, set()), again.told
    carried_out.shown(request, eight.lab(driver_branch="580"))


def test_dead_repository_of_others_stopped_no_run_and_is_as_it_was(eight: Rocky) -> None:
    """It is there since before the first run; dnf itself cannot go on with it."""
    assert set(eight.versions().values()) == {NEW}
    assert eight.sh(f"head -n 1 {MONITORING}") == "[monitoring]"
    alone = eight.host.run("dnf -q makecache --setopt=skip_if_unavailable=False")
    assert alone.returncode != 0 and "monitoring" in alone.stderr
    # The acceptance asks dnf itself.
    eight.sh(f"rm {MONITORING}")


def test_acceptance_of_rocky_8(eight: Rocky) -> None:
    accepted(eight)


def accepted(one: Rocky) -> None:
    """The checks that users run against their own inventory."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider"]
        + ["tests/acceptance", "--inventory", str(one.lab().inventory)],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    # What is not planned here is not checked; what is planned is.
    assert "test_holds_dnf.py" not in done.stdout, done.stdout


def test_removal_leaves_the_host_as_it_was_before(eight: Rocky) -> None:
    """Streams, version locks, repositories and keys too; then nothing is left to remove."""
    lab = eight.lab(driver_branch="580")
    predicted, removed = (lab.pyinfra(word, deploy=REMOVE) for word in ("--dry", "-y"))
    assert removed.code == 0, removed.told
    assert predicted.predicted("rocky8") == removed.changed("rocky8") != set()
    found = difference.table(eight.before, difference.look(eight.host))
    # The key that was rotated away stays in rpm's database (docs/remove.md).
    assert [line for line in found if "came: gpg-pubkey." not in line] == []
    assert len(found) <= 1
    again = lab.pyinfra("-y", deploy=REMOVE)
    assert (again.code, again.changed("rocky8")) == (0, set()), again.told
