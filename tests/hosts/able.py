"""Whether this machine can have throwaway hosts at all."""

from __future__ import annotations

import pytest

from sandbox.checkout import SandboxError
from sandbox.local import prepare


def needs_hosts() -> pytest.MarkDecorator:
    """Skip a module, with the reason, where there can be no hosts."""
    try:
        prepare.check()
    except SandboxError as error:
        return pytest.mark.skip(reason=str(error))
    return pytest.mark.skipif(False, reason="hosts can be had")
