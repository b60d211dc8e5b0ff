"""Images to build on, made from Debian's own packages: no image registry is asked."""

import subprocess

from sandbox.checkout import SandboxError
from sandbox.hosts import SandboxHost
from sandbox.mirror import images
from sandbox.roots import build

SUITES = {"debian-12": "bookworm", "debian-13": "trixie"}


def publish(host: SandboxHost, os_name: str = "debian-12") -> str:
    """Let the mirror have the base image, for a `host` whose Docker asks it; gives its name.

    Raises:
        SandboxError: if there is no such image.

    """
    tag = f"{SUITES[os_name]}-slim"
    images.publish(build.image_root(os_name, host.mirror_url), "debian", tag)
    return f"debian:{tag}"


def load(host: SandboxHost, os_name: str = "debian-12", tag: str = "") -> str:
    """Import a base image into the Docker of `host`; gives its name, ``debian:bookworm-slim``.

    Args:
        host: A host on which Docker runs.
        os_name: ``debian-12`` or ``debian-13``.
        tag: Another name for it.

    Raises:
        SandboxError: if there is no such image, or Docker does not take it.

    """
    root = build.image_root(os_name, host.mirror_url)
    name = tag or f"debian:{SUITES[os_name]}-slim"
    words = f"docker import --change 'CMD [\"bash\"]' - {name}"
    with subprocess.Popen(
        ["tar", "--create", "--numeric-owner", f"--directory={root}", "."], stdout=subprocess.PIPE
    ) as tar:
        done = subprocess.run(
            host.ssh_argv(words), stdin=tar.stdout, capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        raise SandboxError(f"{host.name} does not take {name}: {done.stderr.strip()}")
    return name
