"""What is decided about an image on a host before it is touched."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from facts.parse.images import ImageState, parse
from facts.parse.sections import ProbeError
from stacks.model.containers import ImageService
from tasks.hostdata.image import ImageSettings, image_settings
from tasks.image import image_conflicts, image_verdict
from tasks.image.work import Work, lacking_tools, target
from tests.unit.tasks.an_image import recipe

DOCKER = ImageState(
    server="20.10.24", client="20.10.24", root="/var/lib/docker", root_free_mb=90_000
)
NEW = replace(DOCKER, server="26.1.5", client="26.1.5")
BUILD = ImageSettings("build", 1000, "", "", False, "", 0)
OWN = recipe().exact_name


def work(**changes: object) -> Work:
    return Work(recipe(), replace(BUILD, **changes))  # type: ignore[arg-type]


def codes(state: ImageState, asked: Work | None = None) -> list[str]:
    return [c.code for c in image_conflicts.of_work(asked or work(), state)]


def test_nothing_speaks_against_a_host_with_docker_and_room() -> None:
    assert codes(DOCKER) == []


def test_docker_that_does_not_answer_is_said_in_its_own_words() -> None:
    (found,) = image_conflicts.of_work(work(), ImageState(why="docker version: permission denied"))
    assert (found.code, found.why) == ("IMAGE-NO-DOCKER", "docker version: permission denied")


def test_small_disk_is_refused_with_both_numbers() -> None:
    (found,) = image_conflicts.of_work(work(), replace(DOCKER, root_free_mb=9_000))
    assert found.code == "DISK-SMALL"
    assert "9,000 MiB are free" in found.why and "image and cache of its build" in found.why


def test_image_that_is_there_needs_no_disk() -> None:
    assert codes(replace(DOCKER, root_free_mb=100, images={OWN: "sha256:1"})) == []


def test_file_to_save_needs_room_where_it_lies() -> None:
    state = replace(DOCKER, images={OWN: "sha256:1"}, file_free_mb=10)
    (found,) = image_conflicts.of_work(work(save="/srv/images/x.tar.zst"), state)
    assert "/srv/images" in found.what


def test_nothing_is_built_without_a_lock_for_the_services() -> None:
    service = ImageService({"jupyterlab": "1"}, "workspace-y.txt", False)
    assert codes(DOCKER, Work(recipe(service=service), BUILD)) == ["LOCK-MISSING"]


def test_packages_of_a_repository_are_refused_in_an_image() -> None:
    cuda = replace(recipe().plan.cuda, origin="nvidia")  # type: ignore[type-var]
    assert codes(DOCKER, Work(recipe(cuda=cuda), BUILD)) == ["IMAGE-ORIGIN"]


def test_way_back_leads_over_images_that_are_still_there() -> None:
    record = {"history": ["pytorch-cuda:v2.9-a", "pytorch-cuda:v2.9-b", OWN]}
    state = replace(DOCKER, record=record, images={"pytorch-cuda:v2.9-a": "1", OWN: "2"})
    assert target(work(rollback=1), state) == "pytorch-cuda:v2.9-a"
    assert codes(state, work(rollback=2)) == ["ROLLBACK-NONE"]


@pytest.mark.parametrize(
    ("asked", "state", "packages"),
    [
        (work(), DOCKER, []),
        (work(), NEW, ["docker-buildx"]),
        (work(), replace(NEW, buildx=True), []),
        (work(), replace(NEW, images={OWN: "1"}), []),
        (work(save="/srv/x.tar.zst"), DOCKER, ["zstd"]),
        (work(source="tar", tar="/x"), NEW, ["zstd"]),
        (work(source="registry", registry="r:5000"), NEW, []),
    ],
)
def test_only_tools_that_are_needed_are_installed(
    asked: Work, state: ImageState, packages: list[str]
) -> None:
    assert lacking_tools(asked, state) == packages


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"image_from": "magic"}, "one of build, tar, registry"),
        ({"image_from": "tar"}, "image_tar beside it"),
        ({"image_tar": "/nowhere/x.tar.zst"}, "a file of this machine"),
        ({"image_push": True}, "image_registry beside it"),
        ({"image_registry": "https://me:secret@r.example.org"}, "without https://"),
        ({"image_save": "x.tar.zst"}, "an absolute path"),
        ({"image_uid": 0}, "from 500 to 60000"),
        ({"bundle": ["x"]}, "a folder of this machine"),
        (
            {"image_apt": ["http://me:secret@mirror.example.org bookworm main"]},
            "apt's one-line form",
        ),
    ],
)
def test_odd_host_data_is_named(data: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        image_settings(data)


def test_password_in_an_apt_line_is_never_said() -> None:
    secret = "http://me:secret@mirror.example.org/debian bookworm main"
    assert "secret" not in repr(image_settings({"image_apt": [f"deb {secret}"]}))
    with pytest.raises(ValueError) as caught:
        image_settings({"image_apt": [secret]})
    assert "secret" not in str(caught.value)


def test_answer_of_the_host_is_read() -> None:
    record = base64.b64encode(json.dumps({"name": "x"}).encode()).decode()
    state = parse(
        [
            f"record {record}",
            "version 26.1.5+dfsg1 26.1.5",
            "image pytorch-cuda:v2.9 sha256:ab",
            "root_free_mb 12",
            'base_layers ["sha256:cd","sha256:ef"]',
            "same_disk no",
            "end",
        ]
    )
    assert state.record == {"name": "x"} and state.images == {"pytorch-cuda:v2.9": "sha256:ab"}
    assert state.base_layers == ("sha256:cd", "sha256:ef")
    assert (state.client, state.root_free_mb, state.same_disk) == ("26.1.5", 12, False)


def test_answer_that_is_cut_off_is_none() -> None:
    with pytest.raises(ProbeError):
        parse(["version 26.1.5 26.1.5"])


def test_look_at_a_machine_without_docker_says_so(tmp_path: Path) -> None:
    script = Path("facts/images.sh").read_text().replace("command -v docker", "false")
    done = subprocess.run(
        ["sh", "-s", "--", "pytorch-cuda", str(tmp_path / "x")],
        input=script,
        capture_output=True,
        text=True,
        check=True,
    )
    assert parse(done.stdout.splitlines()).why == "docker is not there"


DOCKER_STANDIN = """\
docker() {
    case $1 in
    version) echo 20.10.24 20.10.24 ;;
    info) echo / ;;
    buildx) false ;;
    image) printf '%s\\n' 'pytorch-cuda:v2.9 sha256:ab' 'r:5000/pytorch-cuda:v2.9 sha256:ab' \\
        'not-pytorch-cuda:v2.9 sha256:cd' ;;
    esac
}
bound() { "$@"; }
"""


def test_look_finds_images_of_this_name_in_any_registry() -> None:
    script = Path("facts/images.sh").read_text()
    kept = [line for line in script.splitlines() if not line.startswith("bound()")]
    done = subprocess.run(
        ["sh", "-s", "--", "pytorch-cuda", ""],
        input=DOCKER_STANDIN + "\n".join(kept) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    found = parse(done.stdout.splitlines())
    assert found.images == {
        "pytorch-cuda:v2.9": "sha256:ab",
        "r:5000/pytorch-cuda:v2.9": "sha256:ab",
    }
    assert (found.server, found.buildx) == ("20.10.24", False)


@pytest.mark.parametrize(("base", "layers"), [("debian:x", ("sha256:cd",)), ("gone:x", None)])
def test_look_tells_the_layers_of_a_base(base: str, layers: tuple[str, ...] | None) -> None:
    script = Path("facts/images.sh").read_text()
    kept = [line for line in script.splitlines() if not line.startswith("bound()")]
    told = """docker() { case "$1 $2 $5" in
        version*) echo 20.10.24 20.10.24 ;;
        "image inspect debian:x") echo '["sha256:cd"]' ;;
        *) return 1 ;;
        esac; }
        bound() { "$@"; }
    """
    done = subprocess.run(
        ["sh", "-s", "--", "pytorch-cuda", "", base],
        input=told + "\n".join(kept) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert parse(done.stdout.splitlines()).base_layers == layers


def test_self_test_that_gives_no_answer_is_critical() -> None:
    found = image_verdict.judged("docker: Error response from daemon\nstatus 125\n")
    assert found.verdict == "CRITICAL" and found.faults
    assert "status 125: docker: Error response" in found.faults[0]


def test_self_test_runs_with_the_words_that_give_gpus() -> None:
    asked = replace(work(), gpu_words=("--gpus", "all"))
    text = image_verdict.self_test(asked, gpus=True)
    assert f"docker run --rm --network none --gpus all --shm-size 1g {OWN} selftest" in text
    assert "--gpus" not in image_verdict.self_test(asked, gpus=False)
