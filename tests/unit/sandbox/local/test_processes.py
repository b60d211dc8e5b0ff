"""Processes of the sandbox, told from those that have their ids later."""

import dataclasses
import os

from sandbox.local.processes import Process


def test_process_id_given_to_somebody_else_is_not_ours() -> None:
    ours = Process.of(os.getpid())
    assert ours is not None
    assert ours.alive()
    assert not dataclasses.replace(ours, start=ours.start - 1).alive()


def test_process_of_an_earlier_boot_is_not_ours() -> None:
    ours = Process.of(os.getpid())
    assert ours is not None
    assert not dataclasses.replace(ours, boot="another").alive()
