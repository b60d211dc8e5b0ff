"""What is written on hosts, said of them and found on them, host by host."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.containers import findings as engines
from tasks.cuda import environment_file
from tasks.deploy import GPU_HOST
from tasks.driver import nouveau_files, package_set
from tasks.guard import kernel_guard, policy, program
from tasks.holds import sets
from tasks.host import forecast, needs, preflight
from tasks.packages import manager as packages
from tasks.packages import versionlock
from tasks.packages.transaction import Installation
from tasks.repositories import archives
from tasks.repositories import files as repository_files
from tasks.steps.files import FUNCTIONS
from tasks.verify import comparison, report
from tests.unit.golden.plan_lines import plain, sha256
from tests.unit.golden.situations import SITUATIONS, Situation, installed

KEYRING = b"checked keys"
SMALL = 2000
Section = tuple[str, str]


def texts() -> dict[str, str]:
    """File name to text."""
    return {f"hosts/{name}.txt": joined(_host(one)) for name, one in SITUATIONS.items()}


def joined(sections: Iterator[Section]) -> str:
    """Sections as one text, without those that say nothing."""
    return "".join(f"===== {title}\n{body}\n" for title, body in sections if body)


def legible(script: str) -> str:
    """A script with the texts that it writes: small ones in words, others by their digest."""

    def decoded(found: re.Match[str]) -> str:
        content = base64.b64decode(found[1])
        small = len(content) < SMALL and content.isascii()
        return f"<<<{content.decode() if small else hashlib.sha256(content).hexdigest()}>>>"

    shared = script.replace(FUNCTIONS, "")
    return re.sub(r"printf %s (\S*) \| base64 -d", decoded, shared)


def rows(values: object) -> str:
    """A line of JSON for each value."""
    assert isinstance(values, list | tuple)
    return "".join(f"{plain(value)}\n" for value in values)


def _host(one: Situation) -> Iterator[Section]:
    resolution = one.resolution
    yield "conflicts", rows(resolution.conflicts)
    plan = resolution.plan
    if plan is None:
        return
    yield "plan", f"{plan.digest}\nwith reasons and repositories {sha256(plain(plan))}"
    yield "notices", rows(plan.notices)
    for state, when in ((one.state, "as it is"), (installed(one.state, plan), "with packages")):
        yield f"preflight, {when}", rows(preflight.conflicts(state, plan))
        yield f"disk, {when}", rows(preflight.disk_needs(state, plan))
        yield f"forecast, {when}", "\n".join(forecast.lines(state, plan))
        yield (
            f"findings, {when}",
            rows((*comparison.compare(state, plan), *engines.of_packages(state, plan))),
        )
        yield f"report, {when}", plain(report.versions(state, plan))
        yield from _holds(state, plan, when)
    yield "environment", environment_file.text(plan) if plan.cuda or plan.cudnn else ""
    yield from _repositories(one.state, plan)
    yield from _driver(one, plan)
    yield from _guard(one.state)


def _holds(state: HostState, plan: Plan, when: str) -> Iterator[Section]:
    for group in sets.GROUPS:
        names = sets.patterns(plan, group)
        if not names:
            continue
        there = sets.held_set(state, plan, group)
        if state.package_manager.kind == "dnf":
            yield (
                f"versionlock {group.block}, {when}",
                versionlock.script(state, there, group.block),
            )
            continue
        yield f"{group.pins}, {when}", sets.pins_text(there, package_set.plan_pins(plan))
        if state.package_manager.kind == "apt" and when == "as it is":
            yield group.unattended, sets.unattended_text(plan, group)


def _repositories(state: HostState, plan: Plan) -> Iterator[Section]:
    yield "components", "\n".join(archives.wanted(plan))
    yield "sources", archives.sources_text(state, archives.wanted(plan)) or ""
    yield "offers needed", str(needs.needed(state, plan))
    for repository in plan.repositories:
        files = repository_files.files_for(repository)
        yield f"repository {repository.name}", legible(files.script(state, repository, KEYRING))
        yield "shared", rows(files.shared(state, repository))


def _driver(one: Situation, plan: Plan) -> Iterator[Section]:
    if plan.driver is None:
        return
    state, transaction = one.state, package_set.transaction(one.state, plan.driver)
    manager = packages.manager_for(state)
    script = manager.install(Installation(list(plan.driver.packages), transaction=transaction))
    yield "driver's installation", sha256(script) if one.data or one.containers else script
    yield "nouveau", legible(nouveau_files.kept_off(state))


def _guard(state: HostState) -> Iterator[Section]:
    for setting in (None, "follow", "hold"):
        decided = policy.decided(state, setting)
        script = legible(kernel_guard.script(state, decided, ""))
        yield f"policy {setting}", script if setting == "hold" else sha256(script)
        yield (
            f"findings of policy {setting}",
            rows(policy.findings(decided, ["linux-image-amd64"], GPU_HOST)),
        )
        yield f"guard forecast {setting}", "\n".join(kernel_guard.forecast(state, setting, ""))


def guard() -> dict[str, str]:
    """The guard's files under each policy and package manager; its two programs once."""
    found = {"guard/program.sh": program.program(), "guard/menu.awk": program.menu()}
    for name, manager in (("hold", "apt"), ("follow", "apt"), ("hold", "dnf"), ("follow", "dnf")):
        files = program.written(name, manager, "/var/lib/node", "/boot/grub")
        found[f"guard/{manager}-{name}.txt"] = joined(
            (f"{file.path} {file.mode}", file.text)
            for file in files
            if file.path not in (program.PROGRAM, program.MENU)
        )
    return found
