"""What a removal goes by, read from lines as the host prints them."""

from __future__ import annotations

import pytest

from facts.parse.removal import named, traces
from facts.parse.sections import ProbeError

M = "##gpuwright-probe 1 N"
NOTES = {
    "since": "first",
    "packages": "bash 5.2\ngcc:amd64 12\nold 1 settings\nkernel-devel.x86_64 5.14-1",
    "manual": "bash",
    "holds": "bash",
    "users": "root",
    "groups": "root",
    "units": "docker.service enabled",
    "folders": "/etc/docker",
}
NOW = {
    "packages": "ii \tbash\t5.2\tyes\tlibc6 (>= 2.36), \t\nii \tdkms\t3\tno\t, make | gmake\t\n"
    "rc \tgone\t1\tno\t, \t\nun \theard-of\t\tno\t, \t\nii \tkernel-devel.x86_64\t5.14-2\tno\t\t",
    "manual": "bash\ndkms",
    "holds": "dkms",
    "users": "root\ndnsmasq",
    "groups": "root\ndocker",
    "docker_group": "ana",
}
FILES = {
    "named": "/etc/modprobe.d/gpuwright-nouveau.conf",
    "folders": "/opt/gpuwright|120\n/usr/local/cuda-11.8|",
    "settings": '/etc/docker/daemon.json|{"a": "b|c"}',
}


def said(**sections: dict[str, str]) -> list[str]:
    whole: dict[str, dict[str, str]] = {
        **{
            "before": NOTES,
            "brought": {},
            "pending": {},
            "now": NOW,
            "files": FILES,
            "engines": {},
            "units": {},
        },
        **sections,
    }
    lines = [M]
    for section, parts in whole.items():
        lines.append(f"##N {section}")
        for part, text in parts.items():
            lines += [f"##N @{part}", *text.splitlines()]
    return [*lines, "##N end"]


def test_notes_and_what_is_there_are_read() -> None:
    found = traces(said(brought={"came": "dkms 3 \nmake 4", "docker-users": "ana\nana"}))
    assert found.before is not None and found.before.whole
    assert found.before.packages["gcc:amd64"] == "12" and found.before.settings == ("old",)
    assert found.before.units == {"docker.service": "enabled"}
    assert found.brought.packages == {"dkms": "3", "make": "4"}
    assert found.brought.docker_users == {"ana"}
    assert {one.name for one in found.installed} == {
        *("bash", "dkms", "gone", "kernel-devel.x86_64 5.14-2")
    }
    bash, dkms = found.installed[:2]
    assert bash.essential and dkms.depends == ", make | gmake"
    assert found.folders == {"/opt/gpuwright": 120, "/usr/local/cuda-11.8": 0}
    assert found.daemon_json == '{"a": "b|c"}' and found.daemon_json_before is None


def test_host_without_notes_has_none() -> None:
    found = traces(said(before={}))
    assert found.before is None and not found.brought.packages


def test_note_of_an_older_host_says_so() -> None:
    found = traces(said(before={**NOTES, "since": "later"}))
    assert found.before is not None and not found.before.whole


def test_transaction_that_was_cut_off_is_made_up() -> None:
    began = {
        "packages": "bash 5.2\nnvidia-535 535",
        "manual": "bash",
        "users": "root",
        "groups": "root",
    }
    found = traces(said(pending=began)).brought
    assert set(found.packages) == {"dkms", "gone", "kernel-devel.x86_64 5.14-2"}
    assert found.gone == ("nvidia-535 535",)
    assert found.manual == {"dkms"} and found.users == {"dnsmasq"} and found.groups == {"docker"}


def test_pending_look_that_is_not_whole_counts_as_none() -> None:
    assert traces(said(pending={"packages": "bash 5.2"})).brought.packages == {}


def test_what_rpm_says_is_needed_has_the_names_of_notes() -> None:
    needed = "libnvidia-ml-580.1-1.el9.x86_64|nvtop-3.0\nkernel-devel-5.14-2.x86_64|x"
    found = traces(said(now={**NOW, "needed": needed})).needed
    assert found == {"libnvidia-ml.x86_64": "nvtop-3.0", "kernel-devel.x86_64 5.14-2": "x"}


def test_key_of_our_repository_is_ours_whenever_dnf_imported_it() -> None:
    keys = "ii \tgpg-pubkey.(none)\teea7a669-6b0d856a\tno\t\t\n"
    keys += "ii \tgpg-pubkey.(none)\t0608b895-4bd22942\tno\t\t"
    found = traces(said(now={**NOW, "packages": keys, "keys": "eea7a669"})).brought.packages
    assert found == {"gpg-pubkey.(none) eea7a669-6b0d856a": "eea7a669-6b0d856a"}


def test_containers_and_images_are_read() -> None:
    record = '{"name": "pytorch-cuda:v2.9", "history": ["pytorch-cuda:v2.9-1", 7]}'
    engines = {
        "containers": "ws|running|alice\nweb|exited|",
        "images": "pytorch-cuda:v2.9",
        "image_record": record,
    }
    found = traces(said(engines=engines))
    assert [(c.name, c.running, c.workspace) for c in found.containers] == [
        ("ws", True, "alice"),
        ("web", False, ""),
    ]
    assert found.image_names == ("pytorch-cuda:v2.9", "pytorch-cuda:v2.9-1")


@pytest.mark.parametrize("record", ["", "[1]", "{", '{"history": 7}'])
def test_damaged_note_of_the_image_names_none(record: str) -> None:
    assert traces(said(engines={"image_record": record})).image_names == ()


def test_answer_that_is_cut_off_is_refused() -> None:
    with pytest.raises(ProbeError, match="cut off"):
        traces(said()[:-1])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("kernel-devel.x86_64", "kernel-devel.x86_64 1"), ("gpg-pubkey.(none)", "gpg-pubkey.(none) 1")]
    + [(name, name) for name in ("bash", "linux-image-6.1", "libkernel.x86_64")],
)
def test_only_of_some_packages_the_version_is_in_the_name(name: str, expected: str) -> None:
    assert named(name, "1") == expected
