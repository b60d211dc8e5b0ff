"""Is the next boot served? What deploys decide, and the guard's shell beside it, over one table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from facts.model.driver import ModuleFile
from facts.model.host import HostState
from tasks.driver import state as driver_state
from tests.unit.tasks import a_host
from tests.unit.tasks.a_guarded_host import DRIVER, NEW, OLD, GuardedHost

OTHER = "535.309.01"


@dataclass(frozen=True)
class Module:
    """A module file, and what modinfo says of it."""

    kernel: str
    version: str = DRIVER
    built_for: str = ""
    """The kernel in vermagic; empty: modinfo does not say."""
    name: str = "nvidia.ko"


@dataclass(frozen=True)
class Situation:
    """A host: its kernels, the one that boots next, its modules, and the driver's libraries."""

    kernels: tuple[str, ...]
    boots: str | None
    modules: tuple[Module, ...] = ()
    libraries: str = DRIVER


BOTH = (OLD, NEW)
SITUATIONS = {
    "one kernel with its module": (Situation((OLD,), OLD, (Module(OLD, built_for=OLD),)), True),
    "modinfo says little": (Situation((OLD,), OLD, (Module(OLD, version=""),)), True),
    "Debian's name": (Situation((OLD,), OLD, (Module(OLD, name="nvidia-current.ko"),)), True),
    "compressed": (Situation((OLD,), OLD, (Module(OLD, name="nvidia.ko.zst"),)), True),
    "a kind of its own": (Situation((OLD,), OLD, (Module(OLD, name="nvidia-535srv.ko"),)), True),
    "tesla": (Situation((OLD,), OLD, (Module(OLD, name="nvidia-tesla-470.ko.xz"),)), True),
    "only a fellow of it": (Situation((OLD,), OLD, (Module(OLD, name="nvidia-uvm.ko"),)), False),
    "another's module": (Situation((OLD,), OLD, (Module(OLD, name="nvidia-drm.ko.xz"),)), False),
    "no module": (Situation((OLD,), OLD), False),
    "module of the older kernel only": (Situation(BOTH, NEW, (Module(OLD),)), False),
    "module of both kernels": (Situation(BOTH, NEW, (Module(OLD), Module(NEW))), True),
    "an older kernel is chosen": (Situation(BOTH, OLD, (Module(OLD),)), True),
    "an older kernel is chosen and has none": (Situation(BOTH, OLD, (Module(NEW),)), False),
    "built for another kernel": (Situation(BOTH, NEW, (Module(NEW, built_for=OLD),)), False),
    "of another driver": (Situation((OLD,), OLD, (Module(OLD, version=OTHER),)), False),
    "of another driver and kernel": (Situation(BOTH, NEW, (Module(NEW, OTHER, OLD),)), False),
    "libraries moved alone": (Situation((OLD,), OLD, (Module(OLD),), libraries=OTHER), False),
    "no libraries": (Situation((OLD,), OLD, (Module(OLD),), libraries=""), False),
    "no kernel": (Situation((), None), False),
}
EACH = pytest.mark.parametrize(
    ("situation", "served"), list(SITUATIONS.values()), ids=list(SITUATIONS)
)


def seen(situation: Situation) -> HostState:
    """The situation as the probe tells of it."""
    state = a_host.bare()
    one = state.kernels.installed[0]
    modules = tuple(
        ModuleFile(
            m.kernel,
            f"/lib/modules/{m.kernel}/updates/dkms/{m.name}",
            m.name.split(".")[0],
            m.version or None,
            f"{m.built_for} SMP preempt" if m.built_for else None,
            None,
            None,
        )
        for m in situation.modules
    )
    library = a_host.library("libnvidia-ml.so.1", situation.libraries)
    return replace(
        state,
        kernels=replace(
            state.kernels,
            installed=tuple(replace(one, release=k, bootable=True) for k in situation.kernels),
            next_boot=situation.boots,
        ),
        driver=replace(
            state.driver, modules=modules, libraries=(library,) if situation.libraries else ()
        ),
    )


def on_disk(situation: Situation, root: Path) -> GuardedHost:
    """The situation as a folder that the guard's program runs on."""
    host = GuardedHost(root)
    if situation.libraries:
        host.library(situation.libraries)
    else:
        host.write("bin/ldconfig", "#!/bin/sh\n")
    for kernel in situation.kernels:
        host.kernel(kernel)
    for m in situation.modules:
        path = f"updates/dkms/{m.name}"
        said = f"version: {m.version}\n" if m.version else "name: nvidia\n"
        said += f"vermagic: {m.built_for} SMP preempt\n" if m.built_for else ""
        host.write(f"lib/modules/{m.kernel}/{path}", said)
        host.write(f"lib/modules/{m.kernel}/modules.dep", f"{path}:\n")
    newest_first = situation.kernels[::-1]
    if situation.boots and situation.boots != newest_first[0]:
        chosen = f"gnulinux-advanced-U>gnulinux-{situation.boots}-advanced-U"
        host.grub(*newest_first, default=chosen)
    return host


@EACH
def test_next_boot_is_served_by_a_module_of_its_kernel_and_of_the_libraries(
    situation: Situation, served: bool
) -> None:
    assert driver_state.next_boot(seen(situation)).served is served


@EACH
def test_guard_gives_the_same_answer_in_the_same_words(
    situation: Situation, served: bool, tmp_path: Path
) -> None:
    host = on_disk(situation, tmp_path)
    host.run("now")
    told, decided = host.record, driver_state.next_boot(seen(situation))
    assert (told["kernel"], told["ready"]) == (decided.kernel or "", served)
    # The guard goes on to say what keeps it from building one.
    assert told["why"].split(";")[0] == decided.why


@pytest.mark.parametrize("second", [OTHER, DRIVER])
def test_second_copy_of_another_version_is_no_served_boot(second: str) -> None:
    """Which of the two depmod takes is not told by their files."""
    two = (Module(OLD, DRIVER), Module(OLD, second, name="nvidia-current.ko"))
    answer = driver_state.next_boot(seen(Situation((OLD,), OLD, two)))
    assert answer.served is (second == DRIVER)
