"""Where a running container keeps its own files, and who it runs as."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

from image.programs.layer import Layer
from image.programs.settings import RefusalError

FOLDER = Path("/tmp/gpuwright")
"""For this container's user only."""
TOKEN = FOLDER / "token"
RUNNING = FOLDER / "services"
"""Address that the services listen on and their names, for the health check."""
ENVIRONMENT = "/opt/gpuwright/current"
SMALL_SHM_MB = 1024


def own_folder() -> Path:
    """`FOLDER`, made if needed.

    Raises:
        RefusalError: It cannot be made, or is somebody else's.
    """
    try:
        FOLDER.mkdir(mode=0o700, exist_ok=True)
        if FOLDER.lstat().st_uid != os.getuid() or FOLDER.is_symlink():
            raise PermissionError(1, "it belongs to another user")
        FOLDER.chmod(0o700)
        write(FOLDER / "writable", "")
    except OSError as error:
        raise RefusalError(
            "IMAGE-READ-ONLY",
            f"{FOLDER} cannot be used: {error.strerror}",
            "docker run --read-only --tmpfs /tmp:exec …",
        ) from None
    return FOLDER


def write(path: Path, text: str) -> None:
    """Write a small file that only its owner may read, whole or not at all."""
    part = path.with_name(path.name + ".new")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600, exist_ok=False)
    part.write_text(text)
    part.replace(path)


def settle(environment: MutableMapping[str, str]) -> None:
    """Give the user a home that can be written and a line in the list of users.

    The list is the one that libnss-extrausers reads: ``/etc/passwd`` may be read-only and need not
    know this uid. It passes over lines with a uid or a gid below 500 (tried with 0.10), so the line
    has another gid then: nothing here sets groups by it.
    """
    home = environment.get("HOME") or "/"
    if not os.access(home, os.W_OK) or home == "/":
        home = "/home/user" if os.access("/home/user", os.W_OK) else "/tmp/home"
        Path(home).mkdir(mode=0o700, exist_ok=True)
    environment["HOME"] = home
    # Last, so that nothing that was added to the layer hides a program of the image's.
    programs = str(Layer(home).python.parent)
    path = environment.get("PATH", os.defpath)
    if programs not in path.split(":"):
        environment["PATH"] = f"{path}:{programs}"
    # A tmpfs of Docker's is noexec unless asked otherwise, and what is compiled must be loaded.
    environment.setdefault("TORCHINDUCTOR_CACHE_DIR", f"{home}/.cache/torchinductor")
    environment.setdefault("TRITON_CACHE_DIR", f"{home}/.cache/triton")
    user = environment.get("SSH_USER") or "user"
    try:
        own_folder()
    except RefusalError:
        return  # A program that needs none of it may still run.
    if os.getuid() >= 500:
        group = os.getgid() if os.getgid() >= 500 else os.getuid()
        write(FOLDER / "passwd", f"{user}:x:{os.getuid()}:{group}::{home}:/bin/bash\n")
        environment.setdefault("USER", user)
        environment.setdefault("LOGNAME", user)


def small_shm(host: bool = False) -> str:
    """A warning where shared memory is too small for DataLoader's workers; else nothing.

    Args:
        host: This is no container.
    """
    try:
        found = os.statvfs("/dev/shm")
    except OSError:
        return ""
    size = found.f_blocks * found.f_frsize // 2**20
    if size >= SMALL_SHM_MB:
        return ""
    do = "mount -o remount,size=50% /dev/shm" if host else "docker run --shm-size 8g …"
    return (
        f"IMAGE-SHM: /dev/shm has {size} MiB; DataLoader's workers may die of «bus error». "
        f"do:  {do}"
    )
