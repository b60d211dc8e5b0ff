"""The `make` of throwaway hosts: an equal build is taken from the last, any other is real."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sandbox.container import builds

REAL = """\
#!/bin/sh
echo "$PWD $*" >>{runs}
[ ! -e fail ] || exit 2
mkdir -p deep
cat *.c >nvidia.ko
cat *.c >deep/other.ko
: >Module.symvers
"""
"""Stands for the host's own make."""


class Builder:
    """A folder that stands for a host's ``/`` as far as builds go."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.build = root / "dkms/nvidia/1/build"
        self.headers = root / "headers"
        for folder in (self.build, self.headers, root / "store", root / "usr/local/sbin"):
            folder.mkdir(parents=True)
        (self.headers / "Makefile").write_text("# of a kernel\n")
        builds.write(root)
        self.program = root / "usr/local/sbin/make"
        text = self.program.read_text()
        for there, here in {
            "make=/usr/bin/make": f"make={root}/make",
            "/var/lib/dkms": f"{root}/dkms",
            "store=/var/cache/gpuwright-sandbox": f"store={root}/store",
            "mountpoint -q": "test -d",
        }.items():
            assert there in text
            text = text.replace(there, here)
        self.program.write_text(text)
        real = root / "make"
        real.write_text(REAL.format(runs=root / "runs"))
        real.chmod(0o755)
        self.prepare("int a;\n")

    def prepare(self, source: str) -> None:
        """A build folder as DKMS makes it: a copy of the source, and a log that has begun."""
        subprocess.run(["rm", "-r", str(self.build)], check=True)
        self.build.mkdir()
        (self.build / "a.c").write_text(source)
        (self.build / "make.log").write_text(f"began {id(object())}\n")

    def run(self, *words: str, folder: Path | None = None) -> int:
        """Run it as DKMS does; gives its exit status."""
        call = [str(self.program), *(words or ("-C", str(self.headers), "modules"))]
        return subprocess.run(
            call, cwd=folder or self.build, stdout=subprocess.DEVNULL, check=False
        ).returncode

    @property
    def runs(self) -> int:
        """How often the host's own make ran."""
        runs = self.root / "runs"
        return len(runs.read_text().splitlines()) if runs.exists() else 0


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    return Builder(tmp_path)


def test_equal_build_is_taken_from_the_last(builder: Builder) -> None:
    for _ in range(2):
        builder.prepare("int a;\n")
        assert builder.run() == 0
        assert (builder.build / "nvidia.ko").read_text() == "int a;\n"
        assert (builder.build / "deep/other.ko").read_text() == "int a;\n"
        assert (builder.build / "Module.symvers").exists()
    assert builder.runs == 1


def test_how_many_compilers_run_makes_no_other_module(builder: Builder) -> None:
    for jobs in ("-j2", "-j16"):
        builder.prepare("int a;\n")
        assert builder.run(jobs, "-C", str(builder.headers)) == 0
    assert builder.runs == 1


def test_without_the_folder_of_all_hosts_each_build_is_real(builder: Builder) -> None:
    (builder.root / "store").rmdir()
    assert (builder.run(), builder.run()) == (0, 0)
    assert builder.runs == 2


def test_other_source_is_built(builder: Builder) -> None:
    builder.run()
    builder.prepare("int b;\n")
    assert builder.run() == 0
    assert (builder.build / "nvidia.ko").read_text() == "int b;\n"
    assert builder.runs == 2


def test_other_words_headers_or_compiler_are_a_real_build(
    builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def runs(*words: str) -> int:
        builder.prepare("int a;\n")
        assert builder.run(*words) == 0
        return builder.runs

    words = ("-C", str(builder.headers), "modules")
    assert (runs(*words), runs(*words)) == (1, 1)
    assert runs(*words, "CC=gcc-9") == 2
    (builder.headers / "more.h").write_text("\n")
    assert runs(*words) == 3
    monkeypatch.setenv("CC", "gcc-9")
    assert runs(*words) == 4


def test_build_that_fails_fails_each_time(builder: Builder) -> None:
    for _ in range(2):
        builder.prepare("int a;\n")
        (builder.build / "fail").touch()
        assert builder.run() == 2
    assert builder.runs == 2
    assert list((builder.root / "store").iterdir()) == []


@pytest.mark.parametrize("words", [("clean",), ("-f", "-", "show-CC"), ("-C", "/nowhere")])
def test_what_names_no_kernel_is_make_itself(builder: Builder, words: tuple[str, ...]) -> None:
    assert (builder.run(*words), builder.run(*words)) == (0, 0)
    assert builder.runs == 2


def test_elsewhere_it_is_make_itself(builder: Builder) -> None:
    elsewhere = builder.root / "src"
    elsewhere.mkdir()
    (elsewhere / "a.c").touch()
    words = ("-C", str(builder.headers))
    assert [builder.run(*words, folder=elsewhere) for _ in range(2)] == [0, 0]
    assert builder.runs == 2


def test_host_without_make_has_none(builder: Builder) -> None:
    (builder.root / "make").unlink()
    assert builder.run() == 127
