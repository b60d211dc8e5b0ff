"""The steps that bring workspaces to a host, keep them up, and take them away."""

from __future__ import annotations

import shlex
from dataclasses import replace

from pyinfra import logger
from pyinfra.api import FunctionCommand, StringCommand
from pyinfra.api.host import Host

from facts.model.host import HostState
from facts.script import text as shell
from facts.workspace_model import WorkspaceState
from tasks.hostdata.workspace_values import HOME, WorkspaceSettings, container_name, unit_name
from tasks.steps import failing, files, refusal, theirs
from tasks.steps.record import TOOL, PastImage, WorkspaceRecord, now, read, record_script
from tasks.steps.step import Commands, executing, host_state, run, step
from tasks.templates import render
from tasks.workspace import images, placing
from tasks.workspace.container import HELD
from tasks.workspace.look import workspace_state
from tasks.workspace.placing import Place, places
from tasks.workspace.workspace_conflicts import conflicts

Ask = tuple[str, ...]


@step
def preconditions_met(settings: WorkspaceSettings, deferred: bool = False) -> Commands:
    """Look again at what was in the way, where an earlier deploy of this run was to fix it.

    Args:
        settings: The host's workspaces.
        deferred: Whether something was in the way while pyinfra prepared.
    """
    if deferred:
        yield FunctionCommand(_still_met, (settings,), {})


@failing.harmless
def _still_met(state: object, host: Host, settings: WorkspaceSettings) -> bool:
    found = conflicts(host_state(), workspace_state(settings), settings)
    refusal.told(host, found)
    return not found


@step
def removed(settings: WorkspaceSettings) -> Commands:
    """Take away the workspaces that are not to be: container, unit, token, files of ours.

    Homes, code and images stay.

    Args:
        settings: The host's workspaces.
    """
    host, state = host_state(), workspace_state(settings)
    going = [user for user in settings.absent if placing.left_of(host, state, user)]
    if going:
        yield StringCommand(removal(tuple(going)))


def removal(users: tuple[str, ...]) -> str:
    """Shell that takes these users' workspaces away, and what all share after the last one."""
    shared = f"rm -f {placing.PROGRAM} {placing.UNIT}"
    last = f"if rmdir {placing.FILES} 2>/dev/null; then {shared}; fi"
    return "\n".join(["set -eu", *(_removal(user) for user in users), last])


def _removal(user: str) -> str:
    return render(
        "workspace_removal.sh.j2",
        unit=unit_name(user),
        link=placing.link(user),
        container=container_name(user),
        label=f"{placing.LABEL}.workspace",
        user=user,
        described=f"{placing.FILES}/{user}",
        folder=f"{HOME}/{user}",
        held=f"{HELD}/{user}",
    )


@step
def program(settings: WorkspaceSettings) -> Commands:
    """Put the unit and the program that it calls on the host.

    systemd reads its files again only if the unit was there with another text: a reload takes GPUs
    from containers of engines below CDI (C2).

    Args:
        settings: The host's workspaces.
    """
    host = host_state()
    if not settings.workspaces:
        return
    texts = {placing.PROGRAM: (placing.program(), "755"), placing.UNIT: (placing.unit(), "644")}
    differing = [path for path, (text, _) in texts.items() if files.differs(host, path, text)]
    if not differing:
        return
    script = [files.write_script(path, *texts[path]) for path in differing]
    if placing.UNIT in differing and placing.UNIT in host.managed_files:
        script.append("systemctl daemon-reload")
    yield StringCommand(files.joined(script))


@step
def secrets(settings: WorkspaceSettings, ask: Ask) -> Commands:
    """A folder for each workspace with its home, its token and its public keys.

    A token is made on the host, once. Its file belongs to the user and nobody else may read it:
    the container has no root and no privilege, so it could not read root's.

    Args:
        settings: The host's workspaces.
        ask: The plan's words for all GPUs.
    """
    state = workspace_state(settings)
    lacking = [p for p in places(state, settings, ask) if not _has_secrets(state, p)]
    if lacking:
        yield StringCommand(
            "set -eu\n" + files.joined((secrets_script(place) for place in lacking), "\n")
        )
    elif not executing() and len(places(state, settings, ask)) < len(settings.workspaces):
        yield StringCommand(":")  # never sent: it only says that something will be done


def _has_secrets(state: WorkspaceState, place: Place) -> bool:
    there, uid = state.workspaces.get(place.workspace.user), place.person.uid
    if there is None or there.token is None or place.make_code:
        return False
    keys = placing.keys_text(place.workspace)
    return (
        (there.token.owner, there.token.mode) == (uid, "400")
        and there.token.size > 0
        and there.home_owner == uid
        and there.keys == (files.digest(keys) if keys else None)
    )


