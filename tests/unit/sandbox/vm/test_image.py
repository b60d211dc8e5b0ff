"""Which distributions boot in a virtual machine."""

import pytest

from sandbox import vm_image
from sandbox.checkout import SandboxError


def test_machine_with_a_stand_in_kernel_is_refused_with_those_that_boot() -> None:
    with pytest.raises(SandboxError, match="debian-12 or debian-13"):
        vm_image.check_system("ubuntu-22.04")
