"""What a run sent to its host, read back out of its commands: files, and scripts of jobs."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from pyinfra.api import StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine

from facts.model.host import HostState
from tasks.steps.files import packed
from tests.unit.tasks.a_run import ARun, Facts

JOB_ENDS_WELL = "state done 0"
"""What a host answers that is asked how a job goes."""
Answers = Mapping[str, tuple[bool, str]]
"""Words of a command to whether it goes well and what it prints."""


def ran(
    operation: Callable[..., Any], state: HostState, more: Facts | None = None, **arguments: Any
) -> ARun:
    """One step of ours, prepared and carried out on this host; every job of it ends well."""
    run = ARun(state, more)
    prepare(run, operation, **arguments)
    return run.executed()


def prepare(run: ARun, operation: Callable[..., Any], **arguments: Any) -> None:
    """A step more for a run; every job of it ends well."""
    run.wire.says = [JOB_ENDS_WELL]
    run.prepared(lambda: operation(name="the step", **arguments))


def answering(run: ARun, answers: Answers) -> list[str]:
    """Let the host answer commands that have these words; gives what it is sent to read."""
    send = run.wire.run_shell_command
    read: list[str] = []

    def reply(command: StringCommand, *args: Any, **kwargs: Any) -> tuple[bool, CommandOutput]:
        if kwargs.get("_stdin"):
            known, _, text = kwargs["_stdin"].partition("\n")
            read.append(text if f"{known}\n{text}" == packed(text) else kwargs["_stdin"])
        told = send(command, *args, **kwargs)
        for words, (good, said) in answers.items():
            if words in command.get_raw_value():
                lines = [OutputLine("stdout", line) for line in said.splitlines()]
                told = good, CommandOutput(lines)
        return told

    run.wire.run_shell_command = reply  # type: ignore[method-assign]
    return read


def files(run: ARun) -> dict[str, str]:
    """Path to text of the files that were written."""
    found = re.findall(r"printf %s (\S+) \| base64 -d >(\S+)\.new ", "\n".join(run.wire.commands))
    return {path: base64.b64decode(packed).decode() for packed, path in found}


def jobs(run: ARun) -> dict[str, str]:
    """Name to script of the jobs that were started, in their order."""
    found: dict[str, str] = {}
    for command, read in zip(run.wire.commands, run.wire.read, strict=True):
        name = re.search(r"--unit=gpuwright-(\S+)\.service", command)
        if name and "systemd-run" in command:
            assert name[1] not in found, f"{name[1]} was started twice"
            found[name[1]] = taken(command, read)["script"]
    return found


def taken(command: str, read: str) -> dict[str, str]:
    """Name to text of the files that the start of a job takes out of what it reads."""
    found, rest = {}, read.encode()
    for size, name in re.findall(r"^head -c (\d+) >(\S+) ", command, re.MULTILINE):
        found[name], rest = rest[: int(size)].decode(), rest[int(size) :]
    return found