def secrets_script(place: Place) -> str:
    """Shell that makes a workspace's folders, its token where there is none, and its keys."""
    folder, person = place.workspace.folder, place.person
    keys = placing.keys_text(place.workspace)
    path = f"{folder}/secrets/authorized_keys"
    made = theirs.folder_script(theirs.Owner(person.uid, person.gid), place.code)
    return render(
        "workspace_secrets.sh.j2",
        home=HOME,
        folder=folder,
        owner=f"{person.uid}:{person.gid}",
        uid=person.uid,
        gid=person.gid,
        place=files.place_script(HOME),
        keys=files.write_script(path, keys, "400") if keys else f"rm -f {path}",
        code=f"{shell('theirs')}\n{made}" if place.make_code else "",
    )


@step
def container_defined(settings: WorkspaceSettings, ask: Ask) -> Commands:
    """Write for each workspace what makes its container, and the same as a Compose file.

    Args:
        settings: The host's workspaces.
        ask: The plan's words for all GPUs.
    """
    host, state = host_state(), workspace_state(settings)
    known = places(state, settings, ask)
    script = [
        files.write_script(path, text, mode)
        for place in known
        for path, (text, mode) in placing.container_files(place).items()
        if files.differs(host, path, text)
    ]
    if script:
        yield StringCommand(files.joined(script))
    elif not executing() and len(known) < len(settings.workspaces):
        yield StringCommand(":")


@step
def running(settings: WorkspaceSettings, ask: Ask) -> Commands:
    """Each workspace runs from the values that are described, and starts at boot.

    Args:
        settings: The host's workspaces.
        ask: The plan's words for all GPUs.
    """
    host, state = host_state(), workspace_state(settings)
    known = places(state, settings, ask)
    if not executing() and len(known) < len(settings.workspaces):
        yield StringCommand(":")
        return
    for place in known:
        if not settled(host, state, place):
            yield FunctionCommand(_brought_up, (state, place), {})


def settled(host: HostState, state: WorkspaceState, place: Place) -> bool:
    """Whether a workspace runs as it should, from its unit, and its record says so."""
    there = state.workspaces.get(place.workspace.user)
    seen_one = state.containers.get(place.made.name)
    if (
        there is None
        or seen_one is None
        or placing.link(place.workspace.user) not in (host.managed_files)
    ):
        return False
    right = (seen_one.values, seen_one.status) == (place.made.values, "running")
    record, wanted = read(WorkspaceRecord, there.record), _record(state, place)
    return (
        right
        and there.active == "active"
        and (record.image, record.images) == (wanted.image, wanted.images)
    )


def _brought_up(_: object, host: Host, state: WorkspaceState, place: Place) -> bool:
    """Start the unit, or restart it where the container has other values, and write the record."""
    user = place.workspace.user
    seen_one = state.containers.get(place.made.name)
    right = seen_one is not None and seen_one.status == "running"
    right = right and seen_one is not None and seen_one.values == place.made.values
    verb = "start" if right else "restart"
    unit, link = unit_name(user), placing.link(user)
    # `systemctl enable` would make systemd read its units again, which costs GPUs below CDI (C2).
    script = (
        f"since=$(date +%s) && mkdir -p {placing.WANTS} && "
        f"ln -sfn {placing.UNIT} {shlex.quote(link)} && "
        f"if systemctl {verb} {unit} 2>/dev/null; then exit 0; fi; "
        f"journalctl -q -u {unit} --since @$since --no-pager -o cat | grep -v '^$'; exit 1"
    )
    good, said = run(host, script, timeout=600)
    if not good:
        logger.error(f"{host.print_prefix}the workspace of {user} does not start:")
        for line in said.splitlines()[-12:]:
            logger.error(f"{host.print_prefix}    {line}")
        return False
    path = f"{place.workspace.folder}/record.json"
    good, said = run(host, record_script(path, _record(state, place)))
    if not good:
        logger.error(f"{host.print_prefix}the record of {user} cannot be written: {said}")
    return good


def _record(state: WorkspaceState, place: Place) -> WorkspaceRecord:
    image, there = place.made.image, state.workspaces.get(place.workspace.user)
    past = images.remembered(state, place.workspace, image)
    return replace(
        read(WorkspaceRecord, there.record if there else None),
        tool=TOOL,
        time=now(),
        image=image,
        name=images.name_of(state, place.workspace, image),
        images=tuple(PastImage(id=one, name=name) for one, name in past),
        values=place.made.values,
    )


def announced(host: Host, state: WorkspaceState, known: tuple[Place, ...]) -> None:
    """Say what a run will interrupt, before it does."""
    for place in known:
        if placing.replaced(state, place):
            logger.warning(
                f"{host.print_prefix}the container of {place.workspace.user} will be replaced: "
                "what runs in it ends (files in its home and in the code folder stay)"
            )
