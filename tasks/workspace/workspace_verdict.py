"""The end of a run: whether the workspaces answer, only with their tokens, and see their GPUs."""

from __future__ import annotations

from pyinfra import logger
from pyinfra.api.host import Host

from facts.workspace_model import Answer
from tasks.finding import worst
from tasks.hostdata.workspace_values import HOME, WorkspaceSettings
from tasks.steps.ending import critical
from tasks.steps.step import Commands, executing, host_state, step, this_host
from tasks.workspace import entrance, findings, images, placing, report
from tasks.workspace.entrance import SshRoute
from tasks.workspace.look import answers, workspace_state
from tasks.workspace.placing import places


@step
def report_verdict(
    settings: WorkspaceSettings, ask: tuple[str, ...], ssh_route: SshRoute
) -> Commands:
    """Wait until the workspaces answer, judge them, and say how to get in.

    Args:
        settings: The host's workspaces.
        ask: The plan's words for all GPUs.
        ssh_route: How this controller reaches the host.
    """
    if not executing():
        return
    host, state = this_host(), workspace_state(settings)
    known = places(state, settings, ask)
    told = answers(known) if known else {}
    judged = {
        p.workspace.user: findings.findings(state, settings, p, told.get(p.workspace.user))
        for p in known
    }
    level = worst(tuple(f for found in judged.values() for f in found))
    report.judged(host, level)
    for place in known:
        user = place.workspace.user
        answer = told.get(user)
        report.workspace(
            host,
            user,
            images.name_of(state, place.workspace, place.made.image),
            findings.proof(place, answer),
            judged[user],
            entrance.entrance(place, ssh_route),
        )
        _log(host, user, answer)
    for text in (*settings.warnings, *_others(settings)):
        report.note(host, text)
    if level == "CRITICAL":
        codes = [f.code for found in judged.values() for f in found if f.level == level]
        yield critical(", ".join(codes))


def _others(settings: WorkspaceSettings) -> list[str]:
    """Workspaces that are here and were not named, and homes that stay."""
    host, state = host_state(), workspace_state(settings)
    named = {w.user for w in settings.workspaces}
    said = []
    for user in sorted(set(state.workspaces) - named):
        if placing.left_of(host, state, user):
            said.append(f"{user} has a workspace here too, which was left as it is")
        elif user in settings.absent:
            said.append(f"the home of {user} stays in {HOME}/{user}/home; rm -r takes it")
    return said


def _log(host: Host, user: str, answer: Answer | None) -> None:
    if answer is None or not answer.log:
        return
    logger.error(f"{host.print_prefix}the container of {user} says at its end:")
    for line in answer.log:
        logger.error(f"{host.print_prefix}    {line}")
