"""What is mounted on this machine, and folders removed with care for it."""

import shutil
from pathlib import Path

from sandbox.checkout import SandboxError
from sandbox.commands import run, succeeds


def remove(tree: Path) -> None:
    """Remove a folder and all in it, but never what is mounted there."""
    if tree.is_symlink() or tree.is_file():
        tree.unlink()
    elif tree.is_dir():
        assert_unmounted(tree)
        shutil.rmtree(tree)


def assert_unmounted(tree: Path) -> None:
    """Raise `SandboxError` if anything is mounted at or below `tree`."""
    if mounted := [place for place in mounts() if Path(place).is_relative_to(tree.resolve())]:
        raise SandboxError(f"Something is still mounted: {', '.join(mounted)}")


def mounts() -> list[str]:
    """Every mount point that this process sees, innermost last."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line.split()[4].encode().decode("unicode_escape") for line in lines]


def unmount(folder: Path) -> None:
    """Unmount everything below `folder`, innermost first."""
    for place in reversed(mounts()):
        if Path(place).is_relative_to(folder) and not succeeds(["umount", place]):
            # Somebody looks at a file there: the mount goes when they are done.
            run("umount", "--lazy", place)
