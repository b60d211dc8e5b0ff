"""Makers' own repositories on the host, trusted by the plan's keys and for the plan's packages."""

from __future__ import annotations

from pyinfra import logger
from pyinfra.api import StringCommand

from stacks.model.plan import Plan
from tasks.layout import ASIDE
from tasks.repositories import files as repository_files
from tasks.repositories import offers
from tasks.steps import refusal
from tasks.steps.files import packed
from tasks.steps.step import Commands, host_state, step, this_host


@step
def added(plan: Plan) -> Commands:
    """Write key, source and pins of each repository of the plan; move other files of it aside."""
    state = host_state()
    for repository in repository_files.due(state, plan):
        keyring = offers.keyring(plan, repository)
        if isinstance(keyring, tuple):
            yield refusal.given_up(keyring)
            return
        files = repository_files.files_for(repository)
        for source in files.others(state, repository):
            logger.info(
                f"{this_host().print_prefix}{source.file} names {repository.address} too: it is "
                f"kept as {source.file}{ASIDE}"
            )
        script = files.script(state, repository, keyring)
        private = files.private(repository, files.key_path(repository, keyring))
        read = packed(private) if private else None
        yield StringCommand(script, _stdin=read) if read else StringCommand(script)
