"""NVIDIA's repository on a dnf host: when it is due, what is written, what is moved aside."""

from __future__ import annotations

import hashlib
from configparser import ConfigParser
from dataclasses import replace

from facts.model.host import HostState
from facts.model.packages import DnfRepository
from stacks.model.plan import Repository
from tasks.repositories import dnf_files
from tasks.repositories import files as repository_files
from tests.unit.facts import golden_hosts

KEY = b"the key's packets"
REPOSITORY = Repository(
    name="nvidia-cuda",
    kind="dnf",
    address="https://developer.download.nvidia.com/compute/cuda/repos/rhel9/x86_64/",
    key="D42D0685.pub",
    fingerprints=("610C7B14E068A878070DA4E99CD0A493D42D0685",),
    packages=("nvidia-driver*", "cuda-*-11-8"),
)
THEIRS = DnfRepository(
    "/etc/yum.repos.d/cuda-rhel9.repo",
    "cuda-rhel9-x86_64",
    ("http://developer.download.nvidia.com/compute/cuda/repos/rhel9/x86_64",),
    True,
)


def host(*repositories: DnfRepository, **managed: str) -> HostState:
    """A Rocky host with these repositories and files of ours (path to text)."""
    state = golden_hosts.state("rocky-9-managed-h100.txt")
    files = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in managed.items()}
    manager = replace(state.package_manager, repositories=repositories)
    return replace(state, managed_files=files, package_manager=manager)


def done(*repositories: DnfRepository) -> HostState:
    """The host after the script ran."""
    path = dnf_files.key_path(REPOSITORY, KEY)
    return host(
        *repositories,
        **{
            path: KEY.decode(),
            dnf_files.repo_path(REPOSITORY): dnf_files.repo_text(REPOSITORY, path),
        },
    )


def test_file_checks_index_and_packages_and_lets_the_plans_names_in() -> None:
    parser = ConfigParser(interpolation=None)
    parser.read_string(dnf_files.repo_text(REPOSITORY, "/etc/pki/rpm-gpg/K"))
    row = parser["gpuwright-nvidia-cuda"]
    assert (row["gpgcheck"], row["repo_gpgcheck"]) == ("1", "1")
    assert row["gpgkey"] == "file:///etc/pki/rpm-gpg/K"
    assert row["includepkgs"].split() == ["nvidia-driver*", "cuda-*-11-8"]


def test_repository_is_due_until_key_and_file_are_there() -> None:
    assert dnf_files.due(host(), REPOSITORY)
    assert not dnf_files.due(done(), REPOSITORY)


def test_another_key_makes_it_due() -> None:
    state = done()
    path = dnf_files.key_path(REPOSITORY, KEY)
    changed = replace(state, managed_files={**state.managed_files, path: "0" * 64})
    assert dnf_files.due(changed, REPOSITORY)


def test_entry_of_others_for_the_same_place_is_moved_aside() -> None:
    state = done(THEIRS)
    assert dnf_files.due(state, REPOSITORY)
    script = dnf_files.script(state, REPOSITORY, KEY)
    assert f"mv {THEIRS.file} {THEIRS.file}.gpuwright-old" in script


def test_disabled_entry_and_another_release_are_left_alone() -> None:
    other = replace(THEIRS, addresses=(THEIRS.addresses[0].replace("rhel9", "rhel8"),))
    assert not dnf_files.due(done(replace(THEIRS, enabled=False), other), REPOSITORY)


def test_file_with_further_repositories_is_refused_and_the_section_named() -> None:
    beside = replace(THEIRS, name="mine", addresses=("https://example.org/mine",))
    (conflict,) = dnf_files.shared(done(THEIRS, beside), REPOSITORY)
    assert conflict.code == "SOURCE-SHARED"
    assert "dnf config-manager --set-disabled cuda-rhel9-x86_64" in conflict.remedies[0]
    assert dnf_files.shared(done(THEIRS), REPOSITORY) == ()


def test_former_key_file_is_removed() -> None:
    former = dnf_files.key_path(REPOSITORY, b"former")
    script = dnf_files.script(host(**{former: "former"}), REPOSITORY, KEY)
    assert script.endswith(f"rm -f {former}")


def test_kind_chooses_the_module() -> None:
    assert repository_files.files_for(REPOSITORY) is dnf_files


def test_login_lies_in_a_file_for_root_alone_and_in_no_command() -> None:
    address = REPOSITORY.address.replace("https://", "https://ana:hunter2%24@")
    login = replace(REPOSITORY, address=address)
    script = dnf_files.script(host(), login, KEY)
    assert f"settle {dnf_files.repo_path(login)} 600 " in script
    assert "hunter2" not in script
    parser = ConfigParser(interpolation=None)
    parser.read_string(dnf_files.private(login, dnf_files.key_path(login, KEY)))
    row = parser["gpuwright-nvidia-cuda"]
    assert (row["username"], row["password"]) == ("ana", "hunter2$")
    assert row["baseurl"] == REPOSITORY.address
    assert dnf_files.private(REPOSITORY, "") == ""
