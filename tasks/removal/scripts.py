"""Shell that takes each part away. Pure; every part may be done again where it was cut off."""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath

from tasks.containers import cdi_state
from tasks.driver import nouveau_files
from tasks.guard import kernel_holds, program
from tasks.layout import ASIDE, REPORT_UNIT
from tasks.packages import removal, versionlock
from tasks.pull.files import UNIT as PULL_UNIT
from tasks.pull.onhost import files as onhost
from tasks.removal import package_set
from tasks.removal.removal_plan import RemovalPlan
from tasks.steps.before import BEFORE, BROUGHT, STATE

NOTES = f"{STATE}/removal"
"""Marks of what is under way: they lie beside the notes, and go with them."""
OWN_DATA = onhost.OWN_DATA.parent
DUE = f"{NOTES}/initramfs-due"
LEFT = (
    ("nvidia-container-toolkit-base", "/etc/nvidia-container-runtime", "config.toml"),
    ("docker.io", "/etc/docker", "key.json"),
    ("docker-ce", "/etc/docker", "key.json"),
    ("containerd", "/etc/cni/net.d", ""),
    ("containerd", "/etc/cni", ""),
    ("containerd.io", "/etc/cni/net.d", ""),
    ("containerd.io", "/etc/cni", ""),
)
"""Package, and what its programs make and no purge takes: a folder, and the file in it (seen with
NVIDIA's toolkit 1.17, Docker 20.10, containerd 1.6)."""
UNLOAD = """\
for unit in nvidia-dcgm dcgm-exporter nvidia-dcgm-exporter nvidia-persistenced nvidia-gridd \\
    nvidia-topologyd nvidia-fabricmanager nvlsm; do
    ! systemctl is-active --quiet $unit.service || systemctl stop $unit.service
done
modules=
for module in nvidia_drm nvidia_modeset nvidia_uvm nvidia_peermem nvidia; do
    [ ! -d /sys/module/$module ] || modules="$modules $module"
done
[ -z "$modules" ] || rmmod $modules || echo "the module stays loaded until the host reboots\""""
"""As `tasks.driver.reload` does; what cannot be unloaded goes with the next boot."""


def guard(plan: RemovalPlan) -> str:
    """Stop the guard, give GRUB's choice back, and take its files away."""
    default = any(path.startswith(program.DEFAULT) for path in plan.guard)
    files = [p for p in plan.guard if not p.endswith(".prom") and not p.startswith(program.DEFAULT)]
    metrics = [path for path in plan.guard if path.endswith(".prom")]
    # GRUB reads no file of that ending; until its menu is made again, the file tells of it.
    going = f"{program.DEFAULT}.going"
    grub = (
        f"[ ! -e {program.DEFAULT} ] || mv {program.DEFAULT} {going}",
        "! command -v update-grub >/dev/null || update-grub",
        f"rm -f {going}",
    )
    return "\n".join(
        [
            "systemctl disable --quiet --now gpuwright-guard.path gpuwright-guard.service "
            "2>/dev/null || :",
            f"if [ -x {program.PROGRAM} ] && grep -qs '^POLICY=follow$' {program.SETTINGS}; "
            f"then {program.PROGRAM} release; fi",
            f"rm -f {shlex.join(files)}" if files else ":",
            *(grub if default else ()),
            *(_as_owner_of(path) for path in metrics),
            "systemctl daemon-reload",
        ]
    )


def pull(plan: RemovalPlan) -> str:
    """Stop the unit by which the host provisions itself, and take its files away."""
    files = [path for path in plan.pull if not path.endswith(".prom")]
    return "\n".join(
        [
            f"systemctl disable --quiet --now {PULL_UNIT} 2>/dev/null || :",
            f"rm -f {shlex.join(files)}" if files else ":",
            *(_as_owner_of(path) for path in plan.pull if path.endswith(".prom")),
            "systemctl daemon-reload",
            f"systemctl reset-failed {PULL_UNIT} 2>/dev/null || :",
        ]
    )


def report(plan: RemovalPlan) -> str:
    """Stop the timer that writes the host's facts, and take its units away."""
    return "\n".join(
        [
            f"systemctl disable --quiet --now {REPORT_UNIT}.timer 2>/dev/null || :",
            f"systemctl stop {REPORT_UNIT}.timer {REPORT_UNIT}.service 2>/dev/null || :",
            f"rm -f {shlex.join(plan.report)}",
            "systemctl daemon-reload",
            f"systemctl reset-failed {REPORT_UNIT}.service 2>/dev/null || :",
        ]
    )


