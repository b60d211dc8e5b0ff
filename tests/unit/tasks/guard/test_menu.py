"""The host's own reading of GRUB's menu agrees with the controller's."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts.parse import grub, sections
from tasks.guard import program
from tests.unit.facts import golden_hosts
from tests.unit.facts.parse.test_grub import MENU
from tests.unit.mutated import mutated
from tests.unit.tasks.a_guarded_host import entry

AWKS = [a for a in (["mawk"], ["gawk", "--posix"], ["busybox", "awk"]) if shutil.which(a[0])]


def told(awk: list[str], config: list[str], env: dict[str, str]) -> list[list[str]]:
    """The lines of the awk program, in words."""
    done = subprocess.run(
        [*awk, program.menu()],
        input="".join(f"{line}\n" for line in config),
        env={
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C",
            "SAVED": env.get("saved_entry", ""),
            "ONCE": env.get("next_entry", ""),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return [line.split("\t") for line in done.stdout.splitlines()]


def next_kernel(awk: list[str], config: list[str], env: dict[str, str]) -> str | None:
    return next((words[1] for words in told(awk, config, env) if words[0] == "next"), None)


def expected(config: list[str], env: dict[str, str]) -> str | None:
    return (grub.next_boot(config, env) or (None,))[0]


@pytest.mark.parametrize("awk", AWKS, ids=lambda a: a[0])
@pytest.mark.parametrize(
    "wanted",
    ["", "0", "1", "2", "1>0", "1>1", "1>7", "Advanced>Old", "advanced>old", "1>old", "gone"]
    + ["Debian", "Advanced", "simple>old", "99999999"],
)
@pytest.mark.parametrize("variable", ["saved_entry", "next_entry"])
def test_next_kernel_is_the_same(awk: list[str], wanted: str, variable: str) -> None:
    saved = [line.replace('"0"', '"${saved_entry}"') for line in MENU]
    for config in (MENU, saved):
        env = {variable: wanted}
        assert next_kernel(awk, config, env) == expected(config, env)


@pytest.mark.parametrize(
    "name", ["debian-12-grub-next-entry.txt", "debian-12-grub-saved-entry.txt"]
)
def test_next_kernel_of_a_real_menu_is_the_same(name: str) -> None:
    section = sections.split(golden_hosts.lines(name))["kernels"]
    files = dict(section.files())
    env = grub.environment(files["/boot/grub/grubenv"])
    config = files["/boot/grub/grub.cfg"]
    answer = expected(config, env)
    assert answer is not None
    for awk in AWKS:
        assert next_kernel(awk, config, env) == answer


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["'A'", '"B b"', "c", "'A' --id x", "'D' --id=y"]), max_size=5),
    st.sampled_from(["0", "1", "A", "B b", "x", "y", "1>0", "c>A", "A>A", "2>1", ""]),
)
def test_any_menu_is_read_alike(names: list[str], wanted: str) -> None:
    config = [f'set default="{wanted}"']
    for at, name in enumerate(names):
        kind = "submenu" if at % 2 else "menuentry"
        config.append(f"{kind} {name} {{")
        if at % 2:
            config += [f"menuentry 'A' --id i{at} {{", f"linux /boot/vmlinuz-{at}.1-in", "}"]
        else:
            config.append(f"linux /vmlinuz-{at}.0-x root=/dev/vda1")
        config.append("}")
    assert next_kernel(AWKS[0], config, {}) == expected(config, {})


SHAPES = [
    *MENU,
    'set default="${saved_entry}"',
    "menuentry 'It'\\''s' --class os --id=quoted $menuentry_id_option 'gnulinux-1' {",
    'linux "/BOOT/ubuntu_5jf3xi@/vmlinuz-5.15.0-26-generic" root=ZFS="rpool/ROOT/ubuntu"',
    "}",
    "submenu --class os Bare {",
    "submenu 'Inner' --id inner {",
    "menuentry 01 --unrestricted {",
    "linuxefi ($root)/vmlinuz-6.1.0-1 ro",
    "}",
    "}",
    "}",
]
ODD = (
    *("'", '"', "\\", "'\\''", '\\"', "\t", " ", "{", "}", "=", ">", "0", "1", "1>1", "a", ""),
    *("--id", "--id=", "--class", "$menuentry_id_option", "${menuentry_id_option} b", "next_entry"),
    *("menuentry ", "submenu", "linux ", "/vmlinuz-1.0-x"),
    *("set default=", "set default=1", "set default='1>0'"),
)
RETURNS = ("\r", "\r}", "linux\r /vmlinuz-1.1-x")
"""GRUB takes carriage returns out."""
ENTRIES = ["", "0", "1", "2", "01", "1.0", "1e0", "3", "3>0", "3>0>0", "3>", ">0", "Bare>Inner>01"]
ENTRIES += ["It's", "gnulinux-1", "quoted", "gone", "99999999", "1>old", "Debian", "3>inner"]


def each_next(awk: list[str], menus: list[tuple[list[str], str, str]], folder: Path) -> list[str]:
    """The next kernel of each menu with its saved_entry and next_entry; one shell asks for all."""
    for at, (config, saved, once) in enumerate(menus):
        (folder / f"{at}.cfg").write_text("".join(f"{line}\n" for line in config))
        (folder / f"{at}.env").write_text(f"{saved}\n{once}\n")
    script = (
        f"cd {folder}; i=0; while [ -e $i.cfg ]; do "
        "{ IFS= read -r SAVED; IFS= read -r ONCE; } <$i.env; export SAVED ONCE; "
        f'{shlex.join(awk)} -f "$1" $i.cfg >$i.out || echo failed >$i.out; i=$((i + 1)); done'
    )
    (folder / "menu.awk").write_text(program.menu())
    done = subprocess.run(
        ["sh", "-c", script, "sh", str(folder / "menu.awk")],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    said = [(folder / f"{at}.out").read_text().splitlines() for at in range(len(menus))]
    return [
        next((line.split("\t")[1] for line in lines if line.startswith("next\t")), "")
        for lines in said
    ]


@pytest.mark.parametrize("awk", AWKS, ids=lambda a: a[0])
def test_damaged_menus_are_read_alike(awk: list[str], tmp_path: Path) -> None:
    chance = Random(1)
    menus = [
        (
            mutated(SHAPES, seed, (*ODD, *RETURNS))[:120],
            chance.choice(ENTRIES),
            chance.choice(["", *ENTRIES]),
        )
        for seed in range(100)
    ]
    wanted = [
        expected(config, {"saved_entry": saved, "next_entry": once}) or ""
        for config, saved, once in menus
    ]
    assert len(set(wanted)) > 4
    assert each_next(awk, menus, tmp_path) == wanted


def test_entry_of_a_kernel_is_one_that_boots_no_other() -> None:
    config = [
        *entry("Debian", "gnulinux-simple-U", "6.1.0-2-amd64").splitlines(),
        "submenu 'Advanced' $menuentry_id_option 'advanced-U' {",
        *entry(
            "Debian, 6.1.0-2-amd64", "gnulinux-6.1.0-2-amd64-advanced-U", "6.1.0-2-amd64"
        ).splitlines(),
        *entry("Recovery", "gnulinux-6.1.0-2-amd64-recovery-U", "6.1.0-2-amd64").splitlines(),
        *entry(
            "Debian, 6.1.0-1-amd64", "gnulinux-6.1.0-1-amd64-advanced-U", "6.1.0-1-amd64"
        ).splitlines(),
        "}",
    ]
    found = [words[1:] for words in told(AWKS[0], config, {}) if words[0] == "entry"]
    assert found == [
        ["6.1.0-2-amd64", "advanced-U>gnulinux-6.1.0-2-amd64-advanced-U"],
        ["6.1.0-1-amd64", "advanced-U>gnulinux-6.1.0-1-amd64-advanced-U"],
    ]
    for kernel, name in found:
        assert expected(config, {"next_entry": name}) is not None
        chosen = [f'set default="{name}"', *config]
        assert expected(chosen, {}) == kernel
