"""Which distributions boot in a virtual machine."""

import pytest

from sandbox.checkout import SandboxError
from sandbox.vm import image


def test_machine_with_a_stand_in_kernel_is_refused_with_those_that_boot() -> None:
    with pytest.raises(SandboxError, match="debian-12 or debian-13"):
        image.check_system("ubuntu-22.04")