def _as_owner_of(path: str, program: str = "rm -f") -> str:
    """Shell that removes a file as the owner of its folder, who could lead root elsewhere."""
    folder = shlex.quote(path.rpartition("/")[0])
    return (
        f"owner=$(stat -L -c '%u %g' {folder}) && setpriv --reuid ${{owner% *}} "
        f"--regid ${{owner#* }} --clear-groups --no-new-privs -- {program} {shlex.quote(path)} || :"
    )


def holds(plan: RemovalPlan) -> str:
    """End our holds, then take the files away by which they are known."""
    lines = [f"apt-mark unhold {shlex.join(plan.unhold)} >/dev/null"] if plan.unhold else []
    lines += [versionlock.released(block) for block in plan.locks]
    if plan.hold_files:
        lines.append(f"rm -f {shlex.join(plan.hold_files)}")
    return " &&\n".join([*lines, f"rm -f {kernel_holds.LIST}"])


def images(names: tuple[str, ...]) -> str:
    """Untag our images; layers that nothing else uses go with them."""
    quoted = [shlex.quote(name) for name in names]
    return " &&\n".join(
        f"{{ ! docker image inspect {name} >/dev/null 2>&1 || docker image rm {name} >/dev/null; }}"
        for name in quoted
    )


def containerd(paths: tuple[str, ...]) -> str:
    """Put its files back as they were, or take those away that were not there."""
    lines = []
    for path in paths:
        name, aside, was = (shlex.quote(p) for p in (path, path + ASIDE, f"{BEFORE}/files{path}"))
        lines.append(
            f"if [ -e {aside} ]; then mv {aside} {name}; "
            f"elif [ -e {was} ]; then cp -p {was} {name}.new && mv {name}.new {name}; "
            f"else rm -f {name}; fi"
        )
    folders = sorted({path.rpartition("/")[0] for path in paths}, reverse=True)
    return " &&\n".join([*lines, *map(_emptied, folders), f"rm -f {BROUGHT}/written"])


def packages(plan: RemovalPlan, manager: str) -> str:
    """Unload the driver, purge what we brought and only that, then marks, users and groups."""
    goes, marks = plan.packages.goes, plan.packages.marked_auto
    lines = [f"umask 077; mkdir -p {NOTES}; umask 022"]
    lines += [UNLOAD] if plan.unloads else []
    # rpm keeps a changed file of settings under another name.
    lines += [_shown_again(path) for path in plan.loader]
    if any(one.plain.startswith("nvidia-container-toolkit") for one in goes):
        lines.append(f"rm -f {cdi_state.SPEC}")
    if goes:
        taken_out = removal.purged if manager == "apt" else removal.erased
        lines += [taken_out(goes, f"{NOTES}/paths"), _KEYS, _FOLDERS]
        gone = {package_set.bare(one) for one in goes}
        lines += [_left(*left) for name, *left in LEFT if name in gone]
    mark = "apt-mark auto" if manager == "apt" else "dnf -q --disablerepo='*' mark remove"
    lines += [f"{mark} {shlex.join(marks)} >/dev/null"] if marks else []
    for user in plan.docker_members:
        lines.append(f"gpasswd -d {shlex.quote(user)} docker >/dev/null 2>&1 || :")
    for user in plan.users:
        name = shlex.quote(user)
        lines.append(f"! getent passwd {name} >/dev/null || userdel {name} || :")
    for group in plan.groups:
        name = shlex.quote(group)
        lines.append(f"! getent group {name} >/dev/null || groupdel {name} || :")
    return "\n".join(lines)


_KEYS = f"""\
if ! command -v dkms >/dev/null && [ -d /var/lib/dkms ] &&
    ! grep -qsx /var/lib/dkms {BEFORE}/folders && [ -e {BEFORE}/since ]
then rm -rf /var/lib/dkms; fi"""
"""The key that dkms made, and what it has left of builds, go with dkms where it came with us."""
_FOLDERS = f"""\
sort -ru {NOTES}/paths | while IFS= read -r folder; do
    [ -d "$folder" ] && [ ! -L "$folder" ] || continue
    ! grep -qsxF -- "$folder" {BEFORE}/folders || continue
    dpkg -S "$folder" >/dev/null 2>&1 || rpm -qf "$folder" >/dev/null 2>&1 ||
        rmdir "$folder" 2>/dev/null || :
done
systemctl daemon-reload
systemctl reset-failed 'nvidia-*' 'docker*' 'containerd*' 2>/dev/null || :"""
"""Empty folders of packages that went, unless they were there before or are another package's."""


