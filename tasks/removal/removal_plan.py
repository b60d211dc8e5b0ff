"""What goes from a host and what stays, with the reasons. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from facts.removal_model import Traces
from tasks.containers import daemon_json, engine_state
from tasks.containers.daemon_json import DaemonJsonError
from tasks.hostdata.removal import RemovalSettings
from tasks.layout import ASIDE, REPORT_UNIT, ROOT
from tasks.removal import package_set, settings_back
from tasks.removal.package_set import PackageSet
from tasks.steps.before import BEFORE, BROUGHT, STATE

_BACKUPS = (daemon_json.PATH, engine_state.CONFIG)
_GUARD = ("gpuwright-guard.", "/95-gpuwright", "/zz-gpuwright.cfg", "/motd.d/gpuwright")
_PULL = ("/gpuwright-pull.service", "/gpuwright_pull.prom")
_REPORT = f"/{REPORT_UNIT}."
_HOLDS = ("/etc/apt/preferences.d/gpuwright", "/etc/apt/apt.conf.d/5")
_WORKSPACE = "gpuwright-workspace"
_SPACES = f"{STATE}/workspaces"
_OF_WORKSPACES = (f"{ROOT}/lib/workspace", f"{ROOT}/lib/workspaces", _SPACES)
_IMAGE_NOTE = f"{STATE}/image.json"
_OLD_FILES = "gpuwright-old-files"


@dataclass(frozen=True)
class RemovalPlan:
    """The work on one host. Nothing is due where all of it is empty."""

    packages: PackageSet = field(default_factory=PackageSet)
    guard: tuple[str, ...] = ()
    """Files of the kernel guard outside of our folder."""
    made: tuple[str, ...] = ()
    """Folders for node_exporter that we have made and nobody uses."""
    pull: tuple[str, ...] = ()
    """Files of the unit by which a host provisions itself, outside of our folder."""
    report: tuple[str, ...] = ()
    """Units by which the host writes its facts for the fleet's report."""
    unhold: tuple[str, ...] = ()
    hold_files: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    """Our blocks in dnf's list of locks."""
    workspaces: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    docker_keys: tuple[str, ...] = ()
    docker_text: str | None = None
    """Docker's settings as they will be, passwords hidden; empty: the file goes."""
    containerd: tuple[str, ...] = ()
    """Its files that are still as we wrote them."""
    docker_members: tuple[str, ...] = ()
    """Users who leave the group docker."""
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    put_back: tuple[str, ...] = ()
    """Files that were moved aside, as they lie there."""
    loader: tuple[str, ...] = ()
    stream: bool = False
    initramfs: bool = False
    folders: tuple[tuple[str, int], ...] = ()
    """Folders that go, with their MiB."""
    environments: tuple[str, ...] = ()
    unloads: bool = False
    """Whether the driver's module is loaded and its packages go."""
    notes_stay: bool = False
    """Whether the notes stay, for a later removal of what stays now."""
    stays: tuple[str, ...] = ()
    """What stays, one line each."""

    @property
    def account(self) -> bool:
        """Whether packages, their marks, users or groups go."""
        p = self.packages
        return bool(p.goes or p.marked_auto or self.users or self.groups or self.docker_members)

    @property
    def settings(self) -> bool:
        """Whether files of others' folders go or come back."""
        files = self.files or self.made or self.put_back or self.loader
        return bool(files or self.stream or self.initramfs)

    def __bool__(self) -> bool:
        return bool(
            self.account
            or self.settings
            or self.guard
            or self.pull
            or self.report
            or self.unhold
            or self.hold_files
            or self.locks
            or self.workspaces
            or self.images
            or self.docker_text is not None
            or self.containerd
            or self.folders
        )


