"""Each module that DKMS builds is compiled once for all container hosts.

A labelled `make` stands before the host's own. It keeps a module by the digest of all that it
follows from, in a folder of this machine that every host sees. On a server each build is real; the
first one here is, too.
"""

from pathlib import Path

from sandbox.checkout import CACHE

_STORE = CACHE / "modules"
_PLACE = "/var/cache/gpuwright-sandbox"
_MAKE = Path(__file__).with_name("make.sh")


def words() -> list[str]:
    """Further arguments of nspawn, for any host."""
    _STORE.mkdir(parents=True, exist_ok=True)
    return [f"--bind={_STORE}:{_PLACE}"]


def write(root: Path) -> None:
    """Put that `make` into a host's file system, where its programs find it first."""
    program = root / "usr/local/sbin/make"
    # What is there may be a link to somewhere on this machine.
    program.unlink(missing_ok=True)
    program.write_text(_MAKE.read_text())
    program.chmod(0o755)
