"""A further apt repository: three files of ours, and nothing of others beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.model.packages import AptSource
from stacks.model.plan import Repository
from tasks.layout import ASIDE
from tasks.repositories import apt_files as files
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import source

ADDRESS = "http://mirror.example.org/repos/ubuntu2204/x86_64/"
KEYRING = b"the keys"
REPOSITORY = Repository(
    "nvidia-cuda", "apt", ADDRESS, "key.pub", ("A" * 40,), ("nvidia-*", "cuda-*-11-8")
)
PATH = files.key_path(REPOSITORY, KEYRING)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def host(sources: Iterable[AptSource] = (), managed: Mapping[str, str] = {}) -> HostState:
    """The bare host with our three files, and with other sources."""
    whole = {
        PATH: digest(KEYRING),
        files.sources_path(REPOSITORY): digest(files.sources_text(REPOSITORY, PATH).encode()),
        files.pins_path(REPOSITORY): digest(files.pins_text(REPOSITORY).encode()),
        **managed,
    }
    state = a_host.with_sources(*sources)
    return replace(state, managed_files={p: d for p, d in whole.items() if d})


def listed(uri: str = ADDRESS, file: str = "/etc/apt/sources.list.d/cuda.list") -> AptSource:
    return source("/", "", uris=(uri,), file=file)


def test_host_with_all_three_files_needs_nothing() -> None:
    assert not files.due(host(), REPOSITORY)


@pytest.mark.parametrize(
    "path", [PATH, files.sources_path(REPOSITORY), files.pins_path(REPOSITORY)]
)
def test_missing_or_changed_file_is_written_again(path: str) -> None:
    assert files.due(host(managed={path: ""}), REPOSITORY)
    assert files.due(host(managed={path: digest(b"by hand")}), REPOSITORY)


def test_other_fingerprints_make_the_key_be_fetched_again() -> None:
    assert files.due(host(), replace(REPOSITORY, fingerprints=("B" * 40,)))


def test_keyring_of_before_goes() -> None:
    old = files.key_path(REPOSITORY, b"the old keys")
    script = files.script(host(managed={old: digest(b"the old keys")}), REPOSITORY, KEYRING)
    assert f"rm -f {old}" in script
    assert f"rm -f {PATH}" not in script.splitlines()


def test_source_is_signed_by_our_keyring_alone() -> None:
    lines = files.sources_text(REPOSITORY, PATH).splitlines()
    assert f"URIs: {ADDRESS}" in lines
    assert "Suites: /" in lines
    assert f"Signed-By: {PATH}" in lines


def test_nothing_but_the_plans_packages_may_come_from_it() -> None:
    """``?*`` and not ``*``: a general record would lose against NVIDIA's own catch-all pin."""
    stanzas = files.pins_text(REPOSITORY).split("\n\n")[1:]
    assert stanzas == [
        "Package: nvidia-* cuda-*-11-8\nPin: release l=NVIDIA CUDA\nPin-Priority: 600",
        "Package: ?*\nPin: release l=NVIDIA CUDA\nPin-Priority: -1\n",
    ]


@pytest.mark.parametrize(
    "uri", [ADDRESS, ADDRESS.rstrip("/"), ADDRESS + ".", ADDRESS.replace("http:", "https:")]
)
def test_old_list_of_this_repository_is_moved_aside(uri: str) -> None:
    state = host([listed(uri)])
    assert files.due(state, REPOSITORY)
    script = files.script(state, REPOSITORY, KEYRING)
    assert "mv /etc/apt/sources.list.d/cuda.list /etc/apt/sources.list.d/cuda.list" in script
    assert ASIDE in script


@pytest.mark.parametrize(
    "uri", ["http://mirror.example.org/repos/ubuntu2404/x86_64/", "http://archive.example.org/"]
)
def test_list_of_another_repository_stays(uri: str) -> None:
    state = host([listed(uri)])
    assert not files.due(state, REPOSITORY)
    assert "mv /etc/apt/sources.list.d/cuda.list " not in files.script(state, REPOSITORY, KEYRING)


def test_file_that_names_other_archives_too_is_refused_and_not_moved() -> None:
    state = host([listed(), listed("http://archive.example.org/debian")])
    (found,) = files.shared(state, REPOSITORY)
    assert found.code == "SOURCE-SHARED"
    assert "/etc/apt/sources.list.d/cuda.list" in found.what


def test_hosts_main_list_is_never_moved() -> None:
    state = host([listed(file="/etc/apt/sources.list")])
    assert [c.code for c in files.shared(state, REPOSITORY)] == ["SOURCE-SHARED"]


def test_file_of_its_own_needs_no_refusal() -> None:
    assert files.shared(host([listed()]), REPOSITORY) == ()


TOOLKIT = replace(
    REPOSITORY,
    name="nvidia-container-toolkit",
    address="https://nvidia.github.io/libnvidia-container/stable/deb/amd64/",
    key="../../../gpgkey",
    source="toolkit",
)
DOCKER = replace(
    REPOSITORY,
    name="docker-ce",
    address="https://download.docker.com/linux/debian/",
    suite="bookworm",
    component="stable",
    arch="amd64",
    source="docker",
)


def test_old_list_that_leaves_the_architecture_to_apt_names_the_same_repository() -> None:
    """C7: the file of NVIDIA's old instructions, without the key."""
    old = listed(
        "https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH)",
        "/etc/apt/sources.list.d/nvidia-container-toolkit.list",
    )
    assert files.others(a_host.with_sources(old), TOOLKIT) == [old]


def test_repository_with_suites_names_suite_component_and_architecture() -> None:
    lines = files.sources_text(DOCKER, PATH).splitlines()
    assert "Suites: bookworm" in lines
    assert "Components: stable" in lines
    assert "Architectures: amd64" in lines


def test_other_suite_of_the_same_address_is_another_repository() -> None:
    uri = ("https://download.docker.com/linux/debian",)
    same = source("bookworm", "stable", uris=uri, file="/etc/apt/sources.list.d/docker.list")
    other = source("trixie", "stable", uris=uri, file="/etc/apt/sources.list.d/next.list")
    assert files.others(a_host.with_sources(same, other), DOCKER) == [same]


LOGIN = replace(REPOSITORY, address=ADDRESS.replace("http://", "http://ana:hunter2%24@"))


def test_login_lies_in_a_file_for_root_alone_and_nowhere_else() -> None:
    script = files.script(host(), LOGIN, KEYRING)
    assert f"settle {files.login_path(LOGIN)} 600 " in script
    assert "hunter2" not in script + files.sources_text(LOGIN, PATH) + files.pins_text(LOGIN)
    line = "machine http://mirror.example.org/repos/ubuntu2204/x86_64/ login ana password hunter2$"
    assert files.private(LOGIN).splitlines()[-1] == line


def test_login_that_comes_changes_or_goes_is_due() -> None:
    path, text = files.login_path(LOGIN), files.private(LOGIN)
    there = {path: digest(text.encode())}
    assert not files.due(host(managed=there), LOGIN)
    assert files.due(host(), LOGIN)
    assert files.due(host(managed={path: digest(b"another")}), LOGIN)
    assert files.due(host(managed=there), REPOSITORY)
    assert f"rm -f {path}" in files.script(host(managed=there), REPOSITORY, KEYRING)
    assert files.private(REPOSITORY) == ""
