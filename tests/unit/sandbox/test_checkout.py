"""Names that hosts may have."""

import pytest

from sandbox.checkout import SandboxError, check_name


@pytest.mark.parametrize("name", ["", "A", "1a", "-a", "a.b", "a/b", "a b", "a" * 32, "../a"])
def test_name_that_could_lead_astray_is_refused(name: str) -> None:
    with pytest.raises(SandboxError, match="cannot be a sandbox host's name"):
        check_name(name)