def chart(traces: Traces, loaded: bool, settings: RemovalSettings) -> RemovalPlan:
    """What is to be done.

    Args:
        traces: What was there, what we brought, what is there.
        loaded: Whether a module of the driver is loaded.
        settings: What else is to go.
    """
    packages = package_set.chosen(traces, settings)
    kept_spaces = () if settings.workspaces else traces.workspaces
    images = [name for name in traces.image_names if name in traces.images]
    kept_images = () if settings.images else tuple(images)
    pull = tuple(p for p in (*traces.files, *traces.textfiles) if p.endswith(_PULL))
    report = tuple(path for path in traces.files if _REPORT in path)
    guard = tuple(path for path in traces.files if any(mark in path for mark in _GUARD))
    guard = (*guard, *(path for path in traces.textfiles if path not in pull))
    holds = tuple(path for path in traces.files if path.startswith(_HOLDS))
    holds = tuple(path for path in holds if _OLD_FILES not in path)
    others = tuple(
        path
        for path in traces.files
        if path not in (*guard, *pull, *report, *holds)
        and not path.endswith(ASIDE)
        and not (kept_spaces and _WORKSPACE in path)
    )
    before = traces.before
    held_before = before.holds if before and before.whole else frozenset()
    docker_text, docker_stays = _docker(traces)
    people = not packages.stays and before is not None
    notes_stay = packages.engine_stays or bool(kept_spaces) or bool(kept_images)
    kept = {BEFORE, BROUGHT} if notes_stay else set()
    kept |= set(_OF_WORKSPACES) if kept_spaces else set()
    kept |= {_IMAGE_NOTE} if kept_images else set()
    kept |= {_SPACES} if traces.homes else set()
    return RemovalPlan(
        packages=packages,
        guard=guard,
        pull=pull,
        report=report,
        made=tuple(sorted(traces.made, reverse=True)),
        unhold=tuple(sorted((traces.holds & traces.pinned) - held_before)),
        hold_files=holds,
        locks=traces.locks,
        workspaces=traces.workspaces if settings.workspaces else (),
        images=tuple(images) if settings.images else (),
        docker_keys=tuple(sorted(traces.brought.docker_keys)),
        docker_text=docker_text,
        containerd=tuple(path for path, ours in traces.written.items() if ours),
        docker_members=()
        if packages.engine_stays
        else tuple(sorted(traces.brought.docker_users & traces.docker_group)),
        users=tuple(sorted(traces.brought.users & traces.users)) if people else (),
        groups=tuple(sorted(traces.brought.groups & traces.groups)) if people else (),
        files=others,
        put_back=tuple(path for path in traces.aside if not path.startswith(_BACKUPS)),
        loader=traces.loader,
        stream=before is not None and traces.stream.strip() != traces.stream_before.strip(),
        initramfs=bool(traces.initramfs)
        or any(path.endswith("gpuwright-nouveau.conf") for path in others),
        folders=_folders(traces, frozenset(kept)),
        environments=traces.environments,
        unloads=loaded and any("nvidia" in one.name for one in packages.goes),
        notes_stay=notes_stay,
        stays=(
            *_stays_of(packages, traces),
            *docker_stays,
            *(
                f"file {path}: it was changed since we wrote it"
                for path, ours in traces.written.items()
                if not ours
            ),
            *(
                f"workspace of {user}, which has no GPU from then on: --data also=workspaces takes "
                "it too"
                for user in kept_spaces
            ),
            *(f"what a person has in {home}" for home in traces.homes),
            *_people(traces, people),
            *(f"image {name}: --data also=images takes it too" for name in kept_images),
        ),
    )


def _people(traces: Traces, goes: bool) -> list[str]:
    """Users and groups of packages that we brought, where some of those stay."""
    users, groups = traces.brought.users & traces.users, traces.brought.groups & traces.groups
    if goes or not (users or groups):
        return []
    return [
        f"system users and groups {', '.join(sorted({*users, *groups}))}: packages that stay may "
        "need them"
    ]


def _folders(traces: Traces, kept: frozenset[str]) -> tuple[tuple[str, int], ...]:
    """Folders that go, with their MiB; of one in which something stays, the rest of it."""
    found = []
    for folder, size in sorted(traces.folders.items()):
        inside = [path for path in traces.entries if path.startswith(f"{folder}/")]
        stays = [path for path in inside if path in kept]
        if not stays:
            found.append((folder, size))
            continue
        above = {path for one in stays for path in inside if f"{one}/".startswith(f"{path}/")}
        goes = [path for path in inside if path not in above]
        found += [(path, 0) for path in goes if path.rpartition("/")[0] not in goes]
    return tuple(found)


def _docker(traces: Traces) -> tuple[str | None, list[str]]:
    """Docker's settings without ours, and what is to be said of them."""
    keys = traces.brought.docker_keys
    try:
        text = settings_back.without_ours(traces.daemon_json, traces.daemon_json_before, keys)
    except DaemonJsonError as error:
        return None, [f"{daemon_json.PATH}: it cannot be read ({error})"]
    if not keys and traces.daemon_json and "nvidia" in traces.daemon_json:
        return None, [f"{daemon_json.PATH}: it names nvidia, and it is not known who wrote that"]
    return text, []


def _stays_of(packages: PackageSet, traces: Traces) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for name, why in packages.stays:
        reasons.setdefault(why, []).append(name.partition(":")[0])
    found = [
        f"package{'s' if names[1:] else ''} {', '.join(names)}: {why}"
        for why, names in reasons.items()
    ]
    found += [f"package {one}: it was there, and stays at this version" for one in packages.moved]
    found += [
        f"package {one}: it was there before and is gone; another has taken its place, "
        "and only its own archive brings it back"
        for one in packages.lost
    ]
    if packages.unknown and (traces.folders or traces.files):
        names = sorted(traces.pinned & {one.plain for one in traces.installed})
        shown = " ".join(names[:12]) + (" …" if len(names) > 12 else "")
        found.append(
            "packages of runs before this was noted: whether they were there before is not known"
            + (f" (held were {shown}); take out yourself what nobody needs" if names else "")
        )
    return found
