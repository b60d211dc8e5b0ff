"""How a fault is fixed: the shell of each way, as a job of the host runs it. Pure."""

from __future__ import annotations

from tasks.driver import nouveau_files
from tasks.faults.catalog import Method, faults
from tasks.health.case import Case
from tasks.health.naming import Named, filled
from tasks.packages import apt, dnf
from tasks.packages import manager as packages
from tasks.repair import versions
from tasks.steps import before
from tasks.templates import render

REBOOT = " && reboot"
"""What the repair does itself, as host data allow it, at the end of a command for people."""

_STAND_IN = """\
stand_in() {
    real=$(command -v "$1") || return 0
    printf '#!/bin/sh\\nexec %s %s "$@"\\n' "$real" "$2" >bin/$1
    chmod 755 bin/$1
}
mkdir -p bin
PATH=$PATH:/sbin:/bin"""
"""A person is asked; a job is not. So that the doctor's commands run here as they stand, those that
would ask are called through these, with our options."""

_GONE = r"Unable to locate package\|404  Not Found\|was not found\|No match for argument"

_CONTAINERS_RUN = """\
if command -v docker >/dev/null && [ -n "$(docker ps -q 2>/dev/null)" ] &&
    ! grep -qs '"live-restore": *true' /etc/docker/daemon.json
then
    echo "containers run, and Docker's restart would stop them: $(docker ps --format '{{.Names}}' |
        tr '\\n' ' ')"
    exit 1
fi"""


def title(method: Method, finding: Named) -> str:
    """One line of what is done."""
    row = faults().get(finding.code)
    return {
        "wait": "wait for the package manager",
        "command": finding.remedy,
        "build": f"rebuild the module for {', '.join(finding.kernels)}",
        "converge": "bring the driver's packages to one version",
        "plan": "bring the driver to the plan, for every kernel that can boot",
        "clean": "empty the package manager's cache",
        "nouveau": "blacklist nouveau, also in the initramfs",
        "release": "unload nouveau, if nothing uses it",
        "reload": "reload the module, if nothing uses the GPU",
        "reboot": "reboot, and go on",
        "hold": "hold and pin the set",
    }.get(method) or (row.remedy if row else finding.remedy)


def scripts(method: Method, case: Case, finding: Named) -> list[tuple[str, str]]:
    """Each act of this way: its command as the doctor gives it, if it is one, and its shell."""
    if method == "command":
        return _commands(case, finding)
    if method == "build":
        version = finding.values.get("version") or case.dkms["version"]
        return [("", render("dkms.sh.j2", version=version, kernels=list(finding.kernels)))]
    if method == "converge":
        return [("", versions.script(case))]
    if method == "clean":
        kind = case.state.package_manager.kind
        clean = "dnf clean packages" if kind == "dnf" else "apt-get clean"
        return [(clean, clean)]
    if method == "nouveau":
        return [("", nouveau_files.kept_off(case.state))]
    if method == "release":
        # modprobe wants the module's file, which may have gone with its kernel's package.
        return [("rmmod nouveau", "rmmod nouveau")]
    if method == "plan" and case.plan and (planned := case.plan.driver):
        return [(f"driver {planned.version} ({planned.flavour}, from {planned.origin})", "")]
    return [("", "")]


def _commands(case: Case, finding: Named) -> list[tuple[str, str]]:
    """The row's own command, for each kernel that the finding names."""
    row = faults()[finding.code]
    text = row.commands.get(finding.key, "").removesuffix(REBOOT)
    if not text or text == REBOOT.split()[-1]:
        return []
    per_kernel = [{**finding.values, "kernel": kernel} for kernel in finding.kernels]
    if "{kernel}" not in text or "kernel" not in finding.values:
        per_kernel = [dict(finding.values)]
    stops = row.interrupts.startswith("containers")
    shown = [filled(text, values) for values in per_kernel]
    return [(command, _unattended(case, command, stops)) for command in shown]


def _unattended(case: Case, command: str, stops_containers: bool) -> str:
    """A command for people as a job that nobody answers; its exit status is the command's."""
    lines = [_CONTAINERS_RUN] if stops_containers else []
    installs = "apt-get install" in command or "dnf install" in command
    refresh = packages.manager_for(case.state).refresh_if_stale()
    if installs:
        lines.append(f"( {refresh}\n) || echo 'going on with the package lists that are here'")
    lines += [
        _STAND_IN,
        f"stand_in apt-get '{apt.options()} -o APT::Get::Remove=false "
        "-o APT::Install-Recommends=false'",
        "stand_in dpkg '--force-confdef --force-confold'",
        f"stand_in dnf '{dnf.options()}'",
        "PATH=$PWD/bin:$PATH",
        # As in every build of ours: dkms strips debug information, and BTF is made out of it.
        "export KCFLAGS=-g0 MAKEFLAGS=CONFIG_DEBUG_INFO_BTF_MODULES=",
        f"attempt() {{\n{command}\n}}",
        before.began() if installs else ":",
        "set +e",
        "attempt; code=$?",
    ]
    if installs:
        # The lists may be half a day old and tell of packages that are gone.
        lines += [
            f"if [ $code -ne 0 ] && grep -q '{_GONE}' log; then",
            f"( {packages.manager_for(case.state).refresh()}\n) && attempt; code=$?",
            "fi",
        ]
    return "\n".join([*lines, before.ENDED if installs else ":", "exit $code"])
