"""A module is built once: the `make` that hosts find first, run here in folders of its own."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.container import builds

KERNEL = "6.1.0-1-cloud-amd64"
REAL = """#!/bin/sh
echo "make $*" >>"{calls}"
[ ! -e broken ] || { echo no such member; exit 2; }
cat nvidia.c >nvidia.ko
mkdir -p deep && echo 2 >deep/nvidia-uvm.ko && echo object >nvidia.o
echo "  LD [M] nvidia.ko"
"""


@dataclass(frozen=True)
class Host:
    """Folders that stand for a host's, and the script with their paths in it."""

    place: Path

    @property
    def build(self) -> Path:
        return self.place / "dkms/nvidia/535/build"

    @property
    def calls(self) -> list[str]:
        """What the real make was called with."""
        file = self.place / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def make(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Call make in the build folder, as DKMS does."""
        plain = {key: value for key, value in os.environ.items() if key != "SSH_CONNECTION"}
        return subprocess.run(
            ["sh", str(self.place / "make.sh"), *(words or ("modules", f"KERNEL_UNAME={KERNEL}"))],
            cwd=self.build,
            env={**plain, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    def modules(self) -> dict[str, str]:
        """The modules in the build folder, which are taken away."""
        found = {}
        for file in sorted(self.build.rglob("*.ko")):
            found[str(file.relative_to(self.build))] = file.read_text()
            file.unlink()
        return found


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host(tmp_path)
    for folder in ("dkms/nvidia/535/build", f"modules/{KERNEL}/build/scripts", "kept", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "bin/gcc-12").write_text("a compiler\n")
    (made.build / "nvidia.c").write_text("int a;\n")
    (tmp_path / f"modules/{KERNEL}/build/.config").write_text("CONFIG_A=y\n")
    real = tmp_path / "make"
    real.write_text(REAL.replace("{calls}", str(tmp_path / "calls")))
    real.chmod(0o755)
    script = Path(builds.__file__).with_name("make.sh").read_text()
    for there, here in {
        "real=/usr/bin/make": f"real={real}",
        "listed /usr/bin /usr/lib/gcc": f"listed {tmp_path}/bin",
        "/run/gpuwright-sandbox/modules": f"{tmp_path}/kept",
        "/var/lib/dkms": f"{tmp_path}/dkms",
        "tree=/lib/modules": f"tree={tmp_path}/modules",
    }.items():
        assert there in script
        script = script.replace(there, here)
    (tmp_path / "make.sh").write_text(script)
    monkeypatch.setattr(builds, "MODULES", tmp_path / "kept")
    return made


TAKEN = "gpuwright's sandbox: built before, taken from its cache\n"
BUILT = {"deep/nvidia-uvm.ko": "2\n", "nvidia.ko": "int a;\n"}


def test_second_build_gives_the_modules_and_words_of_the_first(host: Host) -> None:
    first = host.make()
    assert (first.returncode, host.modules()) == (0, BUILT)
    (host.build / "nvidia.o").unlink()
    (host.build / "make.log").write_text("DKMS make.log, another time\n")
    for folder in (host.place / "modules" / KERNEL / "build/scripts", host.place / "bin"):
        os.utime(folder, (1, 1))  # unpacked at another time, on another host
    second = host.make()
    assert (second.returncode, host.modules()) == (0, BUILT)
    assert second.stdout == first.stdout + TAKEN
    assert len(host.calls) == 1
    builds.forget()
    assert host.make().stdout == first.stdout
    assert len(host.calls) == 2


@pytest.mark.parametrize("changed", ["source", "kernel", "compiler", "words", "flags"])
def test_what_differs_is_built(host: Host, changed: str) -> None:
    host.make()
    host.modules()
    (host.build / "nvidia.o").unlink()
    more: dict[str, str] = {}
    words: tuple[str, ...] = ("modules", f"KERNEL_UNAME={KERNEL}")
    if changed == "source":
        (host.build / "nvidia.c").write_text("int b;\n")
    elif changed == "kernel":
        (host.place / f"modules/{KERNEL}/build/.config").write_text("CONFIG_A=m\n\n")
    elif changed == "compiler":
        (host.place / "bin/gcc-12").unlink()
    elif changed == "words":
        words = (*words, "CC=gcc-9")
    else:
        more = {"KCFLAGS": "-g0"}
    host.make(*words, **more)
    assert len(host.calls) == 2


def test_build_that_fails_is_not_kept(host: Host) -> None:
    (host.build / "broken").touch()
    for attempt in (1, 2):
        done = host.make()
        assert (done.returncode, done.stdout) == (2, "no such member\n")
        assert len(host.calls) == attempt


def test_what_a_person_types_over_ssh_is_built_unless_a_package_calls_it(host: Host) -> None:
    typed = {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}
    for attempt in (1, 2):
        host.make(**typed)
        assert len(host.calls) == attempt
        host.modules()
        (host.build / "nvidia.o").unlink()
    host.make(**typed, DPKG_MAINTSCRIPT_NAME="postinst")
    (host.build / "nvidia.o").unlink()
    assert len(host.calls) == 3
    host.modules()
    host.make(**typed, DPKG_MAINTSCRIPT_NAME="postinst")
    assert host.modules() == BUILT
    assert len(host.calls) == 3


def test_cleaning_and_other_work_is_make_s_own(host: Host) -> None:
    for words in (("clean", f"KERNEL_UNAME={KERNEL}"), ("all",), ("modules",)):
        host.make(*words)
    assert host.calls == [f"make clean KERNEL_UNAME={KERNEL}", "make all", "make modules"]
    assert not list(builds.MODULES.iterdir())


def test_initramfs_of_a_container_is_small_unless_it_is_set_already(tmp_path: Path) -> None:
    (tmp_path / "usr/sbin").mkdir(parents=True)
    builds.write(tmp_path)
    assert not (tmp_path / "etc").exists()
    folder = tmp_path / "etc/initramfs-tools/conf.d"
    folder.mkdir(parents=True)
    builds.write(tmp_path)
    (file,) = folder.iterdir()
    assert "MODULES=list" in file.read_text().split()
    file.write_text("MODULES=most\n")
    builds.write(tmp_path)
    assert file.read_text() == "MODULES=most\n"


@pytest.mark.usefixtures("host")
def test_host_has_it_before_its_own_and_keeps_what_it_built(tmp_path: Path) -> None:
    (tmp_path / "root/usr/sbin").mkdir(parents=True)
    builds.write(tmp_path / "root")
    builds.write(tmp_path / "root")
    (link,) = (tmp_path / "root/usr/sbin").iterdir()
    assert link.name == "make"
    place = tmp_path / "root" / str(link.readlink()).lstrip("/")
    assert os.access(place, os.X_OK) and [*place.parent.iterdir()] == [place]
    assert builds.words() == [f"--bind={tmp_path}/kept:/run/gpuwright-sandbox/modules"]


@pytest.mark.usefixtures("host")
def test_host_without_make_has_none_of_ours_to_run(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for folder in ("usr/sbin", "usr/bin", "etc/apt/apt.conf.d"):
        (root / folder).mkdir(parents=True)
    ours, theirs = root / "usr/sbin/make", root / "usr/bin/make"
    builds.write(root)
    assert not ours.is_symlink()
    theirs.write_text("#!/bin/sh\n")
    theirs.chmod(0o755)
    builds.write(root)
    assert ours.is_symlink()

    (file,) = (root / "etc/apt/apt.conf.d").iterdir()
    hook = file.read_text().partition('"')[2].rpartition('"')[0].replace("/usr/", f"{root}/usr/")
    for there in (False, True, True, False, False):
        theirs.unlink(missing_ok=True)
        if there:
            theirs.write_text("#!/bin/sh\n")
            theirs.chmod(0o755)
        subprocess.run(["sh", "-c", hook], check=True)
        assert ours.is_symlink() is there
        assert not there or os.access(ours, os.X_OK)
