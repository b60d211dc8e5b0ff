"""The shell of a removal: sound, quoted, and in an order that can be cut off."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from facts.removal_model import Installed
from tasks.packages import removal
from tasks.removal import removal_plan, scripts
from tasks.removal.package_set import PackageSet
from tasks.removal.removal_plan import RemovalPlan
from tests.plain_shell import assert_plain
from tests.unit.tasks.removal.test_removal_plan import made, plan

ODD = "/etc/apt/sources.list.d/it's a file; touch hurt"
WHOLE = replace(
    plan(made(), loaded=True),
    files=(ODD, "/etc/systemd/system/x.service.d/gpuwright.conf"),
    guard=(
        ODD,
        "/etc/default/grub.d/zz-gpuwright.cfg",
        "/var/lib/prometheus/node-exporter/gpuwright.prom",
    ),
    put_back=(f"{ODD}.gpuwright-old",),
    images=("a:b", "it's; c"),
    users=("nvidia-persistenced",),
    groups=("docker",),
    docker_members=("ana",),
    loader=("/etc/ld.so.conf.d/000_cuda.conf",),
    locks=("gpuwright", "gpuwright kernel"),
    pull=(
        "/etc/systemd/system/gpuwright-pull.service",
        "/srv/it's/gpuwright_pull.prom",
    ),
    made=("/srv/it's",),
    containerd=("/etc/containerd/config.toml", "/etc/containerd/conf.d/99-nvidia.toml"),
    stream=True,
    folders=(("/usr/local/cuda-11.8", 1), (removal_plan.STATE, 1), ("/opt/gpuwright", 2)),
)
TEXTS = {
    f"{name} {manager}": text
    for manager in ("apt", "dnf")
    for name, text in {
        "guard": scripts.guard(WHOLE),
        "holds": scripts.holds(WHOLE),
        "images": scripts.images(WHOLE.images),
        "pull": scripts.pull(WHOLE),
        "containerd": scripts.containerd(WHOLE.containerd),
        "packages": scripts.packages(WHOLE, manager),
        "settings": scripts.settings(WHOLE, manager),
        "folders": scripts.folders(WHOLE),
    }.items()
}


@pytest.mark.parametrize("name", TEXTS)
def test_shell_is_sound(name: str) -> None:
    assert_plain(f"set -eu\n{TEXTS[name]}\n", "SC2086")  # words of modules are to be split


def test_notes_go_last_and_with_them_nothing_is_known_any_more() -> None:
    lines = scripts.folders(WHOLE).split(" &&\n")
    assert lines[-1] == "rm -rf --one-file-system /var/lib/gpuwright"
    assert "! -name before ! -name brought" in lines[-2]


def test_toolkit_of_others_that_made_room_comes_back() -> None:
    assert "mv -T /usr/local/cuda-11.8.before /usr/local/cuda-11.8" in scripts.folders(WHOLE)


@pytest.mark.parametrize(
    ("mounts", "code"),
    [
        ("/dev/sda1 / ext4 rw 0 0", 0),
        ("/dev/sda1 /opt/gpuwrighter/x ext4 rw 0 0", 0),
        ("/dev/sda1 /opt/gpuwright/lib/code ext4 rw 0 0", 1),
    ],
)
def test_nothing_goes_while_something_is_mounted_below(
    tmp_path: Path, mounts: str, code: int
) -> None:
    (tmp_path / "mounts").write_text(f"{mounts}\n")
    text = scripts.folders(replace(WHOLE, folders=(("/opt/gpuwright", 1),)))
    text = text.replace("/proc/self/mounts", str(tmp_path / "mounts"))
    text = text.replace("rm -rf --one-file-system /opt/gpuwright", "echo gone")
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == code and ("gone" in done.stdout) is (code == 0)


def test_initramfs_is_due_from_before_the_blacklist_goes_until_it_is_made() -> None:
    text = scripts.settings(WHOLE, "apt")
    order = [text.index(w) for w in (f": >{scripts.DUE}", "rm -f", "update-initramfs")]
    assert order == sorted(order) and text.rstrip().endswith(f"rm -f {scripts.DUE}")


def test_grub_s_drop_in_tells_of_itself_until_the_menu_is_made_again() -> None:
    text = scripts.guard(replace(WHOLE, guard=("/etc/default/grub.d/zz-gpuwright.cfg.going",)))
    order = [
        text.index(word) for word in ("mv /etc/default", "update-grub >", "rm -f /etc/default")
    ]
    assert order == sorted(order)


def test_holds_end_before_the_files_that_tell_of_them_go() -> None:
    text = scripts.holds(plan(made()))
    assert text.index("apt-mark unhold nvidia-smi") < text.index("preferences.d/gpuwright")


def test_nothing_due_makes_no_shell_of_packages() -> None:
    assert "purge" not in scripts.packages(RemovalPlan(users=("x",)), "apt")
    assert "rpm -e" in scripts.packages(WHOLE, "dnf") and "dnf remove" not in TEXTS["packages dnf"]


def run(folder: Path, simulation: str) -> subprocess.CompletedProcess[str]:
    """Purge two packages where apt says this of it."""
    programs = folder / "bin"
    programs.mkdir()
    texts = {
        "apt-get": f"case $* in *' -s '*) cat {folder}/told ;; *) echo purged >{folder}/done\nesac",
        "dpkg": ":",
    }
    for name, text in texts.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    (folder / "told").write_text(simulation)
    goes = [Installed("nvidia-smi", "1"), Installed("libcuda1:amd64", "1")]
    script = removal.purged(goes, str(folder / "paths"))
    return subprocess.run(
        ["sh", "-euc", script],
        cwd=folder,
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_purge_that_takes_just_these_is_done(tmp_path: Path) -> None:
    done = run(tmp_path, "Purg nvidia-smi [1]\nPurg libcuda1 [1] [x:amd64 ]\n")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "done").read_text() == "purged\n"


@pytest.mark.parametrize("more", ["Remv nvtop [3]", "Purg bash [5]", "Inst other (1 Debian)"])
def test_purge_that_would_do_more_is_not_done(tmp_path: Path, more: str) -> None:
    done = run(tmp_path, f"Purg nvidia-smi [1]\nPurg libcuda1 [1]\n{more}\n")
    assert done.returncode == 1 and more.split()[1] in done.stdout
    assert not (tmp_path / "done").exists()


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ({"aside": "package's", "before": "older"}, "package's"),
        ({"before": "theirs"}, "theirs"),
        ({}, None),
    ],
    ids=["moved-aside", "copied-before", "new"],
)
def test_containerd_s_file_is_as_it_was(
    tmp_path: Path, there: dict[str, str], expected: str | None
) -> None:
    folder = tmp_path / "etc/containerd"
    folder.mkdir(parents=True)
    config = folder / "config.toml"
    config.write_text("ours")
    notes, was = tmp_path / "notes", tmp_path / f"notes/files{config}"
    was.parent.mkdir(parents=True)
    (notes / "folders").write_text("")
    if "aside" in there:
        config.with_name("config.toml.gpuwright-old").write_text(there["aside"])
    if "before" in there:
        was.write_text(there["before"])
    script = scripts.containerd((str(config),)).replace(scripts.BEFORE, str(notes))
    subprocess.run(["sh", "-euc", script.replace(scripts.BROUGHT, str(notes))], check=True)
    assert (config.read_text() if config.exists() else None) == expected
    assert folder.exists() is (expected is not None)
    assert not config.with_name("config.toml.gpuwright-old").exists()


@pytest.mark.parametrize("package", [left[0] for left in scripts.LEFT])
def test_what_programs_have_made_goes_with_their_package_where_it_is_new(package: str) -> None:
    folder = next(left[1] for left in scripts.LEFT if left[0] == package)
    text = scripts.packages(replace(WHOLE, packages=PackageSet((Installed(package, "1"),))), "apt")
    assert f"grep -qsxF -- {folder} {scripts.BEFORE}/folders; then" in text
    assert folder not in scripts.packages(WHOLE, "apt")