def _left(folder: str, file: str) -> str:
    """Shell that removes what a program of a package has made, with its folder, if that is new."""
    new = f"[ -e {BEFORE}/since ] && ! grep -qsxF -- {folder} {BEFORE}/folders"
    inside = f"rm -f {folder}/{file} {folder}/{file}.rpmsave; " if file else ""
    return f"if {new}; then {inside}rmdir {folder} 2>/dev/null || :; fi"


def settings(plan: RemovalPlan, manager: str) -> str:
    """Take our files away, put back what was moved aside, and make a new initramfs if it is due."""
    lines = [f"umask 077; mkdir -p {NOTES}; umask 022"]
    if plan.initramfs:
        lines.append(f": >{DUE}; sync {DUE}")
    lines += [f"rm -f {shlex.quote(path)}" for path in plan.files]
    for path in plan.put_back:
        name = shlex.quote(path.removesuffix(ASIDE))
        lines.append(
            f"if [ -e {name} ]; then echo {shlex.quote(path)} 'stays: its name is taken'; "
            f"else mv {shlex.quote(path)} {name}; fi"
        )
    if plan.loader:
        lines += [*map(_shown_again, plan.loader), "ldconfig"]
    if manager == "dnf":
        lines.append("rm -rf /var/cache/dnf/gpuwright-*")
    if plan.stream:
        lines.append(_STREAM)
    lines += [_as_owner_of(folder, "rmdir") for folder in plan.made]
    lines.append(f"[ ! -d {OWN_DATA} ] || rmdir {OWN_DATA} 2>/dev/null || :")
    paths = map(PurePosixPath, (*plan.files, *plan.guard))
    above = {str(folder) for path in paths for folder in path.parents if len(folder.parts) > 2}
    lines += [_emptied(folder) for folder in sorted(above, reverse=True)]
    lines += ["systemctl daemon-reload", "udevadm control --reload 2>/dev/null || :"]
    if plan.initramfs:
        image, update = nouveau_files.DEBIAN_IMAGE, 'update-initramfs -u -k "$kernel"'
        if manager == "dnf":
            image, update = nouveau_files.DRACUT
        lines += [nouveau_files.images_rebuilt(image, update), f"rm -f {DUE}"]
    return "\n".join(lines)


def _shown_again(path: str) -> str:
    """Shell that gives the loader the lines of a file which we had commented out."""
    return f"sed -i 's/^# kept out by gpuwright: //' {shlex.quote(path)}"


_STREAM = f"""\
stream=/etc/dnf/modules.d/nvidia-driver.module
if [ -e {BEFORE}/files$stream ]; then cp -p {BEFORE}/files$stream $stream; else rm -f $stream; fi"""


def _emptied(folder: str) -> str:
    """Shell that removes a folder which is empty, no package's, and was not there before."""
    name = shlex.quote(folder)
    return (
        f"if [ -d {name} ] && ! grep -qsxF -- {name} {BEFORE}/folders && "
        f"! dpkg -S {name} >/dev/null 2>&1 && ! rpm -qf {name} >/dev/null 2>&1; "
        f"then rmdir {name} 2>/dev/null || :; fi"
    )


def folders(plan: RemovalPlan) -> str:
    """Take our folders away; the notes go last, for a removal that is cut off goes on by them.

    What is mounted below one is somebody's, and would go with it: then nothing does. That in
    ``/run`` goes with the next boot: the code folders of workspaces are mounted there.
    """
    paths = sorted(plan.folders, key=lambda found: found[0] == STATE)
    below = "|".join(f"{path}/" for path, _ in paths)
    mounted = (
        "echo 'the above is mounted below a folder that goes: take it away first (umount)' >&2"
    )
    pattern = shlex.quote(f" ({below})")
    lines = [f"! grep -E {pattern} /proc/self/mounts || {{ {mounted}; exit 1; }}"]
    for path, _ in paths:
        if path == STATE:
            inside = f"find {STATE} -xdev -mindepth 1 -maxdepth 1 ! -name before ! -name brought"
            lines.append(f"{inside} -exec rm -rf --one-file-system {{}} +")
        lines.append(f"rm -rf --one-file-system {shlex.quote(path)}")
        before = shlex.quote(f"{path}.before")
        if path.startswith("/usr/local/cuda-"):
            lines.append(f"{{ [ ! -d {before} ] || mv -T {before} {shlex.quote(path)}; }}")
    return " &&\n".join(lines)
